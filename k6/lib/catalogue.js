// Many different lists (filter, order, page), drawn from the data: the same ones for the same seed. The first
// is the one that is read most when lists are chosen by zipf.

import { passing } from './filter.js';
import { comparer, orderBy } from './oracle.js';
import { below, byShare, pick, seed } from './random.js';
import { settings } from './settings.js';
import { roots } from './types.js';

const by = (...fields) => {
  const [field, ...rest] = fields;
  const first = { field, direction: pick(['ASC', 'DESC']) };
  return [first, ...rest.map((name) => ({ field: name, direction: 'ASC' }))];
};

// A range of a field that goes from one row's value to another's, `width` rows further up.
function range(rows, field, width, text = (value) => value) {
  const values = rows.map((row) => row[field]).filter((value) => value !== null);
  values.sort((a, b) => Number(a) - Number(b));
  const from = below(Math.max(1, values.length - width));
  return { gte: text(values[from]), lt: text(values[Math.min(values.length - 1, from + width)]) };
}

// Kinds of lists and how many of a hundred each has. Authors, stores and years are many; what bookstores and
// fruits can be asked for is little, so they run out first.
const kinds = [
  {
    share: 34,
    draw: ({ books }) => ({
      root: 'books',
      where: { author: { eq: pick(books).author } },
      order: by(pick(['title', 'price', 'year'])),
    }),
  },
  {
    share: 16,
    draw: ({ books }) => ({
      root: 'books',
      where: { storeId: { eq: pick(books).storeId } },
      order: by(pick(['price', 'title', 'year', 'author'])),
    }),
  },
  {
    share: 10,
    draw: ({ books }) => ({
      root: 'books',
      where: { price: range(books, 'price', pick([15, 60, 200])) },
      order: by('price', 'title'),
    }),
  },
  {
    share: 10,
    draw: ({ books }) => ({
      root: 'books',
      where: { year: range(books, 'year', pick([20, 100])) },
      order: by(pick(['year', 'title', 'price']), 'author'),
    }),
  },
  {
    share: 10,
    draw: ({ books }) => ({
      root: 'books',
      where: { storeId: { eq: pick(books).storeId }, price: { lt: pick(books).price } },
      order: by('price', 'title'),
    }),
  },
  {
    share: 5,
    draw: ({ books }) => ({
      root: 'books',
      where: { author: { in: [pick(books).author, pick(books).author, pick(books).author] } },
      order: by('author', 'title'),
    }),
  },
  {
    share: 5,
    draw: ({ books }) => ({
      root: 'books',
      where: {
        title: {
          startsWith: Array.from(pick(books).title)
            .slice(0, pick([1, 5]))
            .join(''),
        },
      },
      order: by('title'),
    }),
  },
  {
    share: 4,
    draw: ({ bookstores }) => ({
      root: 'bookstores',
      where: pick([
        { country: { eq: pick(bookstores).country } },
        { city: { in: [pick(bookstores).city, pick(bookstores).city] } },
        { founded: range(bookstores, 'founded', 10) },
      ]),
      order: by(pick(['name', 'founded'])),
    }),
  },
  {
    share: 6,
    draw: ({ fruits }) => ({
      root: 'fruits',
      where: pick([
        { size: { eq: pick(fruits).size } },
        { colour: { eq: pick(fruits).colour }, size: { eq: pick(fruits).size } },
        { breed: { eq: pick(fruits).breed } },
        { acidity: range(fruits, 'acidity', 40) },
      ]),
      order: by(pick(['acidity', 'breed']), 'colour'),
    }),
  },
];

// Null in a filter would mean something else than equality with a value.
const hasNull = (where) => JSON.stringify(where).includes('null');

// At most `count` lists, as plain data: `rows` are the places of the first rows in the snapshot.
export function drawCatalogue(snapshot, count) {
  seed(settings.seed, 0x11575);
  const lists = [];
  const seen = new Set();
  for (let tries = 0; lists.length < count && tries < count * 20; tries++) {
    const { root, where, order } = byShare(kinds).draw(snapshot);
    const name = JSON.stringify([root, where, order]);
    if (seen.has(name) || hasNull(where)) continue;
    seen.add(name);
    const all = snapshot[root];
    const passes = passing(where);
    const compare = comparer(order);
    const places = [];
    for (let place = 0; place < all.length; place++) if (passes(all[place])) places.push(place);
    if (places.length === 0) continue;
    places.sort((a, b) => compare(all[a], all[b]));
    const first = pick([5, 10, 20]);
    // One more than the page: what follows when a row is missing.
    lists.push({ root, where, order, first, total: places.length, rows: places.slice(0, first + 1) });
  }
  return lists;
}

// A list of the catalogue with what a client needs for reading and judging it.
export function openList({ root, where, order, first, total, rows }, snapshot) {
  return {
    root,
    where,
    order,
    first,
    total,
    passes: passing(where),
    compare: comparer(order),
    sample: rows.map((place) => snapshot[root][place]),
  };
}

const queries = {};
for (const root of Object.keys(roots)) {
  const { type, selection } = roots[root];
  queries[root] = `query ${root}($where: ${type}Where, $orderBy: [${type}Order!], $first: Int) {
    ${root}(where: $where, orderBy: $orderBy, first: $first) {
      totalCount pageInfo { hasNextPage } nodes { ${selection} }
    }
  }`;
}

// What to send for a page of a list: the name of the operation, its text, its variables.
export const reading = ({ root, where, order, first }) => [
  root,
  queries[root],
  { where, orderBy: orderBy(order), first },
];

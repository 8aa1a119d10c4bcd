// The documents of tests/judge/schemas/library.graphql, and lists of them from memory: what oponn's filters, orders and
// windows mean, written down a second time, and simply.

import { GraphQLError } from 'graphql';

export const LISTS = { Shop: 'shops', Book: 'books', Apple: 'apples', Orange: 'oranges', Fruit: 'fruits' };
const MEMBERS = { Fruit: ['Apple', 'Orange'] };
const PAGE = 20;
const PAGE_MAX = 1000;

const WORDS = ['Ada', 'ada', 'Ångström', 'a', 'b', 'Zoë', 'Éire', '紙', '😀', '\ufffd', 'ab', 'B', '10', '9', '', ' x'];
const NUMBERS = [-3, 0, 1, 2, 9, 10, 1999, 2024];
const DECIMALS = ['-1.5', '0', '9.99', '10', '12.50', '100.00'];
const FLOATS = [-0.5, 0, 0.25, 1, 3.5, 7, 12.125];
const LONGS = [-7, 0, 5, 4294967296, 9007199254740991];
const DAYS = ['1969-12-31', '2000-02-29', '2024-05-01', '2024-05-02'];
const MOMENTS = ['1969-12-31T23:59:59.999Z', '2024-05-01T12:30:00.000Z', '2024-05-01T12:30:00.250Z'];
const SIZES = ['SMALL', 'MEDIUM', 'LARGE'];

// The documents of each type. What a document does not have is not there.
export function documents(random) {
  const maybe = (made) => (random.chance(0.75) ? made() : undefined);
  const from = (list) => () => random.pick(list);
  const some = (count, make) => Array.from({ length: count }, (_, place) => make(place));
  const shop = () => `s${random.below(6)}`;
  const all = {
    Shop: some(6, (place) => ({
      id: `s${place}`,
      name: `${random.pick(WORDS)}${place}`,
      address: maybe(() => ({
        street: maybe(from(WORDS)), city: random.pick(WORDS), zip: maybe(from(NUMBERS)), geo: maybe(() => ({ lat: maybe(from(FLOATS)), lon: random.pick(FLOATS) })),
      })),
      open: maybe(() => random.chance(0.5)),
    })),
    Book: some(45, (place) => ({
      id: `b${place}`, isbn: maybe(() => `i${place}`), series: maybe(() => random.pick(['A', 'B'])), number: place, title: random.pick(WORDS), year: maybe(from(NUMBERS)),
      price: maybe(from(DECIMALS)), weight: maybe(from(FLOATS)), copies: maybe(from(LONGS)), printed: maybe(from(DAYS)), sold: maybe(from(MOMENTS)),
      size: maybe(from(SIZES)), tags: maybe(() => random.some(WORDS, random.below(4))), shopId: maybe(shop),
      otherId: place > 0 ? maybe(() => `b${random.below(place)}`) : undefined,
    })),
    Apple: some(15, (place) => ({
      id: `a${place}`, breed: random.pick(WORDS), size: random.pick(SIZES), acidity: maybe(from(FLOATS)), red: maybe(() => random.chance(0.5)), shopId: maybe(shop),
    })),
    Orange: some(15, (place) => ({
      id: `o${place}`, breed: random.pick(WORDS), size: maybe(from(SIZES)), acidity: maybe(from(FLOATS)), seeds: maybe(from(NUMBERS)), shopId: shop(),
    })),
  };
  for (const [type, list] of Object.entries(all)) list.forEach((document) => Object.defineProperty(document, '__typename', { value: type }));
  return all;
}

export const at = (document, path) => path.reduce((value, key) => value?.[key], document);

// How two values that are not null compare; decimals are texts that stand for numbers.
function order(one, other, decimal) {
  if (typeof one === 'string' && !decimal) return Buffer.compare(Buffer.from(one), Buffer.from(other));
  return Number(one) - Number(other);
}

function equals(one, other, decimal) {
  if (one == null || other == null) return one == null && other == null;
  return order(one, other, decimal) === 0;
}

const DECIMAL = new Set(['price']);

// Whether a document is what a filter wants.
export function matches(document, where, path = []) {
  return Object.entries(where ?? {}).every(([key, wanted]) => {
    if (key === 'and') return wanted.every((part) => matches(document, part, path));
    if (key === 'or') return wanted.some((part) => matches(document, part, path));
    if (key === 'not') return !matches(document, wanted, path);
    const below = [...path, key];
    if (['address', 'geo'].includes(key)) return matches(document, wanted, below);
    const value = at(document, below);
    return Object.entries(wanted).every(([operator, operand]) => holds(operator, value, operand, DECIMAL.has(key)));
  });
}

function holds(operator, value, operand, decimal) {
  const same = (other) => equals(value, other, decimal);
  const compared = () => order(value, operand, decimal);
  switch (operator) {
    case 'eq': return same(operand);
    case 'ne': return !same(operand);
    case 'in': return operand.some(same);
    case 'nin': return !operand.some(same);
    case 'lt': return value != null && compared() < 0;
    case 'lte': return value != null && compared() <= 0;
    case 'gt': return value != null && compared() > 0;
    case 'gte': return value != null && compared() >= 0;
    case 'exists': return (value !== undefined) === operand;
    case 'startsWith': return value != null && value.startsWith(operand);
    case 'endsWith': return value != null && value.endsWith(operand);
    case 'contains': return value != null && value.includes(operand);
    case 'has': return (value ?? []).includes(operand);
    case 'hasAny': return operand.some((item) => (value ?? []).includes(item));
    case 'hasAll': return operand.every((item) => (value ?? []).includes(item));
    case 'isEmpty': return ((value ?? []).length === 0) === operand;
    default: throw new Error(`the library knows no ${operator}`);
  }
}

// The path that an order's field stands for.
function pathOf(field) {
  const words = { SHOP_ID: ['shopId'], OTHER_ID: ['otherId'], ADDRESS_GEO_LAT: ['address', 'geo', 'lat'], ADDRESS_GEO_LON: ['address', 'geo', 'lon'] };
  return words[field] ?? field.split('_').map((word) => word.toLowerCase());
}

function byOrder(orderBy) {
  const parts = [...(orderBy ?? []), { field: 'ID', direction: 'ASC' }].map(({ field, direction }) => ({ path: pathOf(field), sign: direction === 'DESC' ? -1 : 1 }));
  return (one, other) => {
    for (const { path, sign } of parts) {
      const [a, b] = [at(one, path), at(other, path)];
      const compared = a == null || b == null ? Number(a != null) - Number(b != null) : order(a, b, DECIMAL.has(path[0]));
      if (compared !== 0) return sign * compared;
    }
    return 0;
  };
}

export const orderKey = (orderBy) => JSON.stringify((orderBy ?? []).map(({ field, direction }) => [field, direction]));

// Everything that can be read, as resolvers want it.
export class Library {
  constructor(all) {
    this.all = all;
    // Per type and order: which document each cursor stands for, and the reverse.
    this.cursors = {};
  }

  of(type) {
    return (MEMBERS[type] ?? [type]).flatMap((member) => this.all[member]);
  }

  find(type, wanted) {
    return this.of(type).find((document) => Object.entries(wanted).every(([key, value]) => value != null && document[key] === value)) ?? null;
  }

  // Notes what cursors the documents of a type have in an order.
  learn(type, orderBy, edges) {
    const document = new Map(edges.map(({ cursor, node }) => [cursor, this.find(type, { id: node.id })]));
    const cursor = new Map([...document].map(([text, found]) => [found, text]));
    this.cursors[`${type}${orderKey(orderBy)}`] = { document, cursor };
  }

  // A page of a list, `only` of those documents.
  page(type, { where, orderBy, first, last, after, before, offset }, only = () => true) {
    const known = this.cursors[`${type}${orderKey(orderBy)}`];
    const wrong = (what) => new GraphQLError(what);
    for (const [name, number] of Object.entries({ first, last, offset })) {
      if (number != null && (number < 0 || (name !== 'offset' && number > PAGE_MAX))) throw wrong(`${name} is ${number}`);
    }
    if (first != null && last != null) throw wrong('first and last');
    if (last != null && offset != null) throw wrong('last and offset');
    const compare = byOrder(orderBy);
    const rows = this.of(type).filter((document) => only(document) && matches(document, where)).sort(compare);
    // How many rows stand before the one of a cursor; or with it, if it is a row.
    const place = (cursor, itself) => {
      const document = known?.document.get(cursor);
      if (!document) throw wrong('no such cursor');
      return rows.filter((row) => compare(row, document) < 0 || (itself && row === document)).length;
    };
    const start = after == null ? 0 : place(after, true);
    const end = Math.max(start, before == null ? rows.length : place(before, false));
    let [from, to] = [0, 0];
    if (last != null) [from, to] = [Math.max(start, end - last), end];
    else from = Math.min(start + (offset ?? 0), end);
    if (last == null) to = Math.min(from + (first ?? PAGE), end);
    const nodes = rows.slice(from, to);
    const cursor = (node) => known?.cursor.get(node);
    return {
      nodes,
      edges: nodes.map((node) => ({ node, cursor: () => cursor(node) })),
      pageInfo: { hasNextPage: to < rows.length, hasPreviousPage: from > 0, startCursor: () => cursor(nodes[0]), endCursor: () => cursor(nodes[nodes.length - 1]) },
      totalCount: rows.length,
    };
  }
}

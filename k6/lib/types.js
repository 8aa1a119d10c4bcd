// The types of the default application as these scripts use them: what is read of each, what can be written,
// and how a document that a run has made is told from the sample's.
//
// A run writes only documents of its own. They carry a mark in their unique field, with the number of the
// client that made them, and nobody else changes them. The sample stays as it is, so that every row of every
// list is known: the sample's to all, and its own to each client.

const capital = (name) => name[0].toUpperCase() + name.slice(1);
const digits = (n, width) => String(n).padStart(width, '0');

function type(name, { unique, inputs, selection, mark, marked, where }) {
  const field = name[0].toLowerCase() + name.slice(1);
  return {
    name,
    field,
    list: `${field}s`,
    unique,
    // The name of the unique key as `upsert` takes it.
    on: unique.toUpperCase(),
    byUnique: `${field}By${capital(unique)}`,
    // The fields that a client may set, without the unique one.
    inputs,
    selection,
    // The unique field of the n-th document of a client.
    mark,
    // The number of the client whose document a row is, or null for the sample's.
    owner: (row) => {
      const found = String(row[unique]).match(marked);
      return found ? Number(found[1]) : null;
    },
    // The filter that all marked documents pass, and no other.
    where,
  };
}

function fruit(name, letter) {
  return type(name, {
    unique: 'tag',
    inputs: ['breed', 'size', 'colour', 'acidity'],
    selection: '__typename id tag breed size colour acidity',
    mark: (client, n) => `${letter}-99${digits(client, 5)}${digits(n, 7)}`,
    marked: /^[AO]-99(\d{5})\d{7}$/,
    where: { tag: { matches: `^${letter}-99[0-9]{12}$` } },
  });
}

export const types = {
  Book: type('Book', {
    unique: 'isbn',
    inputs: ['title', 'author', 'year', 'price', 'storeId'],
    selection: 'id isbn title author year price storeId version',
    mark: (client, n) => `k6-${client}-${digits(n, 7)}`,
    marked: /^k6-(\d+)-\d+$/,
    where: { isbn: { startsWith: 'k6-' } },
  }),
  Bookstore: type('Bookstore', {
    unique: 'name',
    inputs: ['city', 'country', 'founded'],
    selection: 'id name city country founded',
    mark: (client, n) => `k6 ${client} ${n}`,
    marked: /^k6 (\d+) \d+$/,
    where: { name: { startsWith: 'k6 ' } },
  }),
  Apple: fruit('Apple', 'A'),
  Orange: fruit('Orange', 'O'),
};

// The lists at the root of the API: the name of their type in inputs, their rows' fields and their types.
export const roots = {
  books: { type: 'Book', selection: types.Book.selection, members: ['Book'] },
  bookstores: { type: 'Bookstore', selection: types.Bookstore.selection, members: ['Bookstore'] },
  fruits: { type: 'Fruit', selection: types.Apple.selection, members: ['Apple', 'Orange'] },
};

export const typeOf = (root, row) => types[root === 'fruits' ? row.__typename : roots[root].type];

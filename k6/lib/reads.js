// What a mixed load reads beside the lists of the catalogue: books by their unique key, and stores with the first
// books of each.

import { comparer, orderBy } from './oracle.js';
import { types } from './types.js';

export const LOOK_UP = `query byUnique($key: String!) { found: bookByIsbn(isbn: $key) { ${types.Book.selection} } }`;
// So few that their look-ups are cached like the lists.
export const lookedUp = ({ books }) => books.slice(0, 50);

const by = (field) => [{ field, direction: 'ASC' }];
const ordered = (order) => ({ order, compare: comparer(order) });
export const NESTED = {
  outer: { root: 'bookstores', where: {}, passes: () => true, ...ordered(by('name')) },
  inner: { root: 'books', first: 5, ...ordered(by('price')) },
  query: `query storesWithBooks($stores: [BookstoreOrder!], $first: Int, $order: [BookOrder!], $books: Int) {
    bookstores(orderBy: $stores, first: $first) {
      totalCount pageInfo { hasNextPage } nodes {
        ${types.Bookstore.selection}
        books(orderBy: $order, first: $books) {
          totalCount pageInfo { hasNextPage } nodes { ${types.Book.selection} }
        }
      }
    }
  }`,
  variables: (first) => ({
    stores: orderBy(NESTED.outer.order),
    first,
    order: orderBy(NESTED.inner.order),
    books: NESTED.inner.first,
  }),
};

// What is asked: operations, their variables, and how many different requests there are of each.

import { authorName, authors, cities, cityName } from './data.js';
import { settings } from './settings.js';

/** Different requests at the most. */
const MANY = 500;

const LIST = `query List($store: ID!) {
  books(where: { storeId: { eq: $store } }, orderBy: [{ field: PRICE, direction: ASC }], first: 20) {
    nodes { id title author year price }
  }
}`;
const BOOKS_WITH_STORES = `query BooksWithStores($author: String!) {
  books(where: { author: { eq: $author } }, orderBy: [{ field: TITLE, direction: ASC }], first: 20) {
    nodes { id title price store { id name city } }
  }
}`;
const STORES_WITH_BOOKS = `query StoresWithBooks($city: String!) {
  bookstores(where: { city: { eq: $city } }, orderBy: [{ field: NAME, direction: ASC }], first: 5) {
    nodes { id name books(orderBy: [{ field: PRICE, direction: ASC }], first: 10) { nodes { id title price } } }
  }
}`;
const ENTITY = `query Entity($id: ID!) { book(id: $id) { id title author year price } }`;

const numbers = (count) => Array.from({ length: Math.min(MANY, count) }, (_, n) => n);
const body = (query, variables) => JSON.stringify({ query: query.replace(/\s+/g, ' '), variables });

/**
 * The scenarios by name: `title`, `requests` (each a `body`, and, where the bare server knows the page, `what`
 * it means), and whether the servers without a cache take part.
 */
export function scenarios(ids) {
  const lists = ids.stores.slice(0, MANY).map((store) => ({
    body: body(LIST, { store }),
    what: { list: { key: `l:${store}`, first: 20 } },
  }));
  // Books that stand apart in the data, so that they are of many stores.
  const step = Math.max(1, Math.floor(ids.books.length / MANY));
  const entities = numbers(ids.books.length).map((n) => ({
    body: body(ENTITY, { id: ids.books[n * step] }),
    what: { entity: { id: ids.books[n * step] } },
  }));
  const byAuthor = numbers(authors(settings.books)).map((n) => ({
    body: body(BOOKS_WITH_STORES, { author: authorName(n) }),
  }));
  const byCity = numbers(cities(settings.stores)).map((n) => ({ body: body(STORES_WITH_BOOKS, { city: cityName(n) }) }));

  const both = (name, title, requests, more) => ({
    [`${name}-hot`]: { title: `${title}, always the same`, requests: requests.slice(0, 1), uncached: false, ...more },
    [`${name}-many`]: { title: `${title}, ${requests.length} different`, requests, uncached: true, ...more },
  });
  return {
    ...both('list', 'List of 20 books x 5 fields', lists),
    ...both('books-with-stores', '20 books with their stores', byAuthor),
    ...both('stores-with-books', '5 stores with 10 books each', byCity),
    ...both('entity', 'Book by id, 5 fields', entities),
  };
}

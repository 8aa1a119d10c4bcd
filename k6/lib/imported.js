// The books that an importer brings in beside a run: the n-th of them is a book of the sample under another
// ISBN, so that whoever sees it knows what it has to be. `import-data.js` writes them, `import.js` checks them.

import { types } from './types.js';

// A prime, so that neighbours in the file are not neighbours in any list.
const STEP = 7919;
const { mark } = types.Book;

export const RECORDS = 10000;
// The importer writes so many at a time, and the next ones when those are acknowledged.
export const PART = 2000;

// They are marked with client 0, which is nobody who writes otherwise.
export const isbnOf = (n) => mark(0, n);
export const numberOf = (isbn) => Number(isbn.slice(isbn.lastIndexOf('-') + 1));

// The book of the sample that the n-th is like. `books` is in the order of their ISBNs.
export const likeOf = (books, n) => books[(n * STEP) % books.length];

export const byIsbn = (books) => [...books].sort((a, b) => (a.isbn < b.isbn ? -1 : 1));

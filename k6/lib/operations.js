// The operations of a read run. Each draws its variables from the snapshot and judges the answer:
// `run(context)` gives null, or what is wrong.

import { send } from './http.js';
import { faultOfPage, faultOfRow, list, orderBy } from './oracle.js';
import { below, byShare, pick } from './random.js';
import { settings } from './settings.js';

const way = () => pick(['ASC', 'DESC']);
const all = () => true;

const STORE = 'id name city';
const BOOK = 'id isbn title author price storeId';
const FRUIT = '__typename id breed size colour acidity';
// From, to: some wide, one with the price of many books at both ends, one without any book.
const PRICES = [['0', '10'], ['5.00', '15.00'], ['9.99', '19.99'], ['25', '1000'], ['500', '900']];
const PAGE = 'totalCount pageInfo { hasNextPage }';

// What looks documents up by id and by store, made once per VU.
export function contextOf(snapshot) {
  const byId = new Map(snapshot.bookstores.map((store) => [store.id, store]));
  const byStore = new Map(snapshot.bookstores.map((store) => [store.id, []]));
  for (const book of snapshot.books) byStore.get(book.storeId).push(book);
  return { ...snapshot, byId, byStore };
}

// A root list of one type with a filter, an order and a page, answered and judged.
function listOperation(name, { root, type, selection, draw }) {
  const query = `query ${name}($where: ${type}Where, $orderBy: [${type}Order!], $first: Int, $offset: Int) {
    ${root}(where: $where, orderBy: $orderBy, first: $first, offset: $offset) {
      ${PAGE} nodes { ${selection} }
    }
  }`;
  return (context) => {
    const { where, passes, order, first, offset = 0 } = draw(context);
    const { data, error } = send(name, query, { where, orderBy: orderBy(order), first, offset });
    if (error) return error;
    const want = list([root, where], context[root], passes, order);
    return faultOfPage(data[root], want, { passes, order, first, offset, exact: settings.exact });
  };
}

// A single book. Without `exact` it may have changed or gone, but it is never another one.
function faultOfBook(got, want, sought) {
  if (settings.exact) return faultOfRow(got, want);
  return got && got[sought] !== want[sought] ? `the book of another ${sought}: ${JSON.stringify(got)}` : null;
}

function bookById(context) {
  const want = pick(context.books);
  const query = `query bookById($id: ID!) { book(id: $id) { ${BOOK} } }`;
  const { data, error } = send('bookById', query, { id: want.id });
  return error || faultOfBook(data.book, want, 'id');
}

function bookByIsbn(context) {
  const want = pick(context.books);
  const query = `query bookByIsbn($isbn: String!) { bookByIsbn(isbn: $isbn) { ${BOOK} } }`;
  const { data, error } = send('bookByIsbn', query, { isbn: want.isbn });
  return error || faultOfBook(data.bookByIsbn, want, 'isbn');
}

// A book that is not there is null, also when the cache has learnt that.
function noSuchBook() {
  const query = 'query noSuchBook($isbn: String!) { bookByIsbn(isbn: $isbn) { id } }';
  const { data, error } = send('noSuchBook', query, { isbn: `no-such-isbn-${below(20)}` });
  return error || (data.bookByIsbn === null ? null : 'a book of an ISBN that no book has');
}

function storesWithBooks(context) {
  const query = `query storesWithBooks($orderBy: [BookstoreOrder!], $first: Int, $offset: Int,
      $bookOrder: [BookOrder!], $books: Int) {
    bookstores(orderBy: $orderBy, first: $first, offset: $offset) {
      ${PAGE} nodes { ${STORE} books(orderBy: $bookOrder, first: $books) { ${PAGE} nodes { ${BOOK} } } }
    }
  }`;
  const order = [{ field: 'name', direction: way() }];
  const bookOrder = [{ field: pick(['price', 'title']), direction: way() }];
  const [first, offset, books] = [pick([3, 10]), below(context.bookstores.length), pick([2, 5])];
  const { data, error } = send('storesWithBooks', query, {
    orderBy: orderBy(order),
    first,
    offset,
    bookOrder: orderBy(bookOrder),
    books,
  });
  if (error) return error;
  const { exact } = settings;
  const stores = data.bookstores;
  const want = list('bookstores', context.bookstores, all, order);
  const fault = faultOfPage(stores, want, { passes: all, order, first, offset, exact });
  if (fault) return fault;
  for (const store of stores.nodes) {
    const passes = (book) => book.storeId === store.id;
    const shelf = list(['books of', store.id], context.byStore.get(store.id) || [], passes, bookOrder);
    const inner = faultOfPage(store.books, shelf, { passes, order: bookOrder, first: books, exact });
    if (inner) return `books of ${JSON.stringify(store.name)}: ${inner}`;
  }
  return null;
}

function booksWithStores(context) {
  const query = `query booksWithStores($orderBy: [BookOrder!], $first: Int, $offset: Int) {
    books(orderBy: $orderBy, first: $first, offset: $offset) {
      ${PAGE} nodes { ${BOOK} store { ${STORE} } }
    }
  }`;
  const order = [{ field: pick(['title', 'author', 'price']), direction: way() }];
  const [first, offset] = [20, below(10) * 20];
  const { data, error } = send('booksWithStores', query, { orderBy: orderBy(order), first, offset });
  if (error) return error;
  const { exact } = settings;
  const want = list('books', context.books, all, order);
  const fault = faultOfPage(data.books, want, { passes: all, order, first, offset, exact });
  if (fault) return fault;
  for (const book of data.books.nodes) {
    const store = exact ? context.byId.get(book.storeId) : { ...book.store, id: book.storeId };
    const inner = faultOfRow(book.store, store);
    if (inner) return `store of ${book.id}: ${inner}`;
  }
  return null;
}

// How often each operation runs, as shares of all.
export const operations = [
  {
    name: 'booksByPrice',
    share: 20,
    run: listOperation('booksByPrice', {
      root: 'books',
      type: 'Book',
      selection: BOOK,
      draw: () => {
        const [low, high] = pick(PRICES);
        return {
          where: { price: { gte: low, lt: high } },
          passes: (book) => Number(book.price) >= Number(low) && Number(book.price) < Number(high),
          order: [{ field: 'price', direction: way() }, { field: 'title', direction: 'ASC' }],
          first: pick([5, 20]),
          offset: pick([0, 0, 20]),
        };
      },
    }),
  },
  {
    name: 'booksOfAuthor',
    share: 10,
    run: listOperation('booksOfAuthor', {
      root: 'books',
      type: 'Book',
      selection: BOOK,
      draw: (context) => {
        const { author } = pick(context.books);
        return {
          where: { author: { eq: author } },
          passes: (book) => book.author === author,
          order: [{ field: 'title', direction: 'ASC' }],
          first: 20,
        };
      },
    }),
  },
  {
    name: 'booksOfStore',
    share: 10,
    run: listOperation('booksOfStore', {
      root: 'books',
      type: 'Book',
      selection: BOOK,
      draw: (context) => {
        const { id } = pick(context.bookstores);
        return {
          where: { storeId: { eq: id } },
          passes: (book) => book.storeId === id,
          order: [{ field: 'price', direction: way() }],
          first: 10,
          offset: pick([0, 10]),
        };
      },
    }),
  },
  {
    name: 'storesOfCities',
    share: 10,
    run: listOperation('storesOfCities', {
      root: 'bookstores',
      type: 'Bookstore',
      selection: STORE,
      draw: (context) => {
        const cities = [pick(context.bookstores).city, pick(context.bookstores).city];
        return {
          where: { city: { in: cities } },
          passes: (store) => cities.includes(store.city),
          order: [{ field: 'name', direction: way() }],
          first: 5,
        };
      },
    }),
  },
  {
    name: 'fruitsOfSize',
    share: 10,
    run: listOperation('fruitsOfSize', {
      root: 'fruits',
      type: 'Fruit',
      selection: FRUIT,
      draw: () => {
        const size = pick(['SMALL', 'MEDIUM', 'LARGE']);
        return {
          where: { size: { eq: size } },
          passes: (fruit) => fruit.size === size,
          order: [{ field: 'acidity', direction: way() }],
          first: 20,
          offset: pick([0, 20, 40]),
        };
      },
    }),
  },
  {
    name: 'fruitsOfColour',
    share: 10,
    run: listOperation('fruitsOfColour', {
      root: 'fruits',
      type: 'Fruit',
      selection: FRUIT,
      draw: (context) => {
        const { colour } = pick(context.fruits);
        return {
          where: { colour: { eq: colour } },
          passes: (fruit) => fruit.colour === colour,
          order: [{ field: 'breed', direction: way() }],
          first: 20,
        };
      },
    }),
  },
  { name: 'bookById', share: 10, run: bookById },
  { name: 'bookByIsbn', share: 8, run: bookByIsbn },
  { name: 'noSuchBook', share: 2, run: noSuchBook },
  { name: 'storesWithBooks', share: 5, run: storesWithBooks },
  { name: 'booksWithStores', share: 5, run: booksWithStores },
];

export const drawOperation = () => byShare(operations);

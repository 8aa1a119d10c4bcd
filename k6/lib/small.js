// A client with small requests, as most are: a list that is often asked for, a book, a list that nobody has asked
// for before, a write, in turn. Every answer is judged.

import { check } from 'k6';
import exec from 'k6/execution';
import { send } from './http.js';
import { wrong } from './judge.js';
import { comparer, faultOfRow } from './oracle.js';
import { Owned } from './owned.js';
import { below, pick } from './random.js';
import { types } from './types.js';

export const OPERATIONS = ['oftenList', 'byId', 'newList', 'updateBook'];

const ROW = 'id title author';
const ORDER = [{ field: 'title', direction: 'ASC' }];
const list = (op) => `query ${op}($where: BookWhere) {
  books(where: $where, orderBy: [{field: TITLE}], first: 20) { nodes { ${ROW} } } }`;

export class Small {
  // `books` are all that some authors have, with the store that they are in.
  constructor(books) {
    this.books = books;
    this.own = new Owned(exec.vu.idInTest);
    this.step = 0;
    this.told = 0;
  }

  iterate() {
    const steps = [() => this.oftenList(), () => this.byId(), () => this.newList(), () => this.write()];
    const fault = steps[this.step++ % steps.length]();
    check(fault, { 'the answer is right': (found) => !found });
    if (fault && this.told++ < 5) console.error(`${exec.scenario.name}: ${fault.text}`);
  }

  oftenList() {
    const [{ author }] = this.books;
    return this.ofAuthor('oftenList', author, {});
  }

  newList() {
    return this.ofAuthor('newList', pick(this.books).author, { title: { ne: `none ${below(2 ** 31)}` } });
  }

  ofAuthor(op, author, more) {
    const { data, error } = send(op, list(op), { where: { author: { eq: author }, ...more } });
    if (error) return wrong(`${op}: ${error}`);
    const want = this.books.filter((book) => book.author === author).sort(comparer(ORDER));
    const { nodes } = data.books;
    if (nodes.length !== want.length) return wrong(`${op}: ${nodes.length} rows instead of ${want.length}`);
    const text = nodes.map((row, i) => faultOfRow(row, want[i])).find((found) => found);
    return text ? wrong(`${op}: ${text}`) : null;
  }

  byId() {
    const want = pick(this.books);
    const query = `query byId($id: ID!) { book(id: $id) { ${ROW} } }`;
    const { data, error } = send('byId', query, { id: want.id });
    const text = error || faultOfRow(data.book, want);
    return text ? wrong(`byId: ${text}`) : null;
  }

  write() {
    const [doc] = this.own.docs.Book;
    const price = `${1 + below(90)}.99`;
    if (doc) return this.own.update(types.Book, doc, { price });
    return this.own.create(types.Book, { title: 'Small', price, storeId: this.books[0].storeId });
  }
}

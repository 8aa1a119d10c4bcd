// Writes of every kind, each followed by the reads that have to show it: by id, by the unique key, in the list
// where the document now is, in the one where it was, and through its relation.

import { Client } from './client.js';
import { send } from './http.js';
import { faultOfOwn, stale, wrong } from './judge.js';
import { valuesFor } from './owned.js';
import { byShare, chance, pick, seed } from './random.js';
import { settings } from './settings.js';
import { typeOf, types } from './types.js';

// The first fault of some steps, each done only when those before were right.
function firstFault(...steps) {
  for (const step of steps) {
    const fault = step();
    if (fault) return fault;
  }
  return null;
}

// An id that no document has.
const NOBODY = '000000000000000000000000';

export class Writer extends Client {
  constructor(data) {
    super(data);
    // Where each document was put, by its mark.
    this.places = new Map();
  }

  iterate(number) {
    this.begin(number);
    seed(settings.seed, number);
    const { step } = byShare(this.steps());
    this.settle('read', step);
  }

  steps() {
    return [
      { share: 20, step: () => this.making() },
      { share: 40, step: () => this.changing() },
      { share: 20, step: () => this.deleting() },
      { share: 10, step: () => this.many() },
      { share: 10, step: () => this.refused() },
    ];
  }

  // A list and a type whose documents can be in it. Most lists are of books; the others get their part here.
  target() {
    const root = byShare([
      { share: 60, root: 'books' },
      { share: 15, root: 'bookstores' },
      { share: 25, root: 'fruits' },
    ]).root;
    const places = this.placesOf(root);
    const list = places.length > 0 ? this.list(pick(places)) : this.draw();
    return { list, type: typeOf(list.root, pick(list.sample)) };
  }

  // The lists of a root, by their places in the catalogue.
  placesOf(root) {
    this.byRoot = this.byRoot || {};
    if (!this.byRoot[root]) {
      const places = this.lists.map((_, place) => place);
      this.byRoot[root] = places.filter((place) => this.list(place).root === root);
    }
    return this.byRoot[root];
  }

  // A list, a type, and one of its documents.
  subject() {
    const { list, type } = this.target();
    const docs = this.own.docs[type.name];
    return { list, type, doc: docs.length > 0 ? pick(docs) : null };
  }

  making() {
    const { list, type } = this.target();
    const what = chance(0.3) ? 'upsert' : 'create';
    return firstFault(
      () => this.own.create(type, valuesFor(list, type), what),
      () => this.shown(type, this.newest(type), list),
    );
  }

  newest(type) {
    const docs = this.own.docs[type.name];
    return docs[docs.length - 1];
  }

  changing() {
    const { list, type, doc } = this.subject();
    if (!doc) return this.making();
    const place = this.own.docs[type.name].indexOf(doc);
    const values = valuesFor(list, type);
    return firstFault(
      () => (chance(0.3) ? this.own.upsert(type, doc, values) : this.own.update(type, doc, values)),
      () => this.shown(type, this.own.docs[type.name][place], list),
    );
  }

  deleting() {
    const { list, type, doc } = this.subject();
    if (!doc) return this.making();
    const left = this.places.get(doc[type.unique]) || list;
    return firstFault(
      () => this.own.remove(type, doc),
      () => this.absent(type, doc),
      () => this.readList(left),
    );
  }

  // Three documents made, changed and deleted at once.
  many() {
    const { list, type } = this.target();
    const [kept] = type.inputs.filter((field) => list.where[field]);
    const changed = pick(type.inputs.filter((field) => field !== kept));
    const set = { [changed]: pick(list.sample)[changed] };
    const before = this.own.docs[type.name].length;
    const made = () => this.own.docs[type.name].slice(before);
    return firstFault(
      () =>
        this.own.createMany(
          type,
          [1, 2, 3].map(() => valuesFor(list, type)),
        ),
      () => this.readList(list),
      () => this.own.updateMany(type, made(), set),
      () => firstFault(...made().map((doc) => () => this.readBack(type, doc, set))),
      () => this.readList(list),
      () => this.own.removeMany(type, made()),
      () => this.readList(list),
    );
  }

  // What a write of many made of a document, apart from its version, which nobody was told.
  readBack(type, doc, set) {
    const { found, error } = this.find(type, 'id', doc.id);
    if (error) return error;
    const fault = faultOfOwn(found, { ...doc, ...set, version: found && found.version });
    if (!fault) this.own.adopt(type, doc, found);
    return fault;
  }

  // Writes that must not be done, and leave everything as it was.
  refused() {
    const [doc] = this.own.docs.Book;
    if (!doc) return this.making();
    const { isbn, title, storeId } = doc;
    const cases = [
      ['CONFLICT', 'createBook(input: $input)', { input: { isbn, title, storeId } }],
      [
        'BAD_USER_INPUT',
        'createBook(input: $input)',
        { input: { isbn: `${isbn}x`, title, storeId, price: '-1' } },
      ],
      ['NOT_FOUND', 'createBook(input: $input)', { input: { isbn: `${isbn}x`, title, storeId: NOBODY } }],
      [
        'VERSION_MISMATCH',
        `updateBook(id: $id, ifVersion: $version, set: { title: "refused" })`,
        { id: doc.id, version: doc.version + 1 },
      ],
      // It has books in it.
      ['CONFLICT', 'deleteBookstore(id: $id)', { id: storeId }],
    ];
    const [code, field, variables] = pick(cases);
    const declared = { input: '$input: BookInput!', id: '$id: ID!', version: '$version: Long!' };
    const names = Object.keys(variables)
      .map((name) => declared[name])
      .join(', ');
    const answer = send('refused', `mutation refused(${names}) { done: ${field} { id } }`, variables, {
      kind: 'write',
    });
    if (answer.code !== code) return wrong(`${field}: ${answer.error || 'was done'}, instead of ${code}`);
    return this.shown(types.Book, doc, this.places.get(isbn) || this.draw());
  }

  // Everything that must show a document which has just been written into `list`.
  shown(type, doc, list) {
    const left = this.places.get(doc[type.unique]);
    this.places.set(doc[type.unique], list);
    return firstFault(
      () => this.same(type, doc, 'id', doc.id),
      () => this.same(type, doc, type.unique, doc[type.unique]),
      () => this.readList(list),
      () => (left && left !== list ? this.readList(left) : null),
      () => (type === types.Book && chance(0.3) ? this.withStore(doc) : null),
    );
  }

  same(type, doc, key, value) {
    const { found, error } = this.find(type, key, value);
    return error || faultOfOwn(found, doc);
  }

  absent(type, doc) {
    for (const [key, value] of [
      ['id', doc.id],
      [type.unique, doc[type.unique]],
    ]) {
      const { found, error } = this.find(type, key, value);
      if (error) return error;
      if (found) return stale(`${value} was deleted and is still found by ${key}`);
    }
    return null;
  }

  // A document by its id or its unique key.
  find(type, key, value) {
    const op = key === 'id' ? 'byId' : 'byUnique';
    const [field, declared] = key === 'id' ? [type.field, 'ID!'] : [type.byUnique, 'String!'];
    const query = `query ${op}($key: ${declared}) { found: ${field}(${key}: $key) { ${type.selection} } }`;
    const { data, error } = send(op, query, { key: value }, this.options);
    return error ? { error: wrong(`${op}: ${error}`) } : { found: data.found };
  }

  // A book with its store.
  withStore(book) {
    const query = `query withStore($id: ID!) { book(id: $id) {
      ${types.Book.selection} store { ${types.Bookstore.selection} } } }`;
    const { data, error } = send('withStore', query, { id: book.id }, this.options);
    if (error) return wrong(`withStore: ${error}`);
    const fault = faultOfOwn(data.book, book);
    if (fault) return fault;
    const { id } = data.book.store;
    return id === book.storeId ? null : wrong(`book ${book.id} has the store ${id} instead of ${book.storeId}`);
  }
}

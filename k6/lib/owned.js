// The documents of one client: made, changed and deleted by nobody else, so that the client knows at any moment
// what every answer must say of them.

import { send } from './http.js';
import { faultOfRow } from './oracle.js';
import { chance, pick } from './random.js';
import { settings } from './settings.js';
import { roots, typeOf, types } from './types.js';
import { wrong } from './judge.js';

// How many documents of each type a client has once it has begun. Others are made and deleted around that.
const KEPT = { Book: 8, Bookstore: 1, Apple: 2, Orange: 2 };

const mutations = {};
for (const { name, on, selection } of Object.values(types)) {
  mutations[name] = {
    create: `mutation create${name}($input: ${name}Input!) { done: create${name}(input: $input) { ${selection} } }`,
    createMany: `mutation create${name}s($inputs: [${name}Input!]!) {
      done: create${name}s(inputs: $inputs) { ${selection} } }`,
    update: `mutation update${name}($id: ID!, $set: ${name}Patch!) {
      done: update${name}(id: $id, set: $set) { ${selection} } }`,
    upsert: `mutation upsert${name}($input: ${name}Input!) {
      done: upsert${name}(on: ${on}, input: $input) { ${selection} } }`,
    remove: `mutation delete${name}($id: ID!) { done: delete${name}(id: $id) { id } }`,
    updateMany: `mutation update${name}s($where: ${name}Where!, $set: ${name}Patch!) {
      done: update${name}s(where: $where, set: $set) { count } }`,
    removeMany: `mutation delete${name}s($where: ${name}Where!) { done: delete${name}s(where: $where) { count } }`,
  };
}

// Client 0 is the run itself, which is not measured.
export class Owned {
  constructor(client, strategy) {
    this.client = client;
    this.options = { kind: client === 0 ? 'setup' : 'write', strategy };
    this.made = 0;
    this.docs = Object.fromEntries(Object.keys(types).map((name) => [name, []]));
    // Marks of deleted documents, and of those about whose last write there was no answer.
    this.gone = new Set();
    this.unknown = new Set();
  }

  // Those that can be in a list of this root.
  of(root) {
    const { members } = roots[root];
    return members.length === 1 ? this.docs[members[0]] : members.flatMap((name) => this.docs[name]);
  }

  // Whether a row is a document that this client has deleted.
  removed(type, row) {
    return type.owner(row) === this.client && this.gone.has(row[type.unique]);
  }

  nextMark(type) {
    this.made++;
    return type.mark(this.client, this.made);
  }

  // Sends a write and judges its answer: `judge` gets what was done and gives a text or null.
  write(type, what, variables, touched, judge) {
    const op = mutations[type.name][what].match(/mutation (\w+)/)[1];
    const { data, error, code } = send(op, mutations[type.name][what], variables, this.options);
    const fault = error || (data.done === null ? 'nothing was done' : judge(data.done));
    if (fault) for (const mark of touched) this.forget(type, mark);
    return fault ? { ...wrong(`${op}: ${fault}`), code } : null;
  }

  // Nothing more is expected of a document.
  forget(type, mark) {
    this.unknown.add(mark);
    this.gone.delete(mark);
    this.docs[type.name] = this.docs[type.name].filter((doc) => doc[type.unique] !== mark);
  }

  // `what` is `upsert` for one that is written as an update that finds none.
  create(type, input, what = 'create') {
    const want = { ...input, [type.unique]: this.nextMark(type) };
    return this.write(type, what, { input: want }, [want[type.unique]], (done) => {
      const fault = faultOfRow(done, this.expected(type, want, done));
      if (!fault) this.docs[type.name].push(done);
      return fault;
    });
  }

  createMany(type, inputs) {
    const wants = inputs.map((input) => ({ ...input, [type.unique]: this.nextMark(type) }));
    const marks = wants.map((want) => want[type.unique]);
    return this.write(type, 'createMany', { inputs: wants }, marks, (done) => {
      for (let i = 0; i < wants.length; i++) {
        const fault = done[i]
          ? faultOfRow(done[i], this.expected(type, wants[i], done[i]))
          : 'nothing was done';
        if (fault) return fault;
      }
      this.docs[type.name].push(...done);
      return null;
    });
  }

  update(type, doc, set) {
    return this.write(type, 'update', { id: doc.id, set }, [doc[type.unique]], (done) =>
      this.changed(type, doc, set, done),
    );
  }

  upsert(type, doc, input) {
    const want = { ...input, [type.unique]: doc[type.unique] };
    return this.write(type, 'upsert', { input: want }, [doc[type.unique]], (done) =>
      this.changed(type, doc, want, done),
    );
  }

  remove(type, doc) {
    const mark = doc[type.unique];
    return this.write(type, 'remove', { id: doc.id }, [mark], (done) => {
      if (done.id !== doc.id) return `${done.id} instead of ${doc.id}`;
      this.docs[type.name] = this.docs[type.name].filter((other) => other !== doc);
      this.gone.add(mark);
      return null;
    });
  }

  // Changes some documents at once. Only how many there were is answered: versions have to be read.
  updateMany(type, docs, set) {
    const marks = docs.map((doc) => doc[type.unique]);
    return this.write(
      type,
      'updateMany',
      { where: { [type.unique]: { in: marks } }, set },
      marks,
      ({ count }) => (count === docs.length ? null : `${count} instead of ${docs.length}`),
    );
  }

  removeMany(type, docs) {
    const marks = docs.map((doc) => doc[type.unique]);
    return this.write(type, 'removeMany', { where: { [type.unique]: { in: marks } } }, marks, ({ count }) => {
      if (count !== docs.length) return `${count} instead of ${docs.length}`;
      for (const mark of marks) this.gone.add(mark);
      this.docs[type.name] = this.docs[type.name].filter((doc) => !docs.includes(doc));
      return null;
    });
  }

  // A document as it was read after a write of which only part was answered.
  adopt(type, doc, read) {
    this.docs[type.name][this.docs[type.name].indexOf(doc)] = read;
  }

  // What a write has made of a document, taken over when it is right.
  changed(type, doc, set, done) {
    const fault = faultOfRow(done, { ...doc, ...set, version: done.version });
    if (fault) return fault;
    if (done.version < doc.version) return `version ${done.version} after ${doc.version}`;
    this.docs[type.name][this.docs[type.name].indexOf(doc)] = done;
    return null;
  }

  // What a new document has to be: null in what was left out, and what only the server can know.
  expected({ inputs }, want, { id, version, __typename }) {
    const nulls = Object.fromEntries(inputs.map((field) => [field, null]));
    return { ...nulls, id, version, __typename, ...want };
  }

  // Documents to begin with, one request per type.
  begin(lists) {
    for (const type of Object.values(types)) {
      const suited = lists.filter(({ root }) => roots[root].members.includes(type.name));
      const inputs = Array.from({ length: KEPT[type.name] }, () => valuesFor(pick(suited), type));
      const fault = this.createMany(type, inputs);
      if (fault) return fault;
    }
    return null;
  }

  // A write that ends in this list: most often a change of a document, else a new one, or one less.
  writeInto(list) {
    const row = pick(list.sample);
    const type = typeOf(list.root, row);
    const docs = this.docs[type.name];
    const least = Math.ceil(KEPT[type.name] / 2);
    if (docs.length < least || (docs.length < KEPT[type.name] * 2 && chance(0.1))) {
      return this.create(type, valuesFor(list, type));
    }
    const doc = pick(docs);
    if (docs.length > least && chance(0.1)) return this.remove(type, doc);
    const values = valuesFor(list, type);
    if (chance(0.15)) return this.upsert(type, doc, values);
    const kept = type.inputs.filter((field) => list.where[field] || chance(0.5));
    return this.update(type, doc, Object.fromEntries(kept.map((field) => [field, values[field]])));
  }
}

// Values with which a document is in the list: those of one of its rows in the fields of the filter, and of
// any of its rows in the others.
export function valuesFor(list, type) {
  const like = pick(list.sample);
  return Object.fromEntries(
    type.inputs.map((field) => [field, (list.where[field] ? like : pick(list.sample))[field]]),
  );
}

// Deletes every document that a run has made, this one or one before. `thorough`: what is cached of any type is
// made void, too, because requests that choose how they use the cache may have left it old.
export function cleanUp({ thorough = settings.strategy !== '' } = {}) {
  const strategy = thorough ? 'invalidate' : '';
  // Books first: a store with books in it cannot be deleted.
  for (const { name, where } of [types.Book, types.Bookstore, types.Apple, types.Orange]) {
    const { error } = send('setup', mutations[name].removeMany, { where }, { kind: 'setup', strategy });
    if (error) throw new Error(`documents of a run cannot be deleted: ${error}`);
  }
  if (thorough) voidAll(strategy);
}

// A write of each type, with a strategy that takes all of the type out of the cache.
function voidAll(strategy) {
  const run = new Owned(0, strategy);
  const write = (fault) => {
    if (fault) throw new Error(`what is cached cannot be made void: ${fault.text}`);
  };
  const fruit = { breed: 'none', size: 'SMALL', colour: 'none' };
  write(run.create(types.Bookstore, {}));
  write(run.create(types.Book, { title: 'none', storeId: run.docs.Bookstore[0].id }));
  write(run.create(types.Apple, fruit));
  write(run.create(types.Orange, fruit));
  for (const type of [types.Book, types.Bookstore, types.Apple, types.Orange]) {
    write(run.remove(type, run.docs[type.name][0]));
  }
}

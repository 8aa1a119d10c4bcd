// A mixed load: each iteration is one request, a read or a write, chosen alike for the same seed whichever
// client carries it out.

import { Client } from './client.js';
import { send } from './http.js';
import { faultOfOwn, faultOfSample, wrong } from './judge.js';
import { list as listOf } from './oracle.js';
import { byShare, chance, pick, seed } from './random.js';
import { LOOK_UP, NESTED, lookedUp } from './reads.js';
import { settings } from './settings.js';
import { roots, typeOf } from './types.js';

// The operations that a mixed load sends: those that even a short run comes to, and the others.
export const OFTEN = ['books', 'byId', 'byUnique'];
export const RARE = ['bookstores', 'fruits', 'storesWithBooks'];
export const WRITES = ['createBook', 'updateBook', 'upsertBook', 'deleteBook'];
export const OPERATIONS = [...OFTEN, ...RARE, ...WRITES];

// A client that sends such requests.
export class Mixed extends Client {
  // One step, a read or a write. `number` is its place among all of the run: the same number, the same choice.
  iterate(number, writes = settings.writes) {
    seed(settings.seed, number);
    if (chance(writes)) {
      this.begin(number);
      const list = this.draw();
      this.settle('write', () => this.own.writeInto(list));
      this.written = list;
      return;
    }
    // Whoever has written looks where it shows.
    const list = this.written && chance(settings.ownReads) ? this.written : null;
    this.written = null;
    this.settle('read', () => (list ? this.readList(list) : byShare(this.reads()).run()));
  }

  reads() {
    return [
      { share: 75, run: () => this.readList(this.draw()) },
      { share: 5, run: () => this.storesWithBooks() },
      { share: 12, run: () => this.byId() },
      { share: 8, run: () => this.byUnique() },
    ];
  }

  // A document by its id: one of the sample, an own one, or one that this client has deleted.
  byId() {
    const { type, doc, own } = this.someDoc();
    const query = `query byId($id: ID!) { found: ${type.field}(id: $id) { ${type.selection} } }`;
    const { data, error } = send('byId', query, { id: doc.id }, this.options);
    if (error) return wrong(`byId: ${error}`);
    return own ? faultOfOwn(data.found, doc) : faultOfSample(data.found, doc);
  }

  // One of the sample by its unique key.
  byUnique() {
    const doc = pick(lookedUp(this.snapshot));
    const { data, error } = send('byUnique', LOOK_UP, { key: doc.isbn }, this.options);
    return error ? wrong(`byUnique: ${error}`) : faultOfSample(data.found, doc);
  }

  someDoc() {
    const root = pick(Object.keys(roots));
    const owned = this.own.of(root);
    const own = owned.length > 0 && chance(0.5);
    const doc = pick(own ? owned : this.snapshot[root]);
    return { type: typeOf(root, doc), doc, own };
  }

  // Stores with the first books of each. The books of one store are a list like any other.
  storesWithBooks() {
    const outer = { ...NESTED.outer, first: pick([3, 10]) };
    outer.sample = listOf('stores', this.snapshot.bookstores, () => true, outer.order).slice(
      0,
      outer.first + 1,
    );
    outer.total = this.snapshot.bookstores.length;
    const { data, error } = send('storesWithBooks', NESTED.query, NESTED.variables(outer.first), this.options);
    if (error) return wrong(`storesWithBooks: ${error}`);
    const fault = this.judge(outer, data.bookstores);
    if (fault) return fault;
    for (const store of data.bookstores.nodes) {
      const found = this.judge(this.shelf(store), store.books);
      if (found) return found;
    }
    return null;
  }
}

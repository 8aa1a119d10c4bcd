// A mixed load: each iteration is one request, a read or a write, chosen alike for the same seed whichever
// client carries it out. Every answer is judged.

import { check } from 'k6';
import exec from 'k6/execution';
import { Rate } from 'k6/metrics';
import { drawCatalogue, openList, reading } from './catalogue.js';
import { requestOf, send, sendTogether } from './http.js';
import { passing } from './filter.js';
import { faultOfList, faultOfOwn, faultOfSample, faultOfWhole, wrong } from './judge.js';
import { comparer, list as listOf, orderBy } from './oracle.js';
import { Owned, cleanUp } from './owned.js';
import { byShare, chance, pick, ranks, seed } from './random.js';
import { settings } from './settings.js';
import { readSnapshot } from './snapshot.js';
import { roots, typeOf, types } from './types.js';

export const staleAnswers = new Rate('stale_answers');

// The operations that a mixed load sends: those that even a short run comes to, and the others.
export const OFTEN = ['books', 'byId', 'byUnique'];
export const RARE = ['bookstores', 'fruits', 'storesWithBooks'];
export const WRITES = ['createBook', 'updateBook', 'upsertBook', 'deleteBook'];
export const OPERATIONS = [...OFTEN, ...RARE, ...WRITES];

// What a run begins with: nothing left by another run, the sample as it is, the lists to read.
export function prepare() {
  cleanUp();
  return readSample();
}

// The sample and the lists, without what runs have made.
export function readSample() {
  const snapshot = readSnapshot();
  for (const root of Object.keys(roots)) {
    snapshot[root] = snapshot[root].filter((row) => typeOf(root, row).owner(row) === null);
  }
  return { snapshot, catalogue: drawCatalogue(snapshot, settings.lists) };
}

// A client of the load. `strategy` goes with its requests. `counting`: stale answers are what is being counted.
export class Client {
  constructor({ snapshot, catalogue }, { strategy = settings.strategy, counting = false } = {}) {
    this.snapshot = snapshot;
    this.lists = catalogue.map((list) => () => openList(list, snapshot));
    this.options = { strategy };
    this.counting = counting;
    this.own = new Owned(exec.vu.idInTest, strategy);
    this.byStore = new Map(snapshot.bookstores.map((store) => [store.id, []]));
    for (const book of snapshot.books) this.byStore.get(book.storeId).push(book);
    this.rank = ranks(this.lists.length, settings.choice, settings.zipf);
    this.told = 0;
  }

  // A list is worked out when it is first needed.
  list(place) {
    if (typeof this.lists[place] === 'function') this.lists[place] = this.lists[place]();
    return this.lists[place];
  }

  draw() {
    return this.list(this.rank());
  }

  // Makes this client's documents, before its first write.
  begin(number) {
    if (this.begun) return;
    this.begun = true;
    seed(settings.seed, number, 0xbe91);
    this.settle('write', () => this.own.begin(this.someOfEach()));
    // The books of a new store are a list that nobody can have read before. It is read here once, so that a short
    // run is not about that.
    for (const store of this.own.of('bookstores')) this.settle('read', () => this.readList(this.shelf(store)));
    seed(settings.seed, number, 0xbe92);
  }

  // Lists to begin with: some of each root.
  someOfEach() {
    const all = this.lists.map((_, place) => this.list(place));
    return Object.keys(roots).flatMap((root) => all.filter((list) => list.root === root).slice(0, 20));
  }

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

  // Carries out a step and counts how it went. An answer of an unexpected form is a wrong answer too.
  settle(kind, step) {
    let fault;
    try {
      fault = step();
    } catch (error) {
      fault = wrong(`cannot be judged: ${error}`);
    }
    const isStale = Boolean(fault && fault.stale);
    if (kind === 'read') staleAnswers.add(isStale);
    check(fault, { 'the answer is right': (found) => !found || found.stale }, { kind });
    if (fault && !(isStale && this.counting) && this.told++ < 5) {
      console.error(`${isStale ? 'stale' : 'wrong'}: ${fault.text}`);
    }
    return !fault;
  }

  readList(list) {
    const { data, error } = send(...reading(list), this.options);
    return error ? wrong(`${list.root}: ${error}`) : this.judge(list, data[list.root]);
  }

  judge(list, page) {
    const fault = faultOfList(list, page, this.own);
    return (
      fault && { ...fault, text: `${list.root} ${JSON.stringify([list.where, list.order])}: ${fault.text}` }
    );
  }

  // A document by its id: one of the sample, an own one, or one that this client has deleted.
  byId() {
    const { type, doc, own } = this.someDoc();
    const query = `query byId($id: ID!) { found: ${type.field}(id: $id) { ${type.selection} } }`;
    const { data, error } = send('byId', query, { id: doc.id }, this.options);
    if (error) return wrong(`byId: ${error}`);
    return own ? faultOfOwn(data.found, doc) : faultOfSample(data.found, doc);
  }

  // One of the sample by its unique key, out of so few that their look-ups are cached like the lists.
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

  // The list of a store's books.
  shelf({ id }) {
    const where = { storeId: { eq: id } };
    const rows = listOf(['shelf', id], this.byStore.get(id) || [], () => true, NESTED.inner.order);
    const sample = rows.slice(0, NESTED.inner.first + 1);
    return { ...NESTED.inner, where, passes: passing(where), total: rows.length, sample };
  }
}

const LOOK_UP = `query byUnique($key: String!) { found: bookByIsbn(isbn: $key) { ${types.Book.selection} } }`;
const lookedUp = ({ books }) => books.slice(0, 50);

const by = (field) => [{ field, direction: 'ASC' }];
const ordered = (order) => ({ order, compare: comparer(order) });
const NESTED = {
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

const AT_ONCE = 20;

// Reads every list of the catalogue, many at a time. `first` is the length of the page, `judge` gets each list
// and its page and gives a fault; the faults are what is returned.
function readAll({ snapshot, catalogue }, { first, strategy }, judge) {
  const faults = [];
  for (let from = 0; from < catalogue.length; from += AT_ONCE) {
    const lists = catalogue.slice(from, from + AT_ONCE).map((list) => openList(list, snapshot));
    const requests = lists.map((list) => {
      const [, query, variables] = reading({ ...list, first: first || list.first });
      return requestOf('setup', query, variables, { kind: 'setup', strategy });
    });
    sendTogether(requests).forEach(({ data, error }, i) => {
      const { root, where, order } = lists[i];
      const fault = error ? wrong(error) : judge(lists[i], data[root]);
      if (fault) faults.push({ ...fault, text: `${root} ${JSON.stringify([where, order])}: ${fault.text}` });
    });
  }
  return faults;
}

// Reads every list once, so that what is measured is not how a cache is filled.
export function warm(data, strategy = settings.strategy) {
  const nobody = new Owned(0);
  const [fault] = readAll(data, { strategy }, (list, page) => faultOfList(list, page, nobody));
  if (fault) throw new Error(`while warming up: ${fault.text}`);
  const { snapshot } = data;
  const options = { kind: 'setup', strategy };
  const others = lookedUp(snapshot).map(({ isbn }) => requestOf('setup', LOOK_UP, { key: isbn }, options));
  others.push(requestOf('setup', NESTED.query, NESTED.variables(snapshot.bookstores.length), options));
  for (const { error } of sendTogether(others)) if (error) throw new Error(`while warming up: ${error}`);
}

// At the end, when nobody writes any more: reads every list in full and counts its rows, then deletes the
// documents of the run.
export function finish(data) {
  const faults = readAll(data, { first: settings.pageMax }, faultOfWhole);
  check(faults, { 'every list is right in the end': ({ length }) => length === 0 });
  for (const { text } of faults.slice(0, 5)) console.error(`in the end: ${text}`);
  cleanUp();
}

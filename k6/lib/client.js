// A client of a load: the lists that it reads, the documents that it owns, and how its answers are judged and
// counted. What it does step by step is for those that extend it.

import { check } from 'k6';
import exec from 'k6/execution';
import { Rate } from 'k6/metrics';
import { openList, reading } from './catalogue.js';
import { passing } from './filter.js';
import { send } from './http.js';
import { faultOfList, wrong } from './judge.js';
import { list as listOf } from './oracle.js';
import { Owned } from './owned.js';
import { ranks, seed } from './random.js';
import { NESTED } from './reads.js';
import { settings } from './settings.js';
import { roots } from './types.js';

const staleAnswers = new Rate('stale_answers');

// `strategy` goes with the client's requests. `counting`: stale answers are what is being counted.
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

  // The list of a store's books.
  shelf({ id }) {
    const where = { storeId: { eq: id } };
    const rows = listOf(['shelf', id], this.byStore.get(id) || [], () => true, NESTED.inner.order);
    const sample = rows.slice(0, NESTED.inner.first + 1);
    return { ...NESTED.inner, where, passes: passing(where), total: rows.length, sample };
  }
}

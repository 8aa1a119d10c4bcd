// What stands around a load: the data and the lists that it begins with, the caches filled, and the last look at
// every list.

import { check } from 'k6';
import { drawCatalogue, openList, reading } from './catalogue.js';
import { requestOf, sendTogether } from './http.js';
import { faultOfList, faultOfWhole, wrong } from './judge.js';
import { Owned, cleanUp } from './owned.js';
import { LOOK_UP, NESTED, lookedUp } from './reads.js';
import { settings } from './settings.js';
import { readSnapshot } from './snapshot.js';
import { roots, typeOf } from './types.js';

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

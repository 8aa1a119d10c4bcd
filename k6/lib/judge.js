// What is wrong with an answer while others write.
//
// The sample's rows do not change during a run, so they are known to all; each client's own documents are
// known to it. Of the documents of other clients only that is known which holds of every row: it passes the
// filter and stands in its place.
//
// A fault is `{ stale, text }`. `stale` says that an earlier state of documents that this run writes explains
// it; only where staleness is what is being counted do the two differ.

import { faultOfRow } from './oracle.js';
import { settings } from './settings.js';
import { typeOf } from './types.js';

export const wrong = (text) => ({ stale: false, text });
export const stale = (text) => ({ stale: true, text });
const shown = (row) => JSON.stringify(row);

// A row that must be as this run's client has left it.
export function faultOfOwn(row, want) {
  const text = faultOfRow(row, want);
  return text && stale(`own document ${want.id}: ${text}`);
}

// A row of the sample, which nobody writes. Without EXACT somebody may.
export function faultOfSample(row, want) {
  const text = settings.exact ? faultOfRow(row, want) : row && row.id !== want.id && 'another document';
  return text ? wrong(`${want.id} of the sample: ${text}`) : null;
}

// Whether the rows of a page stand there once each, pass the filter, and are in order.
function faultOfForm({ root, passes, compare }, nodes) {
  const fault = (text, ...rows) =>
    rows.some((row) => typeOf(root, row).owner(row) !== null) ? stale(text) : wrong(text);
  const seen = new Set();
  for (let i = 0; i < nodes.length; i++) {
    const row = nodes[i];
    if (row === null) return stale(`row ${i} is null`);
    if (seen.has(row.id)) return wrong(`${row.id} comes twice`);
    seen.add(row.id);
    if (!passes(row)) return fault(`a row that the filter excludes: ${shown(row)}`, row);
    if (i > 0 && compare(nodes[i - 1], row) >= 0) {
      return fault(`rows ${i - 1} and ${i} out of order: ${shown([nodes[i - 1], row])}`, nodes[i - 1], row);
    }
  }
  return null;
}

// Whether the sample's rows in the page are the first ones of the list, and none is left out.
function faultOfSampleRows({ root, sample, compare }, nodes, last) {
  let at = 0;
  for (const row of nodes) {
    if (typeOf(root, row).owner(row) !== null) continue;
    if (!sample[at]) return wrong(`a row that was not there: ${shown(row)}`);
    const text = faultOfRow(row, sample[at]);
    if (text) return wrong(`row ${at} of the sample: ${text}`);
    at++;
  }
  const next = sample[at];
  if (next && (!last || compare(next, last) < 0)) return wrong(`a row is missing: ${shown(next)}`);
  return null;
}

// Whether a client finds its own documents where they belong, and nowhere else.
function faultOfOwnRows({ root, passes, compare }, nodes, last, own) {
  const found = new Map(nodes.map((row) => [row.id, row]));
  for (const doc of own.of(root)) {
    const row = found.get(doc.id);
    if (row) {
      const fault = faultOfOwn(row, doc);
      if (fault) return fault;
    } else if (passes(doc) && (!last || compare(doc, last) < 0)) {
      return stale(`own document is missing: ${shown(doc)}`);
    }
  }
  const gone = nodes.find((row) => own.removed(typeOf(root, row), row));
  return gone ? stale(`own document that was deleted: ${shown(gone)}`) : null;
}

// What is wrong with the first page of a list, or null. `own` has the documents of this client. How many rows
// the whole list has is known only as far as this client knows them, and the store may have been asked for it at
// another moment than for the rows: `faultOfWhole` has the rest.
export function faultOfList(list, page, own) {
  const { nodes, totalCount, pageInfo } = page;
  const form = faultOfForm(list, nodes);
  if (form) return form;
  // Nothing that sorts before the last row of a full page may be left out; without more pages, nothing at all.
  const last = pageInfo.hasNextPage ? nodes[nodes.length - 1] : null;
  const rows =
    (settings.exact && faultOfSampleRows(list, nodes, last)) || faultOfOwnRows(list, nodes, last, own);
  if (rows) return rows;
  if (nodes.length > list.first || (pageInfo.hasNextPage && nodes.length < list.first)) {
    return stale(`${nodes.length} rows instead of ${list.first}, and more are said to follow`);
  }
  let known = settings.exact ? list.total : 0;
  for (const doc of own.of(list.root)) if (list.passes(doc)) known++;
  return totalCount < known ? stale(`totalCount is ${totalCount}, and ${known} rows are known`) : null;
}

// What is wrong with a page that has the whole of a list, when nobody writes any more. Of a list that is longer
// than a page can be, only the form is judged.
export function faultOfWhole(list, { nodes, totalCount, pageInfo }) {
  const form = faultOfForm(list, nodes);
  if (form) return form;
  if (pageInfo.hasNextPage && nodes.length === settings.pageMax) return null;
  if (nodes.length !== totalCount) return stale(`totalCount is ${totalCount} of ${nodes.length} rows`);
  const sample = nodes.filter((row) => typeOf(list.root, row).owner(row) === null);
  if (!settings.exact) return null;
  if (sample.length !== list.total)
    return wrong(`${sample.length} rows of the sample instead of ${list.total}`);
  for (let i = 0; i < list.sample.length; i++) {
    const text = faultOfRow(sample[i], list.sample[i]);
    if (text) return wrong(`row ${i} of the sample: ${text}`);
  }
  return null;
}

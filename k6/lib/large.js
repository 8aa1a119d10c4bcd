// The largest requests that a server takes with its default settings, by kind. No two are the same, so that no
// answer that was kept and no list that is cached serves for the next one; there is not more of anything than is
// allowed, and how much comes of it depends on how many documents there are.

import { below } from './random.js';

const many = (count, make) => Array.from({ length: count }, (_, i) => make(i)).join(' ');
// A text that no document has.
const strange = () => `zz${below(2 ** 31).toString(36)}`;
const letter = () => 'abcdefghijk'[below(11)];
const books = (first, where, nodes, more = '') =>
  `books(first: ${first}, where: {${where}}) { ${more} nodes { ${nodes} } }`;
const one = (where) => books(1, where, 'id', 'totalCount');
const ROW = 'id title author isbn price year createdAt updatedAt';

export const kinds = {
  // A list after the other, for each of which the store looks at every book.
  lists: () => `{ ${many(2000, (i) => `a${i}: ${one(`title: {contains: "${strange()}"}`)}`)} }`,
  // One list with about as many conditions as a filter may have.
  conditions: () => `{ ${one(`or: [${many(1950, () => `{title: {contains: "${strange()}"}}`)}]`)} }`,
  // The longest pages, and many of them.
  pages: () => {
    const where = () => `title: {contains: "${letter()}", ne: "${strange()}"}, year: {gt: ${below(1600)}}`;
    return `{ ${many(60, (i) => `a${i}: ${books(1000, where(), 'id title')}`)} }`;
  },
  // As many lists as there are stores, and all that there is of each row.
  nested: () => `{
    bookstores(first: 1000, where: {name: {ne: "${strange()}"}}) {
      nodes { name books(first: 19) { nodes { ${ROW} } } }
    }
  }`,
  // A thousand rows that become a hundred and fifty thousand values.
  answer: () => `{ ${books(1000, `title: {ne: "${strange()}"}`, many(150, (i) => `a${i}: title`))} }`,
  // There and back along a relation, twice.
  deep: () => `{
    bookstores(first: 600, where: {name: {ne: "${strange()}"}}) { nodes {
      books(first: 5) { nodes { store { books(first: 5) { nodes { store { name city } } } } } }
    } }
  }`,
  // More than is allowed, which is seen when all of it has been read. Without a space too many: those are counted
  // before anything is read.
  text: () => `query ${strange()} {${many(4500, (i) => `a${i}:books(first:1){nodes{id}}`)}}`,
  // Patterns that take long to compile.
  patterns: () => {
    const pattern = () => `{title: {matches: "(a|b|c|d|[e-z ]){1,40}${strange()}"}}`;
    return `{ ${one(`or: [${many(100, pattern)}]`)} }`;
  },
  // As many as `lists`, but the store has an index for them.
  keys: () => `{ ${many(2000, (i) => `a${i}: ${one(`isbn: {eq: "${strange()}"}`)}`)} }`,
};

// What a client may get for such a request: all that was asked for, that the server has too much to do, that it was
// too much or took too long. `CUT` is a connection that was closed at a bound.
export const ALLOWED = ['OK', 'OVERLOADED', 'TIMEOUT', 'TOO_COMPLEX', 'CUT'];

// What has become of a request: `OK`, or the code of what went wrong.
export function outcomeOf({ status, body }) {
  if (status === 0) return 'NO_ANSWER';
  const text = String(body);
  // Errors come first in an answer, and are not searched for in what else there is.
  if (!text.startsWith('{"errors"')) return status === 200 ? 'OK' : `STATUS_${status}`;
  const codes = Array.from(text.slice(0, 1 << 20).matchAll(/"code":"(\w+)"/g), ([, code]) => code);
  // The worst of all.
  return codes.find((code) => !ALLOWED.includes(code)) || codes[0] || `STATUS_${status}`;
}

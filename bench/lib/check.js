// Nothing is timed before all servers have given the same answers, and none counts that is wrong afterwards.

import { isDeepStrictEqual } from 'node:util';
import { ask, each } from './http.js';
import { stop } from './processes.js';
import { setPrice } from './updates.js';

/** Path and values of the first difference, for people. */
export function difference(left, right, path = 'data') {
  if (isDeepStrictEqual(left, right)) return undefined;
  const both = left && right && typeof left === 'object' && typeof right === 'object';
  if (!both) return `${path}: ${JSON.stringify(left)} and ${JSON.stringify(right)}`;
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const found = difference(left[key], right[key], `${path}.${key}`);
    if (found) return found;
  }
  return `${path}: the keys differ`;
}

/** Whether there is as much in an answer as there should be, so that nobody is fast with empty lists. */
function rows(data) {
  const field = Object.values(data)[0];
  return field?.nodes ? field.nodes.length : field ? 1 : 0;
}

/**
 * Asks every server for every request of a scenario, twice, so that answers from the cache are compared too.
 * Gives the answers. Fails at the first that differs from the first server's.
 */
export async function checkEqual(servers, scenario) {
  const [first, ...others] = servers.filter((server) => !server.unchecked);
  const { requests, title } = scenario;
  const answers = [];
  let empty = 0;
  await each(requests, 16, async ({ body }, place) => {
    answers[place] = await ask(first, body);
    empty += rows(answers[place]) === 0;
  });
  if (empty) throw new Error(`${title}: ${empty} of ${requests.length} answers have no rows; there is too little data`);
  for (const server of [first, ...others, ...others, first]) {
    await each(requests, 16, async ({ body }, place) => {
      const found = difference(answers[place], await ask(server, body));
      if (found) {
        throw new Error(`${title}: ${first.name} and ${server.name} answer differently.\n   ${found}\n   request: ${body}`);
      }
    });
  }
  return answers;
}

/** Checks some of the answers again after a run, and that what was sent is as long as the answers are. */
export async function checkAfter(server, scenario, answers, run) {
  if (run.errors > 0) throw new Error(`${server.name}: ${run.errors} requests failed: ${JSON.stringify(run.faults)}`);
  // One that answers nothing within the run is very slow, not wrong.
  if (server.unchecked || run.requests === 0) return;
  const sample = scenario.requests.map((request, place) => ({ ...request, place }));
  const step = Math.max(1, Math.floor(sample.length / 20));
  await each(sample.filter(({ place }) => place % step === 0), 8, async ({ body, place }) => {
    const found = difference(answers[place], await ask(server, body));
    if (found) throw new Error(`${server.name} answers wrongly after the run: ${found}\n   request: ${body}`);
  });
  const mean = answers.reduce((sum, data) => sum + Buffer.byteLength(JSON.stringify({ data })), 0) / answers.length;
  const sent = run.bytes / run.requests;
  // Heads are a few hundred bytes; an error in place of an answer would be shorter.
  if (sent < mean || sent > mean * 1.05 + 1_000) {
    throw new Error(`${server.name}: answers of ${Math.round(sent)} bytes on average, but right ones have ${Math.round(mean)} and a head`);
  }
}

/**
 * Writes through another server on the same cache and reads at once: an answer that is fast because it is old
 * is no answer. Puts back what it changed.
 */
export async function checkFresh(world, server, database) {
  const other = await world.serve(`${server.name}-other`, { database, cache: server.redis.url });
  const books = await (await world.database(database)).collection('books').find({}, { limit: 20 }).toArray();
  const query = `query($store: ID!) { books(where: { storeId: { eq: $store } }, orderBy: [{ field: PRICE, direction: ASC }], first: 1000) { nodes { id price } } }`;
  for (const book of books) {
    const id = book._id.toHexString();
    const variables = { store: book.storeId.toHexString() };
    await ask(server, query, variables);
    for (const price of ['1.23', book.price.toString()]) {
      await setPrice(other, id, price);
      const { nodes } = (await ask(server, query, variables)).books;
      const seen = nodes.find((node) => node.id === id)?.price;
      if (seen !== price) throw new Error(`${server.name} shows the price ${seen} after it was set to ${price} on another server`);
    }
  }
  await stop(other);
}

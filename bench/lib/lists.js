// Many different cached lists of books, none of which holds a given store's books, or all of which do.

import { readFileSync } from 'node:fs';
import { ask, each } from './http.js';
import { finish } from './processes.js';

// What tells the lists of one store apart is a title that no book has: on every store the rows are found by the
// index on store and price, and no other index can look better.
const QUERY = `query($store: ID!, $but: String!, $first: Int!) {
  books(where: { storeId: { eq: $store }, title: { ne: $but } }, orderBy: [{ field: PRICE, direction: ASC }], first: $first) {
    nodes { id price }
  }
}`.replace(/\s+/g, ' ');

const request = (store, n, first) => JSON.stringify({ query: QUERY, variables: { store, but: `No book is called ${n}`, first } });

/** Lists that have nothing to do with the books of `but`: many of each of the other stores. */
export function unrelated(ids, but, count) {
  const stores = ids.stores.filter((store) => !but.includes(store));
  return Array.from({ length: count }, (_, n) =>
    request(stores[n % stores.length], Math.floor(n / stores.length), 5),
  );
}

/** Lists that all hold every book of one store. */
export const touching = (store, count) => Array.from({ length: count }, (_, n) => request(store, n, 20));

/** How often lists are read again that are not cached. */
const TRIES = 5;

/** Reads lists, so that they are cached. */
const fill = (server, requests) => each(requests, 32, (body) => ask(server, body));

/**
 * The same, until all of them are there: a server that gets no answer from Redis in time, as happens on a busy
 * machine, reads past it.
 */
export async function fillUntilCached(world, server, database, requests) {
  let kept = 0;
  for (let left = TRIES; left > 0; left -= 1) {
    await fill(server, requests);
    kept = await cached(world, server, database);
    if (kept === requests.length) return;
    process.stderr.write(`   ${kept} of ${requests.length} lists are cached; reading them again\n`);
  }
  throw new Error(`${server.name}: ${requests.length} lists were read, ${kept} are cached; see what it said:\n${readFileSync(server.log, 'utf8').slice(-1_000)}`);
}

/** How many batches of books are cached, as `oponn cache stats` tells. */
export async function cached(world, server, database) {
  const args = ['cache', 'stats', '--config', world.config(database, [], server.redis.url), '--store', world.storeUrl(database)];
  const { stdout } = await finish({ command: world.oponn, args: [...args, '--cache', server.redis.url], cwd: world.work });
  return Number(/^Book +\d+ +(\d+)$/m.exec(stdout)[1]);
}

/** The ids of one store's books. */
export async function booksOf(world, database, store) {
  const { ObjectId } = await import('mongodb');
  const db = await world.database(database);
  const rows = await db.collection('books').find({ storeId: new ObjectId(store) }, { projection: { _id: 1 } }).toArray();
  return rows.map((row) => row._id.toHexString());
}

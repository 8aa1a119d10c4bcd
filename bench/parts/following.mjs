// How the cache follows the store: after an outage, after writes of other programs, for a server that cannot
// reach Redis, and while nothing happens.

import { setTimeout as sleep } from 'node:timers/promises';
import { Decimal128, ObjectId } from 'mongodb';
import { difference } from '../lib/check.js';
import { settled, used, while_ } from '../lib/cpu.js';
import { ask, metrics } from '../lib/http.js';
import { booksOf, touching } from '../lib/lists.js';
import { stop } from '../lib/processes.js';
import { proxy } from '../lib/proxy.js';
import { settings } from '../lib/settings.js';
import { median, quantile, shown, shownRange, summary, table } from '../lib/stats.js';
import { updates } from '../lib/updates.js';

export const title = 'Following the store';

/** This part writes past oponn, so it has data of its own. */
const DATABASE = 'following';
/** Documents of one foreign write of an outage. */
const AT_ONCE = 1_000;
/** The author of the documents that come and go. */
const MARK = 'Nobody';
/** Milliseconds between two looks at a server that catches up, and until it must be followed. */
const [LOOK, PATIENCE] = [20, 30_000];
const WHO = ['server', 'redis', 'store'];

export async function run(world, results) {
  results.begin('following', title);
  await world.load(DATABASE, { stores: 50, books: 2_000 });
  const redis = await world.redis('following');
  const serve = async (name, options = {}) => ({ ...(await world.serve(name, { database: DATABASE, cache: redis.url, shared: redis.url, ...options })), redis });
  const { stores } = await world.ids(DATABASE);
  const [list] = touching(stores[0], 1);
  const [written, others] = await Promise.all([booksOf(world, DATABASE, stores[0]), booksOf(world, DATABASE, stores[1])]);

  const outage = await outages(world, () => serve('oponn-outage'), redis, list, stores[2]);
  results.say('following', `### After an outage\n\n${settings.outage.toLocaleString('en')} writes of another program while no server runs, in ${settings.rounds} rounds; from the start of a server until all of them are in the cache.\n`);
  const rate = (row) => [row.what, shown(row.rate.median), shownRange(row.rate.range), ...WHO.map((who) => shown(row.cpu[who]))];
  results.say('following', table(['', 'writes/s', 'range', ...WHO.map((who) => `${who} us/write`)], outage.map(rate)));

  const server = await followed(await serve('oponn-following'), list);
  const seen = await foreign(world, server, list, written);
  results.say('following', `### Writes of other programs\n\n${settings.foreign} writes, one after the other; from the store's answer until a cached list shows the write. The store was read ${seen.finds} times.\n`);
  results.say('following', table(['', 'p50 ms', 'p99 ms', 'longest ms'], [['seen after', ...[seen.p50, seen.p99, seen.longest].map(shown)]]));

  const cut = await cutOff(world, serve, redis, others);
  results.say('following', `### A server cut off from Redis\n\n${settings.foreign} updates, one after the other, through a second server that reaches Redis by a proxy; then the same with the proxy fallen silent, which the first one finds out.\n`);
  results.say('following', table(['proxy', 'p50 ms', 'p99 ms', 'longest ms', 'first ms'], cut.map((row) => [row.what, ...[row.p50, row.p99, row.longest, row.first].map(shown)])));
  await checkList(world, server, list);
  await stop(server);

  const still = [];
  for (const [what, lines] of [['following', []], ['not following', ['[limits]', 'freshness = "0s"']]]) {
    const one = await serve('oponn-idle', { lines });
    still.push({ what, ...(await idle(world, one)) });
    await stop(one);
  }
  results.say('following', `### Idle\n\nProcessor time in ${settings.idle} s without a request, as a share of one core.\n`);
  results.say('following', table(['', ...WHO], still.map((row) => [row.what, ...WHO.map((who) => `${shown(row[who] * 100)} %`)])));
  results.json('following', { outage, foreign: seen, cutOff: cut, idle: still });
  await stop(redis);
}

const processes = (world, redis) => ({ redis: redis.pid, ...(world.storePid && { store: world.storePid }) });
const finds = async (server) => (await metrics(server))('oponn_store_operations_total', { op: 'find' });

/** Waits until a server answers a list from the cache: then it has all writes so far. */
async function followed(server, list) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
    const before = await finds(server);
    await ask(server, list);
    if ((await finds(server)) === before) return server;
  }
  throw new Error(`${server.name} does not use the cache`);
}

/** Writes that no server saw, and how fast one that starts makes up for them. */
async function outages(world, serve, redis, list, store) {
  const books = (await world.database(DATABASE)).collection('books');
  const kinds = { inserts: () => insert(books, store), updates: () => books.updateMany({ author: MARK }, { $inc: { version: 1 } }) };
  const rows = Object.keys(kinds).map((what) => ({ what, rates: [], cpu: [] }));
  // One has to have followed before, or there is nothing to go on from.
  await stop(await followed(await serve(), list));
  for (let round = 0; round < settings.rounds; round += 1) {
    for (const { what, rates, cpu } of rows) {
      await kinds[what]();
      const { result, cpu: others } = await while_(processes(world, redis), async () => {
        const began = performance.now();
        const server = await serve();
        const applied = async () => (await metrics(server))('oponn_tail_events_total', { result: 'applied' });
        while ((await applied()) < settings.outage) await sleep(LOOK);
        return { server, seconds: (performance.now() - began) / 1_000, cpu: used(server.pid) };
      });
      rates.push(settings.outage / result.seconds);
      cpu.push({ ...others, server: result.cpu });
      process.stderr.write(`   ${what}: ${shown(rates.at(-1))}/s\n`);
      await stop(await followed(result.server, list));
    }
    await books.deleteMany({ author: MARK });
    await stop(await followed(await serve(), list));
  }
  const micros = (cpu, who) => (median(cpu.map((one) => one[who])) * 1e6) / settings.outage;
  return rows.map(({ what, rates, cpu }) => ({ what, rate: summary(rates), cpu: Object.fromEntries(WHO.map((who) => [who, micros(cpu, who)])) }));
}

/** As many books as an outage has writes, in a store whose list nobody reads. */
async function insert(books, store) {
  const storeId = new ObjectId(store);
  const now = new Date();
  for (let first = 0; first < settings.outage; first += AT_ONCE) {
    const many = Array.from({ length: Math.min(AT_ONCE, settings.outage - first) }, (_, n) => ({
      isbn: `outage-${first + n}`, title: `Written meanwhile ${first + n}`, author: MARK, year: 2000, price: Decimal128.fromString('9.90'), storeId, version: 1, createdAt: now, updatedAt: now,
    }));
    await books.insertMany(many);
  }
}

/** How long after MongoDB's answer to a write of another program a cached list shows it. */
async function foreign(world, server, list, ids) {
  const books = (await world.database(DATABASE)).collection('books');
  const [latencies, before] = [[], await finds(server)];
  for (let n = 0; n < settings.foreign; n += 1) {
    const id = ids[n % ids.length];
    // Ever cheaper, so that the book comes first in the list.
    const price = ((settings.foreign - n) / 10_000).toFixed(4);
    await books.updateOne({ _id: new ObjectId(id) }, { $set: { price: Decimal128.fromString(price) } }, { writeConcern: { w: 'majority' } });
    const began = performance.now();
    for (;;) {
      const [node] = (await ask(server, list)).books.nodes;
      if (node.id === id && Number(node.price) === Number(price)) break;
      if (performance.now() - began > PATIENCE) throw new Error(`${server.name} does not show the price ${price} of ${id}`);
    }
    latencies.push(performance.now() - began);
  }
  return { ...spread(latencies), finds: (await finds(server)) - before };
}

/** Updates through a second server, before and after it is cut off from Redis. */
async function cutOff(world, serve, redis, ids) {
  const between = await proxy(redis.port);
  const server = await serve('oponn-cut-off', { cache: between.url });
  await updates(world, server, ids, 50);
  const rows = [];
  for (const what of ['open', 'silent']) {
    if (what === 'silent') between.silence();
    const { latencies: [first, ...others] } = await updates(world, server, ids, settings.foreign);
    rows.push({ what, first, ...spread(others) });
  }
  await stop(server);
  between.close();
  return rows;
}

/** Shares of a core that everybody takes while nothing happens. */
async function idle(world, server) {
  const all = { server: server.pid, ...processes(world, server.redis) };
  await settled(Object.values(all));
  const began = performance.now();
  const { cpu } = await while_(all, () => sleep(settings.idle * 1_000));
  const seconds = (performance.now() - began) / 1_000;
  return Object.fromEntries(WHO.map((who) => [who, cpu[who] / seconds]));
}

const spread = (latencies) => ({ p50: median(latencies), p99: quantile(latencies, 0.99), longest: Math.max(...latencies) });

/** After all the writes, a cached list must be what the store says. */
async function checkList(world, server, list) {
  const truth = await world.serve('oponn-truth', { database: DATABASE, cache: 'none:' });
  const found = difference(await ask(truth, list), await ask(server, list));
  await stop(truth);
  if (found) throw new Error(`a cached list is not what the store has: ${found}`);
}

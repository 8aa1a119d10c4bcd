// What clients notice when Redis is killed under load, stays away, and comes back empty.

import { setTimeout as sleep } from 'node:timers/promises';
import { ask, metrics } from '../lib/http.js';
import { touching } from '../lib/lists.js';
import { stop } from '../lib/processes.js';
import { settings } from '../lib/settings.js';
import { quantile, shown, shownRange, summary, table } from '../lib/stats.js';
import { UPDATE } from '../lib/updates.js';

export const title = 'A Redis that is killed';

/** Writes go on while nothing is cached, so this part has data of its own. */
const DATABASE = 'killed';
const COUNTS = { stores: 10, books: 400 };
const [READERS, WRITERS] = [16, 4];
/** More than any book costs at first; and how many prices of a book readers may look back to. */
const [DEAREST, KNOWN] = [1_000, 20];
/** Milliseconds between two looks at the servers, and until they must use the cache again. */
const [LOOK, PATIENCE] = [10, 30_000];
/** What goes on when a request ends, in order. */
const PHASES = ['before', 'while Redis is away', 'until the cache is used', 'after'];

export async function run(world, results) {
  results.begin('killed', title);
  await world.load(DATABASE, COUNTS);
  const { stores, books } = await world.ids(DATABASE);
  const lists = stores.map((store) => touching(store, 1)[0]);
  const load = { requests: [], acknowledged: new Map(), stale: 0 };
  const unused = [];
  const past = PHASES.map(() => ({ past: 0, all: 0 }));
  for (let round = 0; round < settings.rounds; round += 1) {
    let redis = await world.redis('killed');
    const serve = (name) => world.serve(name, { database: DATABASE, cache: redis.url });
    const servers = [await serve('oponn-killed-1'), await serve('oponn-killed-2')];
    await used(servers, lists);
    let phase = 0;
    let over = false;
    const clients = [
      ...Array.from({ length: READERS }, (_, n) => read(load, servers, lists, n, () => phase, () => over)),
      ...Array.from({ length: WRITERS }, (_, n) => write(load, servers, books, n, () => phase, () => over)),
    ];
    const lasts = async (work) => {
      const began = await counted(servers);
      await work();
      const ended = await counted(servers);
      past[phase].past += ended.past - began.past;
      past[phase].all += ended.all - began.all;
    };
    const seconds = () => sleep(settings.seconds * 1_000);
    await lasts(seconds);
    redis.child.kill('SIGKILL');
    phase = 1;
    await lasts(seconds);
    redis = await world.redis('killed', [], redis.port);
    phase = 2;
    const back = performance.now();
    await lasts(() => used(servers));
    unused.push(performance.now() - back);
    phase = 3;
    await lasts(seconds);
    over = true;
    await Promise.all(clients);
    await Promise.all(servers.map(stop));
    await stop(redis);
    process.stderr.write(`   the cache is used again ${shown(unused.at(-1))} ms after Redis is back\n`);
  }
  if (load.stale) throw new Error(`${load.stale} answers had a price from before an acknowledged write`);
  const rows = PHASES.flatMap((name, phase) => ['reads', 'writes'].map((kind) => spread(load, name, phase, kind, past[phase])));
  const again = summary(unused);
  results.say('killed', `${READERS} readers of ${lists.length} lists and ${WRITERS} writers, through two servers; Redis is killed with \`kill -9\`, is away for ${settings.seconds} s, and is started empty; in ${settings.rounds} rounds. Both servers read from the cache again ${shown(again.median)} ms (${shownRange(again.range)}) after Redis answers. No answer was stale.\n`);
  results.say('killed', table(['', 'requests', 'failed', 'p50 ms', 'p99 ms', 'longest ms', 'past the cache'], rows.map((row) => [`${row.kind} ${row.name}`, shown(row.requests), shown(row.failed), ...[row.p50, row.p99, row.longest].map(shown), row.past === undefined ? '' : `${shown(row.past * 100)} %`])));
  results.json('killed', { rows, again });
}

function spread({ requests }, name, phase, kind, { past, all }) {
  const these = requests.filter((one) => one.phase === phase && one.kind === kind);
  const took = these.filter((one) => !one.failed).map((one) => one.took);
  const share = kind === 'reads' ? { past: past / Math.max(1, all) } : {};
  return { name, kind, requests: these.length, failed: these.length - took.length, p50: quantile(took, 0.5), p99: quantile(took, 0.99), longest: Math.max(0, ...took), ...share };
}

/** Pages that the servers have read past the cache, from it, and all of them. */
async function counted(servers) {
  const sum = { past: 0, hits: [], all: 0 };
  for (const server of servers) {
    const value = await metrics(server);
    const reads = (result) => value('oponn_cache_reads_total', { kind: 'batch', ...(result && { result }) });
    sum.past += reads('miss') + reads('bypass');
    sum.hits.push(reads('hit'));
    sum.all += reads();
  }
  return sum;
}

/** Waits until each server answers from the cache; reads these lists itself if nobody else does. */
async function used(servers, lists = []) {
  const { hits } = await counted(servers);
  for (const end = performance.now() + PATIENCE; performance.now() < end; await sleep(LOOK)) {
    for (const server of servers) for (const list of lists) await ask(server, list);
    if ((await counted(servers)).hits.every((now, place) => now > hits[place])) return;
  }
  throw new Error('the servers do not use the cache');
}

/** Sends one request after the other, each through the next server. */
async function client(load, kind, servers, first, phase, over, request) {
  for (let turn = first; !over(); turn += 1) {
    const began = performance.now();
    let failed = false;
    try {
      await request(servers[turn % servers.length], turn);
    } catch {
      failed = true;
    }
    load.requests.push({ kind, phase: phase(), took: performance.now() - began, failed });
  }
}

/** Reads lists and looks for prices from before a write that was acknowledged when the read began. */
const read = (load, servers, lists, number, phase, over) =>
  client(load, 'reads', servers, number, phase, over, async (server, turn) => {
    const began = performance.now();
    const { books } = await ask(server, lists[(turn * 7 + number) % lists.length]);
    const least = (id) => load.acknowledged.get(id)?.findLast(({ at }) => at < began)?.price ?? 0;
    load.stale += books.nodes.filter(({ id, price }) => Number(price) < least(id)).length;
  });

/** Raises the prices of books that no other client writes. */
const write = (load, servers, books, number, phase, over) => {
  const own = books.filter((_, place) => place % WRITERS === number);
  return client(load, 'writes', servers, number, phase, over, async (server, turn) => {
    const id = own[turn % own.length];
    const known = load.acknowledged.get(id) ?? [];
    const price = (known.at(-1)?.price ?? DEAREST) + 1;
    await ask(server, UPDATE, { id, price: `${price}.00` });
    load.acknowledged.set(id, [...known.slice(-KNOWN), { price, at: performance.now() }]);
  });
};

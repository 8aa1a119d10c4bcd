// What a write costs beside many cached lists that it does not touch, and with many that it does.

import { difference } from '../lib/check.js';
import { ask } from '../lib/http.js';
import { booksOf, fillUntilCached, touching, unrelated } from '../lib/lists.js';
import { stop } from '../lib/processes.js';
import { settings } from '../lib/settings.js';
import { shown, shownRange, table } from '../lib/stats.js';
import { alternateUpdates } from '../lib/updates.js';

export const title = 'One updateBook, by cached lists';

export async function run(world, results) {
  results.begin('writes', title);
  results.say('writes', `${settings.updates} updates each, one after the other, in ${settings.rounds} alternating rounds; ratios are of the medians of each round. Every case has an oponn and a Redis of its own, on the same store.\n`);
  const ids = await world.ids('bench');
  // Each case writes to books of its own store, and no list of another case has them.
  const besides = casesOf(settings.unrelated);
  const withins = casesOf(settings.touched);
  const spare = ids.stores.slice(-(besides.length + withins.length));
  const beside = await measure(world, results, besides, 'unrelated cached lists', (count, place) => ({
    store: spare[place],
    lists: unrelated(ids, spare, count),
  }));
  const within = await measure(world, results, withins, 'cached lists that hold the book', (count, place) => ({
    store: spare[besides.length + place],
    lists: touching(spare[besides.length + place], count),
  }));
  results.json('writes', { unrelated: beside, touched: within });
}

/** Every count with every program: beside an older oponn both take part. */
function casesOf(counts) {
  const programs = settings.before ? ['before', 'oponn'] : ['oponn'];
  return counts.flatMap((count) => programs.map((program) => ({ count, program })));
}

async function measure(world, results, wantedCases, what, wanted) {
  const cases = [];
  for (const [place, { count, program }] of wantedCases.entries()) {
    const { store, lists } = wanted(count, place);
    const redis = await world.redis(`writes-${program}-${count}`);
    const lines = ['[limits]', `batches = ${Math.max(200_000, 2 * count)}`, `matches = ${Math.max(1_000, 2 * count)}`];
    const server = { ...(await world.serve(`writes-${program}-${count}-oponn`, { database: 'bench', cache: redis.url, lines, program })), redis };
    process.stderr.write(`   ${program}: reading ${count} ${what}\n`);
    await fillUntilCached(world, server, 'bench', lists);
    cases.push({ count, program, server, redis, lists, ids: await booksOf(world, 'bench', store) });
  }
  const measured = await alternateUpdates(world, cases, settings.updates, settings.rounds);
  await checkLists(world, cases);
  const rows = cases.map(({ count, program }, place) => ({ count, program, ...measured[place] }));
  const head = [what, 'program', 'median ms', 'to the first', 'range', 'p99 ms', 'oponn us/write', 'redis us/write', 'store us/write'];
  const line = (row) => [row.count.toLocaleString('en'), row.program, shown(row.median), `${row.ratio.median.toFixed(2)}x`, shownRange(row.ratio.range), shown(row.p99), ...['server', 'redis', 'store'].map((who) => shown(Math.round(row.cpu[who])))];
  results.say('writes', table(head, rows.map(line)));
  for (const { server, redis } of cases) {
    await stop(server);
    await stop(redis);
  }
  return rows;
}

/** After all the writes, cached lists must be what the store says. */
async function checkLists(world, cases) {
  const truth = await world.serve('oponn-truth', { database: 'bench', cache: 'none:' });
  for (const { server, lists } of cases) {
    const step = Math.max(1, Math.floor(lists.length / 100));
    for (let place = 0; place < lists.length; place += step) {
      const found = difference(await ask(truth, lists[place]), await ask(server, lists[place]));
      if (found) throw new Error(`a cached list is not what the store has: ${found}\n   ${lists[place]}`);
    }
  }
  await stop(truth);
}

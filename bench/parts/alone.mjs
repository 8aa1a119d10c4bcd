// What a write costs while only one oponn runs: each program in turn, so that no other one follows the store.

import { ask } from '../lib/http.js';
import { booksOf, touching } from '../lib/lists.js';
import { load, writeBodies } from '../lib/load.js';
import { stop } from '../lib/processes.js';
import { settings } from '../lib/settings.js';
import { median, quantile, shown, shownRange, summary, table } from '../lib/stats.js';
import { UPDATE, updates } from '../lib/updates.js';

export const title = 'Writes, one server at a time';

/** Prices that each book is given in turn. */
const PRICES = ['3.10', '4.20', '5.30', '6.40'];

export async function run(world, results) {
  results.begin('alone', title);
  const { stores, books } = await world.ids('bench');
  const [list] = touching(stores[0], 1);
  const ids = await booksOf(world, 'bench', stores[0]);
  const requests = PRICES.flatMap((price) => books.slice(0, 500).map((id) => ({ body: JSON.stringify({ query: UPDATE, variables: { id, price } }) })));
  const bodies = writeBodies(world, 'alone', requests);
  const programs = settings.before ? ['before', 'oponn'] : ['oponn'];
  const redis = Object.fromEntries(await Promise.all(programs.map(async (program) => [program, await world.redis(`alone-${program}`)])));
  const rounds = [];
  for (let round = 0; round < settings.rounds; round += 1) {
    const one = {};
    for (const program of round % 2 ? programs.toReversed() : programs) {
      const server = { ...(await world.serve('alone', { database: 'bench', cache: redis[program].url, program })), redis: redis[program] };
      await ask(server, list);
      await updates(world, server, ids, Math.ceil(settings.updates / 4));
      const { latencies, cpu } = await updates(world, server, ids, settings.updates);
      const many = await load(world, server, bodies);
      if (many.errors) throw new Error(`${program}: ${many.errors} writes failed`);
      await stop(server);
      const each = Object.fromEntries(Object.entries(cpu).map(([who, used]) => [who, (used * 1e6) / latencies.length]));
      one[program] = { p50: median(latencies), p99: quantile(latencies, 0.99), cpu: each, rate: many.rate, p50Many: many.p50 / 1_000, p99Many: many.p99 / 1_000 };
      process.stderr.write(`   ${program}: ${shown(one[program].p50)} ms, ${shown(many.rate)}/s\n`);
    }
    rounds.push(one);
  }
  await Promise.all(Object.values(redis).map(stop));
  results.say('alone', `${settings.rounds} alternating rounds: ${settings.updates} updates one after the other, then ${settings.seconds} s of updates over ${settings.connections} connections. Medians of the rounds; ratios are those of each round, to the first line.\n`);
  for (const [what, values] of Object.entries(MEASURED)) results.say('alone', compare(what, programs, rounds, values));
  results.json('alone', { rounds });
}

/** What is measured of a round, by the heading of its table. */
const MEASURED = {
  'one after the other, p50 ms': (one) => one.p50,
  'one after the other, p99 ms': (one) => one.p99,
  'server us/write': (one) => one.cpu.server,
  'many at once, writes/s': (one) => one.rate,
  'many at once, p50 ms': (one) => one.p50Many,
  'many at once, p99 ms': (one) => one.p99Many,
};

function compare(what, programs, rounds, value) {
  const [first] = programs;
  const rows = programs.map((program) => {
    const all = summary(rounds.map((round) => value(round[program])));
    const ratio = summary(rounds.map((round) => value(round[program]) / value(round[first])));
    return [program, shown(all.median), shownRange(all.range), `${ratio.median.toFixed(2)}x`, shownRange(ratio.range)];
  });
  return table([what, 'median', 'range', 'to the first', 'range'], rows);
}

// What events cost a write: none, one that tells of it, and one whose condition does not hold.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from '../lib/http.js';
import { load, writeBodies } from '../lib/load.js';
import { settings } from '../lib/settings.js';
import { median, shown, shownRange, summary, table } from '../lib/stats.js';
import { alternateUpdates, UPDATE } from '../lib/updates.js';

export const title = 'Events';

/** What is put on the type, and how the events are delivered: to a stream of a Redis of its own. */
const CASES = {
  'no event': '',
  'an event per update': '@emit(name: "priced", on: [UPDATE], to: "stream", payload: {book: "$document.id", old: "$before.price", new: "$after.price"})',
  'an event whose condition fails': '@emit(name: "priced", on: [UPDATE], to: "stream", when: {title: {ne: "$before.title"}})',
};
const PRICES = ['3.10', '4.20', '5.30', '6.40'];

function schemaWith(world, name, emit) {
  const path = join(world.work, `${name}.graphql`);
  const text = readFileSync(join(world.root, 'schema.graphql'), 'utf8');
  writeFileSync(path, text.replace('type Book @collection', `type Book @collection ${emit}`));
  return path;
}

export async function run(world, results) {
  results.begin('events', title);
  results.say('events', `${settings.updates} updates one after the other, then ${settings.seconds} s of updates over ${settings.connections} connections, both in ${settings.rounds} alternating rounds; events go to a Redis stream. Ratios are those of each round, to the first line.\n`);
  const { books } = await world.ids('bench');
  const sink = await world.redis('events-sink');
  const lines = ['[events.sinks.stream]', 'type = "redis-stream"', `url = "${sink.url}"`, 'stream = "events"'];
  for (const store of ['MongoDB', 'SQLite']) {
    const items = [];
    for (const [n, [name, emit]] of Object.entries(CASES).entries()) {
      const key = `events-${store}-${n}`;
      const redis = await world.redis(key);
      const used = emit ? lines : [];
      const schema = schemaWith(world, key, emit);
      const sqlite = `sqlite:${join(world.work, `${key}.db`)}`;
      const where = store === 'MongoDB' ? { database: 'bench' } : { store: sqlite };
      if (store === 'SQLite') await world.importInto('bench', sqlite);
      const server = { ...(await world.serve(key, { ...where, cache: redis.url, lines: used, schema })), redis };
      // Each case writes books of its own: they share the store.
      const ids = store === 'MongoDB' ? books.slice(n * 1_000, n * 1_000 + 500) : await idsOf(server);
      const requests = PRICES.flatMap((price) => ids.map((id) => ({ body: JSON.stringify({ query: UPDATE, variables: { id, price } }) })));
      items.push({ name, server, ids, bodies: writeBodies(world, key, requests) });
    }
    const one = await alternateUpdates(world, items, settings.updates, settings.rounds);
    const rates = items.map(() => []);
    for (let round = 0; round < settings.rounds; round += 1) {
      for (const [place, { name, server, bodies }] of items.entries()) {
        const run = await load(world, server, bodies);
        if (run.errors) throw new Error(`${name}: ${run.errors} writes failed`);
        rates[place].push(run.rate);
      }
    }
    const rows = items.map(({ name }, place) => {
      const { median: p50, ratio, p99, cpu } = one[place];
      const many = summary(rates[place].map((rate, round) => rate / rates[0][round]));
      return [name, shown(p50), `${ratio.median.toFixed(2)}x`, shownRange(ratio.range), shown(p99), shown(Math.round(cpu.server)), shown(median(rates[place])), `${many.median.toFixed(2)}x`];
    });
    results.say('events', `${store}:\n\n${table(['', 'p50 ms', 'to the first', 'range', 'p99 ms', 'server us/write', 'many at once, writes/s', 'to the first'], rows)}`);
    results.json(`events-${store.toLowerCase()}`, { one, rates });
  }
}

async function idsOf(server) {
  const { books } = await ask(server, '{ books(first: 500, orderBy: [{ field: ISBN, direction: ASC }]) { nodes { id } } }', {});
  return books.nodes.map(({ id }) => id);
}

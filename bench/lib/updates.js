// Updates, one after the other, each timed on its own.

import { Agent } from 'node:http';
import { while_ } from './cpu.js';
import { ask } from './http.js';
import { median, quantile, summary } from './stats.js';

export const UPDATE = 'mutation($id: ID!, $price: Decimal!) { updateBook(id: $id, set: { price: $price }) { id price } }';

/** Sets a book's price and checks the answer. */
export async function setPrice(server, id, price, options) {
  const { updateBook } = await ask(server, UPDATE, { id, price }, options);
  if (updateBook.id !== id || Number(updateBook.price) !== Number(price)) {
    throw new Error(`${server.name}: the price of ${id} was set to ${price}, the answer says ${JSON.stringify(updateBook)}`);
  }
}

let turn = 0;

/** So many updates of these books over one connection: latencies in ms, CPU seconds by process. */
export async function updates(world, server, ids, count) {
  const via = new Agent({ keepAlive: true, maxSockets: 1 });
  const processes = { server: server.pid };
  if (server.redis) processes.redis = server.redis.pid;
  if (world.storePid) processes.store = world.storePid;
  const latencies = [];
  const { cpu } = await while_(processes, async () => {
    for (let n = 0; n < count; n += 1) {
      turn += 1;
      const began = performance.now();
      // Never the price that the book has.
      await setPrice(server, ids[n % ids.length], `${3 + (turn % 57)}.${10 + (turn % 90)}`, { via });
      latencies.push(performance.now() - began);
    }
  });
  via.destroy();
  return { latencies, cpu };
}

/**
 * Alternates between servers, in rounds, and gives for each (in their order) median and p99 in ms, the ratios of
 * each round's median to that of the first server, and microseconds of processor time per write. `items` are
 * { server, ids }.
 */
export async function alternateUpdates(world, items, count, rounds) {
  const all = items.map(() => ({ latencies: [], medians: [], cpu: {} }));
  for (const { server, ids } of items) await updates(world, server, ids, Math.max(10, Math.round(count / 10)));
  for (let round = 0; round < rounds; round += 1) {
    for (const [place, { server, ids }] of items.entries()) {
      const { latencies, cpu } = await updates(world, server, ids, Math.ceil(count / rounds));
      all[place].latencies.push(...latencies);
      all[place].medians.push(median(latencies));
      for (const [who, used] of Object.entries(cpu)) all[place].cpu[who] = (all[place].cpu[who] ?? 0) + used;
    }
  }
  return all.map(({ latencies, medians, cpu }) => ({
    writes: latencies.length,
    ratio: summary(medians.map((one, round) => one / all[0].medians[round])),
    medians,
    median: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpu: Object.fromEntries(Object.entries(cpu).map(([who, used]) => [who, (used * 1e6) / latencies.length])),
  }));
}

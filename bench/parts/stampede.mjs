// Many readers of one cold list at the same moment, over two servers: how often is the store asked?

import { isDeepStrictEqual } from 'node:util';
import { Agent } from 'node:http';
import { ask, metrics } from '../lib/http.js';
import { stop } from '../lib/processes.js';
import { scenarios } from '../lib/scenarios.js';
import { settings } from '../lib/settings.js';
import { median, quantile, shown, table } from '../lib/stats.js';

export const title = 'A stampede on one cold list';

export async function run(world, results) {
  results.begin('stampede', title);
  const { requests } = scenarios(await world.ids('bench'))['list-many'];
  const redis = await world.redis('stampede');
  const servers = [];
  for (const name of ['oponn-a', 'oponn-b']) servers.push(await world.serve(name, { database: 'bench', cache: redis.url }));
  // One connection per reader, open before anything is measured.
  const agents = servers.map(() => new Agent({ keepAlive: true, maxSockets: settings.readers, maxFreeSockets: settings.readers }));
  const readers = Array.from({ length: settings.readers }, (_, n) => n % servers.length);
  const all = (work) => Promise.all(readers.map((which) => work(servers[which], { via: agents[which] })));

  const rounds = [];
  for (let round = 0; round < settings.rounds; round += 1) {
    await all((server, options) => ask(server, '{ __typename }', {}, options));
    const finds = async () => {
      const each = await Promise.all(servers.map(metrics));
      return each.reduce((sum, value) => sum + value('oponn_store_operations_total', { op: 'find' }), 0);
    };
    const before = await finds();
    const latencies = [];
    const began = performance.now();
    const answers = await all(async (server, options) => {
      const data = await ask(server, requests[round].body, undefined, options);
      latencies.push(performance.now() - began);
      return data;
    });
    const took = performance.now() - began;
    if (answers.some((data) => !isDeepStrictEqual(data, answers[0])) || answers[0].books.nodes.length === 0) {
      throw new Error('the readers of one list did not all get the same rows');
    }
    rounds.push({ finds: (await finds()) - before, took, p50: median(latencies), p99: quantile(latencies, 0.99) });
  }
  agents.forEach((agent) => agent.destroy());
  for (const server of [...servers, redis]) await stop(server);

  const line = (round, n) => [n + 1, round.finds, shown(round.took), shown(round.p50), shown(round.p99)];
  results.say('stampede', `${settings.readers} readers over 2 servers with one Redis; another cold list each round.\n`);
  results.say('stampede', table(['round', 'store finds', 'all answered after ms', 'p50 ms', 'p99 ms'], rounds.map(line)));
  results.json('stampede', { readers: settings.readers, rounds });
}

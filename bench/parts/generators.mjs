// What the load generators themselves cost: the same requests to the same server by wrk and by k6.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { while_ } from '../lib/cpu.js';
import { startContenders } from '../lib/contenders.js';
import { k6, NO_K6 } from '../lib/k6.js';
import { load, writeBodies } from '../lib/load.js';
import { finish } from '../lib/processes.js';
import { scenarios } from '../lib/scenarios.js';
import { settings } from '../lib/settings.js';
import { median, shown, summary, table } from '../lib/stats.js';

export const title = 'What the generators cost';

export async function run(world, results) {
  results.begin('generators', title);
  const program = k6();
  if (!program) return results.say('generators', NO_K6);
  const scenario = scenarios(await world.ids('bench'))['list-hot'];
  const { oponn } = await startContenders(world, ['oponn'], 'bench', {});
  const bodies = writeBodies(world, 'generators', scenario.requests);
  const ways = { wrk: () => load(world, oponn, bodies), k6: () => byK6(world, program, oponn, bodies) };
  const runs = { wrk: [], k6: [] };
  await load(world, oponn, bodies, { seconds: Math.max(1, settings.warmup) });
  for (let round = 0; round < settings.rounds; round += 1) {
    for (const [name, work] of Object.entries(ways)) runs[name].push(await work());
  }
  const rows = Object.entries(runs).map(([name, all]) => ({
    name,
    rate: summary(all.map((one) => one.rate)),
    generator: median(all.map((one) => one.cpu.generator)),
    server: median(all.map((one) => one.cpu.server)),
  }));
  const line = (row) => [row.name, shown(row.rate.median), shown(row.generator), shown(row.server), `${Math.round((100 * row.generator) / (row.generator + row.server))} %`];
  results.say('generators', `One hot list of oponn, ${settings.connections} connections or virtual users, the same number of runs of ${settings.seconds} s in turn.\n`);
  results.say('generators', table(['', 'req/s', 'generator us/req', 'oponn us/req', "generator's share"], rows.map(line)));
  results.json('generators', { rows });
}

async function byK6(world, program, server, bodies) {
  const out = join(world.work, 'k6.json');
  const env = { URL: `${server.url}/graphql`, BODIES: bodies, OUT: out, VUS: settings.connections, DURATION: `${settings.seconds}s` };
  const args = ['run', '--quiet', '--no-usage-report', '--address', '127.0.0.1:0', join(world.here, 'lib/k6-post.js')];
  const processes = { server: server.pid };
  const { cpu } = await while_(processes, () => finish({ command: program, args, env }));
  const { requests, seconds, failed } = JSON.parse(readFileSync(out, 'utf8'));
  if (failed > 0) throw new Error(`k6: ${failed} of ${requests} requests failed`);
  return { rate: requests / seconds, cpu: { generator: (cpu.generator * 1e6) / requests, server: (cpu.server * 1e6) / requests } };
}

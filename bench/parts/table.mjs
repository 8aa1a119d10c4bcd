// The main table: every scenario, every contender, in alternating runs.

import { checkAfter, checkEqual, checkFresh } from '../lib/check.js';
import { canAnswer, chosen, contenders, startContenders } from '../lib/contenders.js';
import { load, writeBodies } from '../lib/load.js';
import { bars } from '../lib/plots.js';
import { scenarios } from '../lib/scenarios.js';
import { settings } from '../lib/settings.js';
import { median, range, shown, shownRange, summary, table } from '../lib/stats.js';

export const title = 'Requests per second, side by side';

export async function run(world, results) {
  const all = scenarios(await world.ids('bench'));
  const names = settings.scenarios ?? Object.keys(all);
  const unknown = names.filter((name) => !all[name]);
  if (unknown.length) throw new Error(`no scenario ${unknown}; there are ${Object.keys(all).join(', ')}`);
  const picked = Object.fromEntries(names.map((name) => [name, all[name]]));
  const running = await startContenders(world, chosen(), 'bench', picked);

  results.begin('table', title);
  results.say('table', HOW);
  const measured = [];
  for (const [name, scenario] of Object.entries(picked)) {
    const able = Object.values(running).filter((server) => canAnswer(server, scenario));
    const answers = await checkEqual(able, scenario);
    const bodies = writeBodies(world, name, scenario.requests);
    for (const group of ['cached', 'uncached']) {
      const servers = able.filter((server) => server.group === group);
      if (servers.length === 0) continue;
      const runs = await alternate(world, servers, bodies, (server, one) => checkAfter(server, scenario, answers, one));
      const rows = compare(servers, runs);
      measured.push({ scenario: name, title: scenario.title, group, rows });
      results.say('table', `### ${scenario.title} (${name}, ${group === 'cached' ? 'from the cache' : 'from the store'})\n`);
      results.say('table', tell(servers, rows));
      results.json('table', { measured });
    }
  }
  if (running.oponn) {
    await checkFresh(world, running.oponn, 'bench');
    results.say('table', 'After the runs, 40 writes through a second oponn were in the very next answer of the first.\n');
  }
  await draw(results, measured);
}

const HOW = `${settings.rounds} alternating runs of ${settings.seconds} s, ${settings.connections} connections.
Medians; ratios are those of each round, with their range. All answers were equal before and right after.
Contenders marked * may answer what a write has changed since; oponn does not.
Processor time: microseconds that all threads of a process took, per answered request; its ratio is that of
server, Redis and store together.
`;

/** Runs A, B, C, A, B, C, ... after one warm-up each. */
async function alternate(world, servers, bodies, check) {
  const runs = Object.fromEntries(servers.map(({ name }) => [name, []]));
  for (const server of settings.warmup > 0 ? servers : []) {
    await load(world, server, bodies, { seconds: settings.warmup });
  }
  for (let round = 0; round < settings.rounds; round += 1) {
    for (const server of servers) {
      const one = await load(world, server, bodies);
      await check(server, one);
      runs[server.name].push(one);
      process.stderr.write(`   ${server.name}: ${shown(one.rate)}/s\n`);
    }
  }
  return runs;
}

function compare(servers, runs) {
  const reference = servers.find((server) => server.reference);
  return servers.map(({ name }) => {
    const of = (read) => summary(runs[name].map(read));
    const ratios = reference && reference.name !== name ? runs[name].map((one, round) => runs[reference.name][round].rate / one.rate) : undefined;
    const cost = (one) => one.cpu.server + (one.cpu.redis ?? 0) + (one.cpu.store ?? 0);
    const costs = ratios && runs[name].map((one, round) => cost(one) / cost(runs[reference.name][round]));
    const who = [...new Set(runs[name].flatMap((one) => Object.keys(one.cpu)))];
    return {
      name,
      rate: of((one) => one.rate),
      p50: median(runs[name].map((one) => one.p50)),
      p99: median(runs[name].map((one) => one.p99)),
      ratio: ratios && summary(ratios),
      costs: costs && summary(costs),
      cpu: Object.fromEntries(who.map((one) => [one, median(runs[name].map((run) => run.cpu[one]).filter(Number.isFinite))])),
      runs: runs[name],
    };
  });
}

function tell(servers, rows) {
  const reference = servers.find((server) => server.reference)?.name ?? 'reference';
  const head = ['', 'req/s', 'range', `${reference} / this`, 'range', 'processor time, this / ' + reference, 'p50 ms', 'p99 ms'];
  const who = ['server', 'redis', 'store', 'generator'];
  const lines = rows.map((row) => [
    `${row.name}${contenders[row.name].stale ? ' *' : ''}`,
    shown(row.rate.median),
    shownRange(row.rate.range),
    row.ratio ? `${shown(row.ratio.median)}x` : '',
    row.ratio ? shownRange(row.ratio.range) : '',
    row.costs ? `${shown(row.costs.median)}x` : '',
    shown(row.p50 / 1_000),
    shown(row.p99 / 1_000),
    ...who.map((one) => (row.cpu[one] === undefined ? '' : shown(Math.round(row.cpu[one] * 10) / 10))),
  ]);
  return table([...head, ...who.map((one) => `${one} us/req`)], lines);
}

async function draw(results, measured) {
  for (const group of new Set(measured.map((one) => one.group))) {
    const rows = measured
      .filter((one) => one.group === group)
      .flatMap((one) =>
        one.rows.map((row) => {
          const [low, high] = range(row.rate.all);
          return { group: one.title, name: row.name, value: row.rate.median, low, high };
        }),
      );
    await results.svg(`table-${group}`, bars(`Requests per second, ${group}: median and range`, 'requests per second', rows));
  }
}

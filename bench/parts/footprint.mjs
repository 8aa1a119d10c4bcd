// Start to ready, resident memory when idle, size of the binary.

import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { resident } from '../lib/cpu.js';
import { freePort, pinned, stop } from '../lib/processes.js';
import { settings } from '../lib/settings.js';
import { shown, shownRange, summary, table } from '../lib/stats.js';

export const title = 'Start, memory, size';
/** How long a server is left alone before its memory is read. */
const IDLE = 2_000;

const isReady = (port) =>
  new Promise((resolve) => {
    const asked = get({ host: '127.0.0.1', port, path: '/readyz', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('error', () => resolve(false));
  });

export async function run(world, results) {
  results.begin('footprint', title);
  const redis = await world.redis('footprint');
  const config = world.config('bench');
  const sqlite = `sqlite:${world.work}/footprint.db`;
  await world.importInto('bench', sqlite);
  const ways = {
    'MongoDB and Redis': ['--store', world.storeUrl('bench'), '--cache', redis.url],
    'SQLite and memory': ['--store', sqlite, '--cache', 'memory:'],
  };
  const rows = [];
  for (const [name, args] of Object.entries(ways)) {
    const [times, memory] = [[], []];
    for (let round = 0; round < settings.rounds; round += 1) {
      const port = await freePort();
      const began = performance.now();
      const command = pinned(true, world.oponn, ['serve', '--config', config, ...args, '--listen', `127.0.0.1:${port}`]);
      const child = spawn(...command, { cwd: world.work, stdio: 'ignore' });
      while (!(await isReady(port))) {
        if (child.exitCode !== null) throw new Error(`oponn ended with ${child.exitCode} at its start on ${name}`);
        await sleep(1);
      }
      times.push(performance.now() - began);
      await sleep(IDLE);
      memory.push(resident(child.pid) / 1e6);
      await stop({ child });
    }
    rows.push({ name, ready: summary(times), resident: summary(memory) });
  }
  await stop(redis);
  const size = statSync(world.oponn).size / 1e6;
  results.say('footprint', `${settings.books} books and ${settings.stores} bookstores are in the store. Ready is the first 200 from /readyz, counted from the spawn; memory is that of ${IDLE / 1000} s later. The binary has ${shown(size)} MB.\n`);
  const line = (row) => [row.name, shown(row.ready.median), shownRange(row.ready.range), shown(row.resident.median), shownRange(row.resident.range)];
  results.say('footprint', table(['', 'ready after ms', 'range', 'resident MB', 'range'], rows.map(line)));
  results.json('footprint', { rows, binary: size });
}

// One timed run of wrk against one server.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settled, while_ } from './cpu.js';
import { finish } from './processes.js';
import { settings } from './settings.js';

/** Writes the bodies of a scenario for wrk, each after its token if it has one, in an order that is no order of the data. */
export function writeBodies(world, name, requests) {
  const path = join(world.work, `${name}.bodies`);
  const mixed = requests.map(({ body, token }, n) => [(n * 7_919) % requests.length, token ? `${token}\t${body}` : body]);
  mixed.sort(([left], [right]) => left - right);
  writeFileSync(path, mixed.map(([, body]) => `${body}\n`).join(''));
  return path;
}

/** Writes requests of any method and path for wrk. */
export function writeRequests(world, name, requests) {
  const path = join(world.work, `${name}.bodies`);
  writeFileSync(path, requests.map(({ method, path, body = '' }) => ` ${method} ${path} ${body}\n`).join(''));
  return path;
}

/** Rate, latency, and the processor time of everybody per request. What is to go on meanwhile begins when the servers are idle. */
export async function load(world, server, bodies, options = {}) {
  const { seconds = settings.seconds, connections = settings.connections, begin } = options;
  const threads = Math.min(settings.threads, connections);
  const processes = { server: server.pid };
  if (server.redis) processes.redis = server.redis.pid;
  if (world.storePid) processes.store = world.storePid;
  await settled(Object.values(processes));
  begin?.();
  const args = ['-t', threads, '-c', connections, '-d', `${seconds}s`, '--timeout', '20s'];
  args.push('-s', join(world.here, 'lib/wrk.lua'), `${server.url}${server.path ?? '/graphql'}`, '--', bodies, threads);
  const { result, cpu } = await while_(processes, () => finish({ command: 'wrk', args: args.map(String) }));
  const line = /^RESULT (.*)$/m.exec(result.stdout);
  if (!line) throw new Error(`wrk gave no result:\n${result.stdout}${result.stderr}`);
  const run = JSON.parse(line[1]);
  // Without a single answer there is no such thing: NaN is shown as a dash.
  const perRequest = Object.entries(cpu).map(([who, used]) => [who, run.requests ? (used * 1e6) / run.requests : NaN]);
  return {
    ...run,
    seconds: run.micros / 1e6,
    rate: run.requests / (run.micros / 1e6),
    errors: Object.values(run.faults).reduce((sum, count) => sum + count, 0),
    cpu: Object.fromEntries(perRequest),
  };
}

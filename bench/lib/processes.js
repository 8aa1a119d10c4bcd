// Starts programs, waits until they answer, and stops those that were started here and no others.

import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { settings } from './settings.js';

const started = new Set();

/** A loopback port on which nobody listens now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const listening = (port) =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => resolve(true) || socket.destroy());
    socket.on('error', () => resolve(false));
  });

/**
 * Starts a server and waits until it listens on `port`. When runs are pinned, what is `measured` has the first
 * core; everything else is where this process is, on the others.
 */
export async function start({ name, command, args = [], env = {}, cwd, work, port, measured, ready = listening }) {
  const [program, parameters] = pinned(measured, command, args);
  const log = join(work, `${name}.log`);
  const child = spawn(program, parameters, {
    cwd,
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const file = createWriteStream(log);
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  const server = { name, port, pid: child.pid, child, log, url: `http://127.0.0.1:${port}` };
  started.add(server);
  child.on('error', (error) => (server.failed = error));
  child.on('exit', () => started.delete(server));
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(5)) {
    if (server.failed || child.exitCode !== null) break;
    if (await ready(port)) return server;
  }
  const said = readFileSync(log, 'utf8').split('\n').slice(-15).join('\n   ');
  throw new Error(`${name} does not answer on port ${port}: ${server.failed ?? ''}\n   ${said}`);
}

/** Runs a program to its end and gives what it printed; fails when it fails. */
export async function finish({ command, args = [], env = {}, cwd, measured, allow = [0] }) {
  const [program, parameters] = pinned(measured, command, args);
  const child = spawn(program, parameters, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const entry = { child };
  started.add(entry);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => (stdout += data));
  child.stderr.on('data', (data) => (stderr += data));
  const began = process.hrtime.bigint();
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  }).finally(() => started.delete(entry));
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  if (!allow.includes(code)) {
    throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${(stderr || stdout).slice(-2_000)}`);
  }
  return { stdout, stderr, seconds, code };
}

export function pinned(measured, command, args) {
  return settings.pin && measured ? ['taskset', ['-c', '0', command, ...args]] : [command, args];
}

/** Stops one server and waits for its end. */
export async function stop(server) {
  const { child } = server;
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(hard);
}

export const stopAll = () => Promise.all([...started].map(stop));

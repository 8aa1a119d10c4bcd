// Where results go: JSON for programs, Markdown for people, SVG for both.

import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { settings } from './settings.js';

const version = (command, args = ['--version']) => {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim().split('\n')[0];
  } catch (error) {
    // wrk ends with 1 after it has told its version.
    return String(error.stdout ?? '').trim().split('\n')[0] || 'unknown';
  }
};

/** What the figures depend on besides the code. */
export function machine(world) {
  const peers = JSON.parse(readFileSync(join(world.here, 'peers/package-lock.json'), 'utf8')).packages;
  const peer = (name) => peers[`node_modules/${name}`]?.version;
  return {
    processor: cpus()[0]?.model,
    cores: settings.cores,
    memory: totalmem(),
    kernel: release(),
    load: loadavg()[0],
    node: process.version,
    oponn: version(world.oponn),
    commit: version('git', ['-C', world.root, 'rev-parse', '--short', 'HEAD']),
    redis: version(world.redisServer),
    store: version(process.env.BENCH_MONGODB_SERVER ?? 'unknown'),
    wrk: version('wrk', ['-v']),
    k6: version(process.env.BENCH_K6 ?? 'k6'),
    peers: Object.fromEntries(['mercurius', 'mercurius-cache', 'graphql-yoga', '@graphql-yoga/plugin-response-cache'].map((name) => [name, peer(name)])),
  };
}

export class Results {
  #folder;
  #machine;

  constructor(world) {
    this.#folder = process.env.RESULTS ?? join(world.here, 'results', settings.pin ? 'pinned' : 'all-cores');
    mkdirSync(this.#folder, { recursive: true });
    this.#machine = machine(world);
  }

  get folder() {
    return this.#folder;
  }

  /** Begins the Markdown of a part and prints its title. */
  begin(part, title) {
    const { processor, cores, load, oponn } = this.#machine;
    writeFileSync(join(this.#folder, `${part}.md`), '');
    this.say(part, `\n## ${title}\n\n${oponn}, ${processor}, ${cores} cores, load ${load.toFixed(1)} at the start${settings.pin ? '; pinned' : ''}\n`);
  }

  /** Adds text to the Markdown of a part, and shows it. */
  say(part, text) {
    process.stdout.write(`${text}\n`);
    appendFileSync(join(this.#folder, `${part}.md`), `${text}\n`);
  }

  json(part, data) {
    const when = new Date().toISOString();
    writeFileSync(join(this.#folder, `${part}.json`), `${JSON.stringify({ when, machine: this.#machine, settings, ...data }, null, 1)}\n`);
  }

  async svg(name, drawing) {
    writeFileSync(join(this.#folder, `${name}.svg`), await drawing);
  }
}

// The viewing history of examples/history beside two ways to write it by hand on Redis: one JSON array for each profile, and
// a hash of items with sorted sets by dimension. Reads while viewers write, writes alone, and memory.

import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import Redis from 'ioredis';
import { resident } from '../lib/cpu.js';
import { random } from '../lib/data.js';
import { lookUp, nameOf, profile, put } from '../lib/history.js';
import { each, metrics, send } from '../lib/http.js';
import { load, writeRequests } from '../lib/load.js';
import { freePort, start } from '../lib/processes.js';
import { settings } from '../lib/settings.js';
import { median, quantile, shown, shownRange, summary, table } from '../lib/stats.js';

export const title = 'Viewing history';

/** Seconds between two writes of a viewer. */
const EVERY = 5;
const NAMES = ['oponn', 'json', 'sets'];
const SHOWN = { oponn: 'oponn', json: 'a JSON array for each profile', sets: 'a hash and sorted sets' };

export async function run(world, results) {
  results.begin('history', title);
  const { profiles, viewers, rounds, seconds } = settings;
  const contenders = await startAll(world);
  const counts = await fill(world, contenders);
  // What oponn caches, it has read once.
  await each(Array.from({ length: profiles }, (_, n) => n), 32, (n) => answered(contenders.oponn, `/v1/profiles/${nameOf(n)}/history`));
  const memory = {};
  for (const name of NAMES) memory[name] = await used(contenders[name]);

  const next = random(7);
  const requests = Array.from({ length: settings.lookUps }, () => ({ method: 'GET', path: lookUp(next, Math.floor(next() * profiles)) }));
  await agree(contenders, requests.slice(0, 2_000));
  const reading = writeRequests(world, 'history-reads', requests);
  const watching = watched(profiles, viewers);
  const writing = writeRequests(world, 'history-writes', watching.map((one, n) => ({ method: 'PUT', ...put(one.number, one.item, 1 + (n % 1_000), one.at) })));

  const runs = Object.fromEntries(NAMES.map((name) => [name, { reads: [], puts: [], writes: [], stored: [] }]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of round % 2 ? NAMES.toReversed() : NAMES) {
      const [server, one] = [contenders[name], runs[name]];
      const writer = new Viewers(server, watching);
      const read = await load(world, server, reading, { seconds: round ? seconds : Math.max(1, settings.warmup), begin: () => writer.begin() });
      const latencies = await writer.end();
      if (read.errors || writer.errors) throw new Error(`${name}: ${read.errors} reads and ${writer.errors} writes failed`);
      const before = await stored(server);
      const written = await load(world, server, writing, { seconds: round ? seconds : 1 });
      const after = await stored(server);
      if (written.errors) throw new Error(`${name}: ${written.errors} writes failed`);
      await writer.judge();
      // The first round is the warm-up.
      if (!round) continue;
      one.reads.push(read);
      one.puts.push({ p50: median(latencies), p99: quantile(latencies, 0.99), sent: latencies.length });
      one.writes.push(written);
      one.stored.push({ operations: (after.operations - before.operations) / written.requests, bytes: (after.bytes - before.bytes) / written.requests });
      process.stderr.write(`   ${name}: ${shown(read.rate)} reads/s, ${shown(written.rate)} writes/s\n`);
    }
  }
  await agree(contenders, requests.slice(0, 500), true);

  results.say('history', `${shown(profiles)} profiles with ${counts.least} to ${shown(counts.most)} items, ${shown(counts.items)} together (Pareto, exponent 1; median ${counts.median}). ${shown(requests.length)} look-ups of seven kinds, ${settings.connections} connections, while ${shown(viewers)} viewers write every ${EVERY} s; then writes alone. ${rounds} alternating rounds of ${seconds} s; medians, ratios are those of each round, to oponn.\n`);
  const column = (name, value) => summary(runs[name].reads.map((_, round) => value(runs[name], round)));
  const ratio = (name, what) => summary(runs[name][what].map((run, round) => run.rate / runs.oponn[what][round].rate));
  const rows = (what, more) =>
    NAMES.map((name) => {
      const all = ratio(name, what);
      const of = (value) => shown(column(name, (one, round) => value(one[what][round])).median);
      return [SHOWN[name], of((run) => run.rate), `${all.median.toFixed(2)}x`, shownRange(all.range), of((run) => run.p50 / 1_000), of((run) => run.p99 / 1_000), of((run) => run.cpu.server), of((run) => run.cpu.redis), ...more(name)];
    });
  const head = ['', 'per second', 'to oponn', 'range', 'p50 ms', 'p99 ms', 'server us', 'Redis us'];
  const beside = (name) => [shown(column(name, (one, round) => one.puts[round].p50).median), shown(column(name, (one, round) => one.puts[round].p99).median)];
  results.say('history', `Look-ups, and the writes beside them:\n\n${table([...head, 'write p50 ms', 'write p99 ms'], rows('reads', beside))}`);
  const storing = (name) => [shown(column(name, (one, round) => one.stored[round].operations).median), shown(column(name, (one, round) => one.stored[round].bytes).median)];
  results.say('history', `Writes alone:\n\n${table([...head, 'store operations per write', 'bytes of the append-only file per write'], rows('writes', storing))}`);
  const held = NAMES.map((name) => {
    const { redis, keys, server } = memory[name];
    return [SHOWN[name], shown(redis / 1e6), shown(redis / profiles), shown(keys / profiles), shown(server / 1e6)];
  });
  results.say('history', `Memory, when each profile has been asked for once:\n\n${table(['', 'Redis MB', 'bytes per profile', 'keys per profile', 'server MB'], held)}`);
  results.json('history', { counts, memory, runs });
}

/** The three servers, each with a Redis of its own. Where Redis is the only copy, it keeps an append-only file. */
async function startAll(world) {
  const contenders = {};
  for (const name of ['json', 'sets']) {
    const redis = await world.redis(`history-${name}`, ['--appendonly', 'yes', '--appendfsync', 'everysec', '--appenddirname', `aof-${name}`]);
    const port = await freePort();
    const env = { MODEL: name, REDIS: redis.url, PORT: String(port) };
    contenders[name] = { ...(await start({ name, command: world.bare, args: ['history'], env, work: world.work, port, measured: true })), redis };
  }
  const example = join(world.root, 'examples/history');
  const redis = await world.redis('history-oponn');
  const lines = ['[api]', `operations_folder = ${JSON.stringify(join(example, 'operations'))}`];
  const schema = join(example, 'schema.graphql');
  const folder = join(world.work, 'history');
  mkdirSync(folder, { recursive: true });
  const loader = readFileSync(join(example, 'loaders/history.toml'), 'utf8');
  writeFileSync(join(folder, 'history.toml'), loader.replace('data/history.ndjson', 'history.ndjson'));
  const serve = () => world.serve('history', { database: 'history', cache: redis.url, lines, schema });
  const load = () => world.importInto('history', world.storeUrl('history'), [], 'none:', { lines, schema });
  return { ...contenders, oponn: { redis, load, serve } };
}

/** Puts the same items into all three. */
async function fill(world, contenders) {
  const file = createWriteStream(join(world.work, 'history/history.ndjson'));
  const clients = { json: new Redis(contenders.json.redis.url), sets: new Redis(contenders.sets.redis.url) };
  const sizes = [];
  for (let number = 0; number < settings.profiles; number += 1) {
    const [items, key] = [profile(number), `h:${nameOf(number)}`];
    sizes.push(items.length);
    const lines = items.map((item) => `${JSON.stringify({ profile: nameOf(number), ...item })}\n`).join('');
    if (!file.write(lines)) await once(file, 'drain');
    const pipeline = clients.sets.pipeline();
    const sets = new Map();
    for (const item of items) {
      const of = setsOf(item);
      pipeline.hset(key, item.asset, JSON.stringify(item));
      pipeline.hset(`${key}:d`, item.asset, of.join('\n'));
      for (const set of of) sets.set(set, [...(sets.get(set) ?? []), Date.parse(item.watchedAt), item.asset]);
    }
    for (const [set, members] of sets) pipeline.zadd(`${key}${set}`, ...members);
    await Promise.all([clients.json.hset(key, 'v', 1, 'items', JSON.stringify(items)), pipeline.exec()]);
  }
  file.end();
  await once(file, 'finish');
  for (const client of Object.values(clients)) client.disconnect();
  await contenders.oponn.load();
  Object.assign(contenders.oponn, await contenders.oponn.serve());
  return { items: sizes.reduce((sum, size) => sum + size, 0), least: Math.min(...sizes), most: Math.max(...sizes), median: median(sizes) };
}

/** The sorted sets that an item is in, as the server by hand names them. */
function setsOf({ sport, series, teams, show, season }) {
  const sets = [':all'];
  if (sport) sets.push(`:s:${sport}`, `:s:${sport}:${series}`, ...teams.map((team) => `:s:${sport}:${series}:${team}`));
  if (show) sets.push(`:w:${show}`, `:w:${show}:${season}`);
  return sets;
}

async function answered(server, path) {
  const { status, text } = await send(`${server.url}${path}`);
  if (status !== 200) throw new Error(`${server.name} answered ${status} to ${path}: ${text.slice(0, 300)}`);
  return text;
}

/** Asserts that all three give the same answers; after writes, whose last ones differ, the same but for those. */
async function agree(contenders, requests, written = false) {
  await each(requests, 16, async ({ path }) => {
    const texts = await Promise.all(NAMES.map((name) => answered(contenders[name], path)));
    const told = written ? texts.map((text) => JSON.parse(text).total) : texts;
    if (new Set(told).size !== 1) throw new Error(`different answers to ${path}:\n${texts.map((text) => text.slice(0, 400)).join('\n')}`);
  });
}

/** What each viewer watches: an item of a profile, which is the latest one from now on. */
function watched(profiles, viewers) {
  const next = random(11);
  const start = Date.UTC(2026, 9, 1);
  return Array.from({ length: viewers }, (_, n) => {
    // Each viewer has a profile of their own, as long as there are enough.
    const number = Math.floor((n * profiles) / viewers) % profiles;
    const items = profile(number);
    return { number, item: items[Math.floor(next() * items.length)], at: start + n * 1_000 };
  });
}

/** Viewers who write at their times, however long an answer takes. */
class Viewers {
  #server;
  #watching;
  #latencies = [];
  #open = new Set();
  #last = new Map();
  #timer;
  #turn = 0;
  errors = 0;

  constructor(server, watching) {
    this.#server = server;
    this.#watching = watching;
  }

  begin() {
    const [step, began] = [10, performance.now()];
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - began) / 1_000) * (this.#watching.length / EVERY));
      while (this.#turn < due) this.#send();
    }, step);
  }

  #send() {
    const one = this.#watching[this.#turn % this.#watching.length];
    const progress = 1 + Math.floor(this.#turn / this.#watching.length) * EVERY;
    this.#turn += 1;
    const { path, body } = put(one.number, one.item, progress, one.at);
    const began = performance.now();
    const sent = send(`${this.#server.url}${path}`, { method: 'PUT', body })
      .then(({ status }) => {
        this.#latencies.push(performance.now() - began);
        if (status !== 200) this.errors += 1;
      })
      .catch(() => (this.errors += 1))
      .finally(() => this.#open.delete(sent));
    this.#open.add(sent);
    this.#last.set(path, progress);
  }

  /** Stops, waits for what is under way, and gives the latencies in ms. Each acknowledged write has to show. */
  async end() {
    clearInterval(this.#timer);
    await Promise.all([...this.#open]);
    const wrong = [];
    await each([...this.#last], 16, async ([path, progress]) => {
      const told = JSON.parse(await answered(this.#server, path)).progress;
      if (told !== progress) wrong.push(`${path}: ${told}, not ${progress}`);
    });
    if (wrong.length) throw new Error(`${this.#server.name} lost writes: ${wrong.slice(0, 3).join('; ')}`);
    return this.#latencies;
  }

  /** Asserts that no item has been lost or is there twice. */
  async judge() {
    await each(this.#watching.slice(0, 200), 16, async ({ number }) => {
      const { total } = JSON.parse(await answered(this.#server, `/v1/profiles/${nameOf(number)}/history?limit=1`));
      if (total !== profile(number).length) throw new Error(`${this.#server.name}: profile ${number} has ${total} items`);
    });
  }
}

async function asked(redis, question) {
  const client = new Redis(redis.url);
  try {
    return await question(client);
  } finally {
    client.disconnect();
  }
}

const field = (info, name) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);

/** Memory and keys. */
function used(server) {
  return asked(server.redis, async (client) => ({
    redis: field(await client.info('memory'), 'used_memory'),
    keys: await client.dbsize(),
    server: resident(server.pid),
  }));
}

/** What has been written to where it stays: operations of oponn's store, bytes of Redis' append-only file. */
async function stored(server) {
  if (!server.load) {
    return asked(server.redis, async (client) => ({ operations: 0, bytes: field(await client.info('persistence'), 'aof_current_size') }));
  }
  return { operations: (await metrics(server))('oponn_store_operations_total'), bytes: 0 };
}

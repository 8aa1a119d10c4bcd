// What all parts need: the programs, a folder to work in, the store with the generated data, Redis servers.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MongoClient } from 'mongodb';
import { writeData } from './data.js';
import { finish, freePort, start, stopAll } from './processes.js';
import { settings } from './settings.js';

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(here);

const needed = (name) => {
  if (!process.env[name]) throw new Error(`${name} is not set; start the benchmarks with bench/run.sh`);
  return process.env[name];
};

export class World {
  here = here;
  root = root;
  oponn = needed('BENCH_OPONN');
  bare = needed('BENCH_BARE');
  redisServer = needed('BENCH_REDIS_SERVER');
  work = mkdtempSync(join(tmpdir(), 'oponn-bench.'));
  #mongodb = needed('OPONN_TEST_MONGODB');
  #databases = new Map();
  /** Process of the store; undefined when it is not one of this machine that was started for the run. */
  storePid = process.env.BENCH_MONGODB_PID ? Number(process.env.BENCH_MONGODB_PID) : undefined;

  /** URL of a database of the store. */
  storeUrl(name) {
    const url = new URL(this.#mongodb);
    url.pathname = `/${name}`;
    return url.href;
  }

  /** A connection to a database of the store, closed at the end. */
  async database(name) {
    if (!this.#databases.has(name)) {
      this.#databases.set(name, await new MongoClient(this.storeUrl(name)).connect());
    }
    return this.#databases.get(name).db();
  }

  /** Starts a Redis of its own, which keeps nothing on disk unless `more` says so. */
  async redis(name, more = [], where) {
    const port = where ?? (await freePort());
    const args = ['--port', port, '--bind', '127.0.0.1', '--dir', this.work, '--save', '', '--appendonly', 'no', ...more];
    const server = await start({
      name: `redis-${name}`,
      command: this.redisServer,
      args: args.map(String),
      work: this.work,
      port,
    });
    return { ...server, url: `redis://127.0.0.1:${port}` };
  }

  /** Writes a configuration file for oponn and gives its path. */
  config(name, lines = [], cache = 'none:', file = join(root, 'schema.graphql')) {
    const path = join(this.work, `${name}.toml`);
    const data = join(this.work, name);
    const schema = JSON.stringify(file);
    // Servers over one database are one deployment only if they share a Redis.
    const deployment = `bench-${cache.replace(/\W+/g, '-')}`;
    writeFileSync(path, [`schema = ${schema}`, `loaders = ${JSON.stringify(data)}`, 'log = "warn"', `deployment = "${deployment}"`, ...lines, ''].join('\n'));
    return path;
  }

  /** The oponn under test, or the one `before` it. */
  program(name) {
    if (name !== 'before') return this.oponn;
    if (!settings.before) throw new Error('BENCH_BEFORE names no older oponn to measure beside');
    return resolve(settings.before);
  }

  /** Starts an oponn on a database; `cache` is the address of its cache, `shared` that by which others reach it. */
  async serve(name, { database, store = this.storeUrl(database), cache, shared = cache, lines = [], schema, program }) {
    const port = await freePort();
    const args = ['serve', '--config', this.config(name, lines, shared, schema), '--store', store];
    args.push('--cache', cache, '--listen', `127.0.0.1:${port}`);
    const ready = async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => ({ ok: false }))).ok;
    return start({ name, command: this.program(program), args, cwd: this.work, work: this.work, port, measured: true, ready });
  }

  /** Writes so many generated documents and imports them into a database with `oponn import`. */
  async load(database, counts = { stores: settings.stores, books: settings.books }) {
    await writeData(join(this.work, database), here, counts);
    return this.import(database);
  }

  /** Imports the files that are there for a database. */
  import(database, loaders = [], cache = 'none:') {
    return this.importInto(database, this.storeUrl(database), loaders, cache);
  }

  /** The same into any store. */
  importInto(database, store, loaders = [], cache = 'none:', { lines, schema } = {}) {
    const args = ['import', ...loaders, '--config', this.config(database, lines, cache, schema), '--store', store, '--cache', cache];
    return finish({ command: this.oponn, args, cwd: this.work, measured: true });
  }

  /** Imports the data of the default application. */
  importSample(database) {
    const args = ['import', '--store', this.storeUrl(database), '--cache', 'none:', '--log', 'error'];
    return finish({ command: this.oponn, args, cwd: this.root });
  }

  /** The ids of the data: stores by name, books by ISBN, both as the store has them. */
  async ids(database) {
    const db = await this.database(database);
    const of = async (name, by) => {
      const rows = await db.collection(name).find({}, { projection: { _id: 1 }, sort: { [by]: 1 } }).toArray();
      return rows.map((row) => row._id.toHexString());
    };
    return { stores: await of('bookstores', 'name'), books: await of('books', 'isbn') };
  }

  async close() {
    await stopAll();
    await Promise.all([...this.#databases.values()].map((client) => client.close()));
    rmSync(this.work, { recursive: true, force: true });
  }
}

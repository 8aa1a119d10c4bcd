// Who takes part: how each is started, with which Redis, and where it answers.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Redis from 'ioredis';
import { freePort, start } from './processes.js';
import { settings } from './settings.js';

/**
 * - `cached`: answers from Redis; `uncached`: from the store alone; `floor`: knows no GraphQL
 * - `reference`: whom the ratios of its group are of
 * - `stale`: may answer what a write has changed since
 * - `program`: the oponn it runs, when it is not the one under test
 */
export const contenders = {
  oponn: { group: 'cached', reference: true },
  'oponn-before': { group: 'cached', program: 'before' },
  'oponn-anew': { group: 'cached', extra: true, lines: ['[api]', 'answers = 0'] },
  mercurius: { group: 'cached', stale: true },
  yoga: { group: 'cached', stale: true },
  bare: { group: 'cached', floor: true, stale: true },
  'bare-get': { group: 'cached', floor: true, stale: true, path: '/get', extra: true },
  'bare-hello': { group: 'cached', floor: true, path: '/hello', extra: true, unchecked: true },
  'oponn-uncached': { group: 'uncached', reference: true },
  'oponn-before-uncached': { group: 'uncached', program: 'before' },
  'mercurius-uncached': { group: 'uncached' },
  'yoga-uncached': { group: 'uncached' },
};

/** Those asked for, or all but the ceilings that only show how high one could get. */
export function chosen() {
  const usual = ({ extra, program }) => !extra && (program !== 'before' || settings.before);
  const names = settings.contenders ?? Object.keys(contenders).filter((name) => usual(contenders[name]));
  const unknown = names.filter((name) => !contenders[name]);
  if (unknown.length) throw new Error(`no contender ${unknown}; there are ${Object.keys(contenders).join(', ')}`);
  return names;
}

/** Starts the contenders, each cached one with a Redis of its own, and gives them by name. */
export async function startContenders(world, names, database, scenarios) {
  const running = {};
  let floor;
  for (const name of names) {
    const { floor: isFloor, path } = contenders[name];
    if (isFloor) {
      floor ??= await startBare(world, database, scenarios);
      running[name] = { ...floor, name, path: path ?? '/graphql' };
    } else {
      running[name] = await startOne(world, name, database);
    }
    Object.assign(running[name], { ...contenders[name], path: running[name].path ?? '/graphql' });
  }
  return running;
}

async function startOne(world, name, database) {
  const cached = contenders[name].group === 'cached';
  const redis = cached ? await world.redis(name) : undefined;
  if (name.startsWith('oponn')) {
    const { lines, program } = contenders[name];
    const server = await world.serve(name, { database, cache: redis?.url ?? 'none:', lines, program });
    return { ...server, redis };
  }
  const port = await freePort();
  const env = { PORT: port, STORE: world.storeUrl(database), PROCESSES: settings.peerProcesses };
  if (redis) env.REDIS = redis.url;
  const args = [join(world.here, 'peers', `${name.replace('-uncached', '')}.js`)];
  const server = await start({ name, command: process.execPath, args, env, work: world.work, port, measured: true });
  return { ...server, redis };
}

/** The bare server, with its Redis filled from the store: documents, stamps, lists, ready answers. */
async function startBare(world, database, scenarios) {
  const redis = await world.redis('bare');
  const db = await world.database(database);
  const client = new Redis(redis.url);
  const pages = [];
  const books = new Map();
  const lists = new Map();
  for await (const row of db.collection('books').find({}, { sort: { price: 1, _id: 1 } })) {
    const { _id, isbn, title, author, year, price, storeId, createdAt, updatedAt, _oponn } = row;
    const book = { id: _id, isbn, title, author, year, price: price.toString(), storeId, createdAt, updatedAt };
    const stamp = `${updatedAt.getTime().toString(16).padStart(16, '0')}${String(_oponn.v).padStart(16, '0')}`;
    books.set(_id.toHexString(), { text: JSON.stringify(book), shown: { id: _id, title, author, year, price: book.price }, stamp });
    const list = `l:${storeId}`;
    if (!lists.has(list)) lists.set(list, []);
    lists.get(list).push(_id.toHexString());
  }
  let pipeline = client.pipeline();
  for (const { requests } of Object.values(scenarios)) {
    for (const { body, what } of requests) {
      if (!what) continue;
      const answer = `a:${pages.length}`;
      pages.push({ body, answer, ...what });
      const ids = what.entity ? [what.entity.id] : lists.get(what.list.key);
      ids.forEach((id, place) => {
        pipeline.set(`e:${id}`, books.get(id).text).hset('stamps', id, books.get(id).stamp);
        if (what.list) pipeline.zadd(what.list.key, place, id);
      });
      const shown = ids.map((id) => books.get(id).shown);
      const data = what.entity ? { book: shown[0] } : { books: { nodes: shown.slice(0, what.list.first) } };
      pipeline.set(answer, JSON.stringify({ data }));
      if (pipeline.length > 5_000) {
        await pipeline.exec();
        pipeline = client.pipeline();
      }
    }
  }
  await pipeline.exec();
  client.disconnect();
  const file = join(world.work, 'pages.json');
  writeFileSync(file, JSON.stringify(pages));
  const port = await freePort();
  const env = { PORT: port, REDIS: redis.url, PAGES: file };
  const server = await start({ name: 'bare', command: world.bare, args: ['serve'], env, work: world.work, port, measured: true });
  return { ...server, redis };
}

/** Whether a contender can answer a scenario. */
export function canAnswer(contender, scenario) {
  if (contender.floor) return scenario.requests.every((request) => request.what);
  return contender.group === 'cached' || scenario.uncached;
}

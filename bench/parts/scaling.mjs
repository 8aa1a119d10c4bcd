// How the cost of reads and writes grows with the data, the cached lists, the connections and the page.

import { checkEqual } from '../lib/check.js';
import { ask } from '../lib/http.js';
import { booksOf, fill, fillUntilCached, unrelated } from '../lib/lists.js';
import { load, writeBodies } from '../lib/load.js';
import { lines } from '../lib/plots.js';
import { stop } from '../lib/processes.js';
import { scenarios } from '../lib/scenarios.js';
import { settings } from '../lib/settings.js';
import { median, quantile, shown, table } from '../lib/stats.js';
import { updates } from '../lib/writes.js';

export const title = 'Scaling';
const WRITES = 200;
/** Lists that are read cold, one after the other. */
const COLD = 100;
/** Rows of every list while the number of books grows. */
const ROWS = 40;

const seconds = Math.max(1, Math.ceil(settings.seconds / 2));

export async function run(world, results) {
  results.begin('scaling', title);
  const all = {};
  for (const [name, measure] of Object.entries({ rows: byRows, batches: byBatches, connections: byConnections, pages: byPage })) {
    const { what, columns, rows } = await measure(world);
    all[name] = rows;
    results.say('scaling', `### ${what}\n`);
    results.say('scaling', table([name, ...Object.values(columns)], rows.map((row) => [row.at.toLocaleString('en'), ...Object.keys(columns).map((column) => shown(row[column]))])));
    // One plot for each unit, so that milliseconds are not lost beside thousands.
    for (const unit of new Set(Object.values(columns).map(unitOf))) {
      const shownIn = Object.entries(columns).filter(([, label]) => unitOf(label) === unit);
      const points = shownIn.flatMap(([column, label]) => rows.map((row) => ({ name: label, x: row.at, y: row[column] })));
      await results.svg(`scaling-${name}-${unit.replace(/\W+/g, '-')}`, lines(what, name, unit, points));
    }
    results.json('scaling', all);
  }
}

const unitOf = (label) => label.split(', ').at(-1);

/** Time of reads one after the other, in ms. */
async function timed(server, bodies) {
  const latencies = [];
  for (const body of bodies) {
    const began = performance.now();
    await ask(server, body);
    latencies.push(performance.now() - began);
  }
  return median(latencies);
}

async function written(world, server, ids) {
  await updates(world, server, ids, 20);
  const { latencies } = await updates(world, server, ids, WRITES);
  return { write: median(latencies), write99: quantile(latencies, 0.99) };
}

const WRITTEN = { write: 'write median, ms', write99: 'write p99, ms' };

async function byRows(world) {
  const rows = [];
  for (const at of settings.rows) {
    const database = `rows_${at}`;
    process.stderr.write(`   ${at} rows\n`);
    await world.load(database, { stores: Math.max(10, Math.floor(at / ROWS)), books: at });
    const ids = await world.ids(database);
    const { requests } = scenarios(ids)['list-many'];
    const redis = await world.redis(database);
    const server = { ...(await world.serve(`oponn-${database}`, { database, cache: redis.url })), redis };
    await ask(server, '{ __typename }', {});
    const cold = await timed(server, requests.slice(0, COLD).map(({ body }) => body));
    await fill(server, requests.map(({ body }) => body));
    const run = await load(world, server, writeBodies(world, database, requests), { seconds });
    rows.push({ at, rate: run.rate, cold, ...(await written(world, server, await booksOf(world, database, ids.stores[0]))) });
    await stop(server);
    await stop(redis);
    await (await world.database(database)).dropDatabase();
  }
  return { what: `Rows per type (lists of ${ROWS} rows, pages of 20)`, columns: { rate: 'cached reads, req/s', cold: 'cold read median, ms', ...WRITTEN }, rows };
}

async function byBatches(world) {
  const { ids, server, end } = await fresh(world, 'batches', ['[limits]', `batches = ${2 * Math.max(...settings.batches) + 1_000}`]);
  const spare = ids.stores.at(-1);
  const books = await booksOf(world, 'bench', spare);
  const lists = unrelated(ids, [spare], Math.max(...settings.batches));
  const rows = [];
  let filled = 0;
  for (const at of settings.batches) {
    process.stderr.write(`   ${at} batches\n`);
    await fillUntilCached(world, server, 'bench', lists.slice(filled, at), lists.slice(0, at));
    filled = at;
    const requests = lists.slice(0, Math.min(at, 500)).map((body) => ({ body }));
    const run = await load(world, server, writeBodies(world, 'batches', requests), { seconds });
    rows.push({ at, rate: run.rate, ...(await written(world, server, books)) });
  }
  await end();
  return { what: 'Cached batches of the type, none of which the writes touch', columns: { rate: 'cached reads, req/s', ...WRITTEN }, rows };
}

async function byConnections(world) {
  const { ids, server, end } = await fresh(world, 'connections');
  const columns = {};
  const rows = settings.clients.map((at) => ({ at }));
  const all = scenarios(ids);
  for (const name of ['list-hot', 'list-many']) {
    await checkEqual([server], all[name]);
    const bodies = writeBodies(world, `connections-${name}`, all[name].requests);
    Object.assign(columns, { [`${name}-rate`]: `${name}, req/s`, [`${name}-p99`]: `${name} p99, ms` });
    for (const row of rows) {
      const run = await load(world, server, bodies, { seconds, connections: row.at });
      if (run.errors) throw new Error(`${run.errors} requests failed on ${row.at} connections`);
      row[`${name}-rate`] = run.rate;
      row[`${name}-p99`] = run.p99 / 1_000;
    }
  }
  await end();
  return { what: 'Connections', columns, rows };
}

async function byPage(world) {
  const { ids, server, end } = await fresh(world, 'pages');
  const books = await booksOf(world, 'bench', ids.stores[0]);
  const rows = [];
  for (const at of settings.pages) {
    const query = `{ books(orderBy: [{ field: PRICE, direction: ASC }], first: ${at}) { nodes { id title author year price } } }`;
    const body = JSON.stringify({ query });
    const began = performance.now();
    const { nodes } = (await ask(server, body)).books;
    const cold = performance.now() - began;
    if (nodes.length !== at) throw new Error(`a page of ${at} has ${nodes.length} rows; there is too little data`);
    const run = await load(world, server, writeBodies(world, 'pages', [{ body }]), { seconds });
    rows.push({ at, rate: run.rate, nodes: run.rate * at, p99: run.p99 / 1_000, cold, ...(await written(world, server, books)) });
  }
  await end();
  return { what: 'Page size (one hot list of all books, in which every write is)', columns: { rate: 'cached reads, req/s', nodes: 'rows sent, rows/s', p99: 'read p99, ms', cold: 'first read, ms', ...WRITTEN }, rows };
}

/** An oponn with an empty Redis on the generated data. */
async function fresh(world, name, config = []) {
  const redis = await world.redis(name);
  const server = { ...(await world.serve(`oponn-${name}`, { database: 'bench', cache: redis.url, lines: config })), redis };
  const end = async () => {
    await stop(server);
    await stop(redis);
  };
  return { ids: await world.ids('bench'), server, end };
}

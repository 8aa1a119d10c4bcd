// How the cost of reads and writes grows with the data, the cached lists, the connections and the page.

import { checkEqual } from '../lib/check.js';
import { ask } from '../lib/http.js';
import { booksOf, fillUntilCached, unrelated } from '../lib/lists.js';
import { load, writeBodies } from '../lib/load.js';
import { lines } from '../lib/plots.js';
import { stop } from '../lib/processes.js';
import { scenarios } from '../lib/scenarios.js';
import { settings } from '../lib/settings.js';
import { median, quantile, shown, table } from '../lib/stats.js';
import { updates } from '../lib/updates.js';

export const title = 'Scaling';
/** Writes in each turn. */
const WRITES = 100;
/** Rows of every list while the number of books grows. */
const ROWS = 40;

const seconds = Math.max(1, Math.ceil(settings.seconds / 2));

export async function run(world, results) {
  results.begin('scaling', title);
  const all = {};
  for (const [name, measure] of Object.entries({ rows: byRows, batches: byBatches, connections: byConnections, pages: byPage })) {
    const { what, columns, rows } = await measure(world);
    all[name] = rows;
    results.say('scaling', `### ${what}\n\nMedians of ${settings.rounds} turns of ${seconds} s and ${WRITES} writes.\n`);
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

/** Lets the cases take turns; `once` measures one of them. Gives the medians of each figure, and all of them. */
async function alternate(cases, once) {
  const runs = cases.map(() => []);
  for (let round = 0; round < settings.rounds; round += 1) {
    for (const [place, one] of cases.entries()) runs[place].push(await once(one));
  }
  return cases.map(({ at, cold }, place) => {
    const figure = (name) => [name, median(runs[place].map((run) => run[name]))];
    return { at, cold, ...Object.fromEntries(Object.keys(runs[place][0]).map(figure)), runs: runs[place] };
  });
}

async function read(world, server, bodies, connections) {
  const run = await load(world, server, bodies, { seconds, connections });
  if (run.errors) throw new Error(`${run.errors} requests failed`);
  return { rate: run.rate, p99: run.p99 / 1_000 };
}

async function written(world, server, ids) {
  const { latencies } = await updates(world, server, ids, WRITES);
  return { write: median(latencies), write99: quantile(latencies, 0.99) };
}

const WRITTEN = { write: 'write median, ms', write99: 'write p99, ms' };

async function byRows(world) {
  const cases = [];
  // As many lists in every case as the smallest has.
  const lists = Math.max(10, Math.floor(Math.min(...settings.rows) / ROWS));
  for (const at of settings.rows) {
    const database = `rows_${at}`;
    process.stderr.write(`   ${at} rows\n`);
    await world.load(database, { stores: Math.max(10, Math.floor(at / ROWS)), books: at });
    const ids = await world.ids(database);
    const requests = scenarios(ids)['list-many'].requests.slice(0, lists);
    const { server, end } = await fresh(world, database, database);
    await ask(server, '{ __typename }', {});
    const cold = await timed(server, requests.map(({ body }) => body));
    const bodies = writeBodies(world, database, requests);
    cases.push({ at, cold, server, bodies, end, database, books: await booksOf(world, database, ids.stores[0]) });
  }
  const rows = await alternate(cases, async ({ server, bodies, books }) => ({
    ...(await read(world, server, bodies)),
    ...(await written(world, server, books)),
  }));
  for (const { end, database } of cases) {
    await end();
    await (await world.database(database)).dropDatabase();
  }
  return { what: `Rows per type (${lists} lists of ${ROWS} rows, pages of 20)`, columns: { rate: 'cached reads, req/s', cold: 'cold read median, ms', ...WRITTEN }, rows };
}

async function byBatches(world) {
  const ids = await world.ids('bench');
  const spare = ids.stores.at(-1);
  const books = await booksOf(world, 'bench', spare);
  const cases = [];
  for (const at of settings.batches) {
    process.stderr.write(`   ${at} batches\n`);
    const name = `batches-${at}`;
    const { server, end } = await fresh(world, name, 'bench', ['[limits]', `batches = ${2 * at + 1_000}`]);
    const lists = unrelated(ids, [spare], at);
    await fillUntilCached(world, server, 'bench', lists);
    const bodies = writeBodies(world, name, lists.slice(0, Math.min(...settings.batches)).map((body) => ({ body })));
    cases.push({ at, server, bodies, end });
  }
  const rows = await alternate(cases, async ({ server, bodies }) => ({
    ...(await read(world, server, bodies)),
    ...(await written(world, server, books)),
  }));
  for (const { end } of cases) await end();
  return { what: 'Cached batches of the type, none of which the writes touch', columns: { rate: 'cached reads, req/s', ...WRITTEN }, rows };
}

async function byConnections(world) {
  const { server, end } = await fresh(world, 'connections', 'bench');
  const all = scenarios(await world.ids('bench'));
  const cases = settings.clients.map((at) => ({ at }));
  const columns = {};
  const rows = cases.map(({ at }) => ({ at }));
  for (const name of ['list-hot', 'list-many']) {
    await checkEqual([server], all[name]);
    const bodies = writeBodies(world, `connections-${name}`, all[name].requests);
    Object.assign(columns, { [`${name}-rate`]: `${name}, req/s`, [`${name}-p99`]: `${name} p99, ms` });
    const measured = await alternate(cases, ({ at }) => read(world, server, bodies, at));
    measured.forEach(({ rate, p99, runs }, place) => {
      Object.assign(rows[place], { [`${name}-rate`]: rate, [`${name}-p99`]: p99, [`${name}-runs`]: runs });
    });
  }
  await end();
  return { what: 'Connections', columns, rows };
}

async function byPage(world) {
  const { server, end } = await fresh(world, 'pages', 'bench');
  const books = await booksOf(world, 'bench', (await world.ids('bench')).stores[0]);
  const cases = [];
  for (const at of settings.pages) {
    const query = `{ books(orderBy: [{ field: PRICE, direction: ASC }], first: ${at}) { nodes { id title author year price } } }`;
    const body = JSON.stringify({ query });
    const began = performance.now();
    const { nodes } = (await ask(server, body)).books;
    const cold = performance.now() - began;
    if (nodes.length !== at) throw new Error(`a page of ${at} has ${nodes.length} rows; there is too little data`);
    cases.push({ at, cold, bodies: writeBodies(world, `pages-${at}`, [{ body }]) });
  }
  const rows = await alternate(cases, async ({ at, bodies }) => {
    const { rate, p99 } = await read(world, server, bodies);
    return { rate, nodes: rate * at, p99, ...(await written(world, server, books)) };
  });
  await end();
  return { what: 'Page size (one hot list of all books, in which every write is)', columns: { rate: 'cached reads, req/s', nodes: 'rows sent, rows/s', p99: 'read p99, ms', cold: 'first read, ms', ...WRITTEN }, rows };
}

/** An oponn with an empty Redis on a database of generated data. */
async function fresh(world, name, database, lines = []) {
  const redis = await world.redis(name);
  const server = { ...(await world.serve(`oponn-${name}`, { database, cache: redis.url, lines })), redis };
  const end = async () => {
    await stop(server);
    await stop(redis);
  };
  return { server, end };
}

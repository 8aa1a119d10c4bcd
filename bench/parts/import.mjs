// A file into the store: `oponn import` beside the least that an import has to do, and mongoimport.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { while_ } from '../lib/cpu.js';
import { writeData } from '../lib/data.js';
import { finish } from '../lib/processes.js';
import { settings } from '../lib/settings.js';
import { shown, shownRange, summary, table } from '../lib/stats.js';

export const title = 'Import of an NDJSON file';
const DATABASE = 'import';
const STORES = 500;

const present = (program) => {
  try {
    return execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
};

export async function run(world, results) {
  results.begin('import', title);
  const folder = join(world.work, DATABASE);
  const file = join(folder, 'books.ndjson');
  await writeData(folder, world.here, { stores: STORES, books: settings.records });
  const store = world.storeUrl(DATABASE);
  // As it runs beside servers: what it writes is brought to the cache that they share.
  const redis = await world.redis(DATABASE);
  const ways = { 'oponn import': () => world.import(DATABASE, ['books'], redis.url) };
  ways['insert_many, Rust driver'] = () => finish({ command: world.bare, args: ['insert'], env: { STORE: store, FILE: file }, measured: true });
  if (present('mongoimport')) {
    ways.mongoimport = () => finish({ command: 'mongoimport', args: ['--uri', store, '-c', 'books', '--file', file, '--writeConcern', '{w:"majority",j:true}'], measured: true });
  }

  const db = await world.database(DATABASE);
  const runs = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < settings.rounds; round += 1) {
    for (const [name, work] of Object.entries(ways)) {
      await db.dropDatabase();
      await world.import(DATABASE, ['bookstores']);
      const { result, cpu } = await while_(world.storePid ? { store: world.storePid } : {}, work);
      const there = await db.collection('books').countDocuments();
      if (there !== settings.records) throw new Error(`${name}: ${there} of ${settings.records} records are there`);
      runs[name].push({ seconds: result.seconds, importer: cpu.generator, store: cpu.store });
      process.stderr.write(`   ${name}: ${shown(result.seconds)} s\n`);
    }
  }
  await db.dropDatabase();

  const rows = Object.entries(runs).map(([name, all]) => ({
    name,
    rate: summary(all.map((one) => settings.records / one.seconds)),
    // This import's rate over that of the others, round by round.
    ratio: summary(all.map((one, round) => one.seconds / runs['oponn import'][round].seconds)),
    cpu: { importer: summary(all.map((one) => one.importer)), store: summary(all.map((one) => one.store ?? NaN)) },
  }));
  const perRecord = (seconds) => shown((seconds.median * 1e6) / settings.records);
  const line = (row) => [row.name, shown(row.rate.median), shownRange(row.rate.range), row.name === 'oponn import' ? '' : `${row.ratio.median.toFixed(2)}x`, perRecord(row.cpu.importer), perRecord(row.cpu.store)];
  results.say('import', `${settings.records} records into a collection with the schema's indexes, acknowledged by a majority with their journals. The time is that of the whole process. oponn checks every record, resolves its reference by name, and tells the cache in Redis; insert_many does none of that but find the stores' ids, and mongoimport keeps prices and stores as texts.\n`);
  results.say('import', table(['', 'records/s', 'range', 'oponn / this', 'importer us/record', 'store us/record'], rows.map(line)));
  results.json('import', { records: settings.records, rows });
}

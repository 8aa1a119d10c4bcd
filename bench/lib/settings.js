// What can be set, by environment variables, with the defaults of `make bench`.

import { availableParallelism } from 'node:os';

const number = (name, fallback) => {
  const text = process.env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${name}=${text} is not a number; write for example ${name}=${fallback}`);
  return value;
};
const list = (name) => {
  const items = process.env[name]?.split(/[\s,]+/).filter(Boolean);
  return items?.length ? items : undefined;
};
const numbers = (name, fallback) => {
  const values = list(name)?.map(Number) ?? fallback;
  if (values.some((value) => !Number.isInteger(value) || value < 1)) throw new Error(`${name} is a list of whole numbers, such as ${fallback}`);
  return values;
};

export const settings = {
  /** Scenarios and contenders of the table; undefined: all. */
  scenarios: list('SCENARIOS'),
  contenders: list('CONTENDERS'),
  /** An older oponn to measure beside; undefined: none. */
  before: process.env.BENCH_BEFORE || undefined,
  rounds: number('ROUNDS', 5),
  seconds: Math.max(1, Math.round(number('SECONDS_PER_RUN', 4))),
  warmup: Math.round(number('WARMUP', 2)),
  connections: number('CONNECTIONS', 32),
  threads: number('WRK_THREADS', 1),
  peerProcesses: number('PEER_PROCESSES', 1),
  pin: process.env.PIN === '1',
  cores: availableParallelism(),
  /** Size of the data. */
  stores: number('STORES', 500),
  books: number('BOOKS', 20_000),
  /** Of the parts beside the table. */
  updates: number('UPDATES', 600),
  unrelated: numbers('UNRELATED', [10, 1_000, 100_000]),
  touched: numbers('TOUCHED', [1, 100]),
  readers: number('READERS', 1_000),
  records: number('RECORDS', 200_000),
  outage: number('OUTAGE', 60_000),
  foreign: number('FOREIGN', 300),
  idle: number('IDLE', 30),
  viewers: number('VIEWERS', 1_000),
  profiles: number('PROFILES', 10_000),
  lookUps: number('LOOK_UPS', 50_000),
  rows: numbers('ROWS', [1_000, 10_000, 100_000]),
  batches: numbers('BATCHES', [10, 100, 1_000, 10_000, 100_000]),
  clients: numbers('CLIENTS', [1, 8, 32, 128, 512, 1_000]),
  pages: numbers('PAGES', [1, 10, 100, 1_000]),
};

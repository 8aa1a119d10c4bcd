// Writes of every kind, each followed by reads that must show it. README.md says how to run it.

import exec from 'k6/execution';
import { finish, prepare } from './lib/lifecycle.js';
import { common, strict } from './lib/options.js';
import { duration, settings } from './lib/settings.js';
import { answersLine, operationsTable, settingsLine, summary, valuesOf, whole } from './lib/summary.js';
import { types } from './lib/types.js';
import { Writer } from './lib/writer.js';

const names = Object.keys(types);
// Lists of books are most of all lists, so books are what is written most.
const OFTEN = ['createBook', 'updateBook', 'deleteBook', 'byId', 'byUnique', 'books'];
const RARE = [
  'upsertBook',
  ...['createBooks', 'updateBooks', 'deleteBooks'],
  ...names
    .filter((name) => name !== 'Book')
    .flatMap((name) => [`create${name}`, `update${name}`, `delete${name}`]),
  ...['refused', 'withStore', 'bookstores', 'fruits'],
];

export const options = {
  ...common,
  scenarios: {
    write: { executor: 'constant-vus', vus: settings.vus, duration: settings.duration, gracefulStop: '5s' },
  },
  thresholds: {
    ...strict(OFTEN, RARE),
    stale_answers: ['rate==0'],
    'http_reqs{scenario:write}': ['count>0'],
    'http_reqs{kind:write}': ['count>0'],
  },
};

export function setup() {
  return prepare();
}

let client;

export default function (data) {
  client = client || new Writer(data);
  client.iterate(exec.scenario.iterationInTest);
}

export function teardown(data) {
  finish(data);
}

export function handleSummary(data) {
  const { count = 0 } = valuesOf(data, 'http_reqs{scenario:write}');
  const { count: writes = 0 } = valuesOf(data, 'http_reqs{kind:write}');
  const perSecond = writes / (duration('DURATION', '10s') / 1000);
  return summary(data, {
    title: 'oponn: writes, and what reads show of them',
    parts: [
      settingsLine(`${settings.vus} VUs`, settings.duration),
      operationsTable(data, [...OFTEN, ...RARE]),
      `${writes} writes, ${whole(perSecond)} per second, and ${count - writes} reads after them. ${answersLine(data, 'steps')}`,
    ],
    results: { requests: count, writes, writesPerSecond: perSecond },
  });
}

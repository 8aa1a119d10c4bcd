// Reads and writes of about a thousand different lists, every answer checked. README.md says how to run it.

import exec from 'k6/execution';
import { Gauge } from 'k6/metrics';
import { Client, OFTEN, OPERATIONS, RARE, WRITES, finish, prepare, warm } from './lib/mix.js';
import { common, kept, strict } from './lib/options.js';
import { between, scrape } from './lib/server.js';
import { duration, settings } from './lib/settings.js';
import {
  answersLine,
  operationsTable,
  percent,
  settingsLine,
  summary,
  valuesOf,
  whole,
} from './lib/summary.js';

const hitRate = new Gauge('list_hit_rate');
const storePerRequest = new Gauge('store_operations_per_request');
const repaired = new Gauge('batches_repaired');
const dropped = new Gauge('batches_dropped');

export const options = {
  ...common,
  scenarios: {
    mixed: { executor: 'constant-vus', vus: settings.vus, duration: settings.duration, gracefulStop: '5s' },
  },
  thresholds: {
    ...strict(OFTEN, [...RARE, ...WRITES]),
    stale_answers: ['rate==0'],
    list_hit_rate: [`value>=${settings.hitRate}`],
    'http_reqs{scenario:mixed}': ['count>0'],
    'http_reqs{kind:write}': kept.counter,
  },
};

export function setup() {
  const data = prepare();
  warm(data);
  return { ...data, before: scrape() };
}

let client;

export default function (data) {
  client = client || new Client(data);
  client.iterate(exec.scenario.iterationInTest);
}

export function teardown(data) {
  const server = between(data.before, scrape());
  hitRate.add(server.hitRate);
  storePerRequest.add(server.storePerRequest);
  repaired.add(server.repaired);
  dropped.add(server.dropped);
  finish(data);
}

export function handleSummary(data) {
  const { count = 0 } = valuesOf(data, 'http_reqs{scenario:mixed}');
  const { count: writes = 0 } = valuesOf(data, 'http_reqs{kind:write}');
  const value = (name) => valuesOf(data, name).value;
  const results = {
    requests: count,
    perSecond: count / (duration('DURATION', '10s') / 1000),
    listHitRate: value('list_hit_rate'),
    storeOperationsPerRequest: value('store_operations_per_request'),
    batchesRepaired: value('batches_repaired'),
    batchesDropped: value('batches_dropped'),
  };
  const chosen = settings.choice === 'zipf' ? `zipf ${settings.zipf}` : 'uniform';
  return summary(data, {
    title: 'oponn: reads and writes',
    parts: [
      settingsLine(`${settings.vus} VUs`, settings.duration, `${settings.lists} lists (${chosen})`),
      operationsTable(data, OPERATIONS),
      `${count} requests, ${whole(results.perSecond)} per second, of which ${writes} writes. ${answersLine(data)}`,
      `The cache answered ${percent(results.listHitRate)} of the list reads. ` +
        `${(results.storeOperationsPerRequest || 0).toFixed(3)} store operations per request. Writes repaired ` +
        `${whole(results.batchesRepaired)} cached lists and made ${whole(results.batchesDropped)} be dropped.`,
    ],
    results,
  });
}

// Reads and writes of about a thousand different lists, every answer checked. README.md says how to run it.

import exec from 'k6/execution';
import { Gauge } from 'k6/metrics';
import { finish, prepare, warm } from './lib/lifecycle.js';
import { Mixed, OFTEN, OPERATIONS, RARE, WRITES } from './lib/mix.js';
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
import { until } from './lib/wait.js';

const DURATION = duration('DURATION', '10s');
// The beginning, in which the clients make their documents. The cache is not judged by it.
const SETTLE = Math.min(duration('SETTLE', '2s'), DURATION / 2);

const hitRate = new Gauge('list_hit_rate');
const server = {
  listReads: new Gauge('list_reads'),
  missed: new Gauge('list_reads_missed'),
  waited: new Gauge('list_reads_waited'),
  bypassed: new Gauge('list_reads_bypassed'),
  storePerRequest: new Gauge('store_operations_per_request'),
  redisPerRequest: new Gauge('redis_round_trips_per_request'),
  redisBytesPerRequest: new Gauge('redis_bytes_per_request'),
  repaired: new Gauge('batches_repaired'),
  dropped: new Gauge('batches_dropped'),
};

export const options = {
  ...common,
  scenarios: {
    mixed: { executor: 'constant-vus', vus: settings.vus, duration: `${DURATION}ms`, gracefulStop: '5s' },
    watcher: {
      executor: 'per-vu-iterations',
      exec: 'watch',
      vus: 1,
      iterations: 1,
      maxDuration: `${DURATION + 60000}ms`,
    },
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
  return data;
}

let client;

export default function (data) {
  client = client || new Mixed(data);
  if (settings.writes > 0) client.begin(exec.vu.idInTest);
  client.iterate(exec.scenario.iterationInTest);
}

export function watch() {
  const start = exec.scenario.startTime;
  until(start + SETTLE);
  const before = scrape();
  until(start + DURATION);
  const found = between(before, scrape());
  hitRate.add(found.hitRate);
  for (const name of Object.keys(server)) server[name].add(found[name]);
}

export function teardown(data) {
  finish(data);
}

export function handleSummary(data) {
  const { count = 0 } = valuesOf(data, 'http_reqs{scenario:mixed}');
  const { count: writes = 0 } = valuesOf(data, 'http_reqs{kind:write}');
  const found = Object.keys(server).map((name) => [name, valuesOf(data, server[name].name).value || 0]);
  const results = {
    requests: count,
    perSecond: count / (DURATION / 1000),
    hitRate: valuesOf(data, 'list_hit_rate').value,
    ...Object.fromEntries(found),
  };
  const chosen = settings.choice === 'zipf' ? `zipf ${settings.zipf}` : 'uniform';
  return summary(data, {
    title: 'oponn: reads and writes',
    parts: [
      settingsLine(`${settings.vus} VUs`, `${DURATION / 1000} s`, `${settings.lists} lists (${chosen})`),
      operationsTable(data, OPERATIONS),
      `${count} requests, ${whole(results.perSecond)} per second, of which ${writes} writes. ${answersLine(data)}`,
      `The cache answered ${percent(results.hitRate, 3)} of ${results.listReads} list reads; ${results.missed} were ` +
        `filled from the store, ${results.waited} waited for another one's fill, and ` +
        `${results.bypassed} went past the cache. A request took ${results.storePerRequest.toFixed(3)} operations of ` +
        `the store and ${results.redisPerRequest.toFixed(2)} round trips to Redis with ` +
        `${whole(results.redisBytesPerRequest)} bytes. ` +
        `Writes repaired ${results.repaired} cached lists and made ${results.dropped} be dropped.`,
    ],
    results,
  });
}

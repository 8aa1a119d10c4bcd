// A mixed load for a long time, in windows that are compared: whether anything grows or slows down.
// README.md says how to run it.

import exec from 'k6/execution';
import { Gauge } from 'k6/metrics';
import { finish, prepare, warm } from './lib/lifecycle.js';
import { Mixed, OFTEN, OPERATIONS, RARE, WRITES } from './lib/mix.js';
import { common, kept, strict } from './lib/options.js';
import { between, gaugeOf, scrape } from './lib/server.js';
import { count, duration, number, settings } from './lib/settings.js';
import {
  answersLine,
  ms,
  operationsTable,
  percent,
  settingsLine,
  summary,
  table,
  valuesOf,
  whole,
} from './lib/summary.js';
import { until } from './lib/wait.js';

const DURATION = duration('DURATION', '30m');
const WINDOWS = count('WINDOWS', 10, 2);
const WINDOW = DURATION / WINDOWS;
// How much more the last window may need than the second; in the first, connections and pools are made.
const DRIFT = number('DRIFT', 1.5);
const GROWTH = number('GROWTH', 1.5);

// By window: requests per second, the server's own mean time of a request, and so on.
const shown = {
  requests: new Gauge('window_requests_per_second'),
  mean: new Gauge('window_server_ms'),
  hits: new Gauge('window_list_hit_rate'),
  store: new Gauge('window_store_operations_per_request'),
  dropped: new Gauge('window_batches_dropped'),
  memory: new Gauge('window_memory_bytes'),
};
const drift = new Gauge('latency_drift');
const growth = new Gauge('memory_growth');

const thresholds = {
  ...strict(OFTEN, [...RARE, ...WRITES]),
  stale_answers: ['rate==0'],
  latency_drift: [`value<=${DRIFT}`],
  memory_growth: [`value<=${GROWTH}`],
  'http_reqs{scenario:soak}': ['count>0'],
};
for (let window = 1; window <= WINDOWS; window++) {
  for (const name of Object.keys(shown)) thresholds[`${shown[name].name}{window:${window}}`] = kept.gauge;
  thresholds[`window_list_hit_rate{window:${window}}`] = [`value>=${settings.hitRate}`];
}

export const options = {
  ...common,
  scenarios: {
    soak: { executor: 'constant-vus', vus: settings.vus, duration: `${DURATION}ms`, gracefulStop: '5s' },
    watcher: {
      executor: 'per-vu-iterations',
      exec: 'watch',
      vus: 1,
      iterations: 1,
      maxDuration: `${DURATION + 60000}ms`,
    },
  },
  thresholds,
};

export function setup() {
  const data = prepare();
  warm(data);
  return data;
}

let client;

export default function (data) {
  client = client || new Mixed(data);
  client.iterate(exec.scenario.iterationInTest);
}

export function watch() {
  const start = exec.scenario.startTime;
  const windows = [];
  let before = scrape();
  for (let window = 1; window <= WINDOWS; window++) {
    until(start + window * WINDOW);
    const after = scrape();
    const server = between(before, after);
    const told = {
      requests: server.requests / (WINDOW / 1000),
      mean: server.meanMs,
      hits: server.hitRate,
      store: server.storePerRequest,
      dropped: server.dropped,
      memory: gaugeOf(after, 'process_resident_memory_bytes'),
    };
    for (const name of Object.keys(shown)) shown[name].add(told[name], { window: String(window) });
    windows.push(told);
    before = after;
  }
  const [second, last] = [windows[1], windows[WINDOWS - 1]];
  drift.add(last.mean / second.mean);
  growth.add(second.memory > 0 ? last.memory / second.memory : 1);
}

export function teardown(data) {
  finish(data);
}

export function handleSummary(data) {
  const { count: requests = 0 } = valuesOf(data, 'http_reqs{scenario:soak}');
  const windows = Array.from({ length: WINDOWS }, (_, i) => {
    const value = (name) => valuesOf(data, `${shown[name].name}{window:${i + 1}}`).value;
    return Object.fromEntries([['window', i + 1], ...Object.keys(shown).map((name) => [name, value(name)])]);
  });
  const columns = [
    'window',
    'requests/s',
    'server mean ms',
    'lists from the cache',
    'store operations per request',
    'lists dropped',
    'memory MB',
  ];
  const rows = windows.map(({ window, requests: rate, mean, hits, store, dropped, memory }) => [
    window,
    whole(rate),
    ms(mean),
    percent(hits),
    (store || 0).toFixed(3),
    dropped,
    memory ? whole(memory / 1e6) : '-',
  ]);
  const [slower, larger] = ['latency_drift', 'memory_growth'].map((name) => valuesOf(data, name).value);
  return summary(data, {
    title: 'oponn: a soak',
    parts: [
      settingsLine(
        `${settings.vus} VUs`,
        `${DURATION / 1000} s in ${WINDOWS} windows`,
        `${settings.lists} lists`,
      ),
      table(columns, rows),
      operationsTable(data, OPERATIONS),
      `${requests} requests. ${answersLine(data)} From the second window to the last, the server's mean time ` +
        `changed by the factor ${(slower || 0).toFixed(2)}, its memory by ${(larger || 0).toFixed(2)}.`,
    ],
    results: { requests, latencyDrift: slower, memoryGrowth: larger, windows },
  });
}

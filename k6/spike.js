// A sudden rise of requests, and whether the server is as fast after it as before. Requests come at a rate,
// whether or not those before them have been answered. README.md says how to run it.

import exec from 'k6/execution';
import { finish, prepare, warm } from './lib/lifecycle.js';
import { Mixed, OFTEN, OPERATIONS, RARE, WRITES } from './lib/mix.js';
import { common, kept, strict } from './lib/options.js';
import { count, duration, number, settings } from './lib/settings.js';
import {
  answersLine,
  ms,
  operationsTable,
  settingsLine,
  summary,
  table,
  valuesOf,
  whole,
} from './lib/summary.js';

const BASE = count('BASE', 50);
const PEAK = count('PEAK', 500);
const CALM = duration('CALM', '10s');
const RISE = duration('RISE', '2s');
const HOLD = duration('HOLD', '10s');
// Clients at the most: when all of them wait for answers, requests are dropped, and counted.
const VUS = count('VUS', 100);
// Bounds while the spike lasts; P95_MS and P99_MS hold before and after it.
const SPIKE_P95 = number('SPIKE_P95_MS', 2000);

const steady = (startTime) => ({
  executor: 'constant-arrival-rate',
  rate: BASE,
  timeUnit: '1s',
  startTime: `${startTime}ms`,
  duration: `${CALM}ms`,
  preAllocatedVUs: Math.min(VUS, 20),
  maxVUs: VUS,
  gracefulStop: '5s',
});

const stage = (length, target) => ({ duration: `${length}ms`, target });
const SPIKE = RISE * 2 + HOLD;

const phases = ['before', 'spike', 'after'];
const thresholds = {
  ...strict(OFTEN, [...RARE, ...WRITES], { p95: 60000, p99: 60000 }),
  stale_answers: ['rate==0'],
  'http_req_duration{scenario:before}': [`p(95)<${settings.p95}`, `p(99)<${settings.p99}`],
  'http_req_duration{scenario:spike}': [`p(95)<${SPIKE_P95}`],
  'http_req_duration{scenario:after}': [`p(95)<${settings.p95}`, `p(99)<${settings.p99}`],
  'dropped_iterations{scenario:before}': ['count==0'],
  'dropped_iterations{scenario:spike}': kept.counter,
  'dropped_iterations{scenario:after}': ['count==0'],
};
for (const phase of phases) thresholds[`http_reqs{scenario:${phase}}`] = ['count>0'];

export const options = {
  ...common,
  scenarios: {
    before: steady(0),
    spike: {
      executor: 'ramping-arrival-rate',
      startRate: BASE,
      timeUnit: '1s',
      startTime: `${CALM}ms`,
      stages: [stage(RISE, PEAK), stage(HOLD, PEAK), stage(RISE, BASE)],
      preAllocatedVUs: VUS,
      gracefulStop: '10s',
    },
    after: steady(CALM + SPIKE),
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
  // Each phase has numbers of its own, so that it does not repeat what the one before did.
  client.iterate(exec.scenario.iterationInTest + phases.indexOf(exec.scenario.name) * 1000003);
}

export function teardown(data) {
  finish(data);
}

export function handleSummary(data) {
  const lengths = { before: CALM, spike: SPIKE, after: CALM };
  const results = phases.map((phase) => {
    const times = valuesOf(data, `http_req_duration{scenario:${phase}}`);
    const { count: requests = 0 } = valuesOf(data, `http_reqs{scenario:${phase}}`);
    const { count: dropped = 0 } = valuesOf(data, `dropped_iterations{scenario:${phase}}`);
    const perSecond = requests / (lengths[phase] / 1000);
    return {
      phase,
      requests,
      perSecond,
      dropped,
      p50: times.med,
      p95: times['p(95)'],
      p99: times['p(99)'],
      max: times.max,
    };
  });
  const columns = ['phase', 'requests', 'requests/s', 'dropped', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'];
  const rows = results.map(({ phase, requests, perSecond, dropped, p50, p95, p99, max }) => [
    phase,
    requests,
    whole(perSecond),
    dropped,
    ms(p50),
    ms(p95),
    ms(p99),
    ms(max),
  ]);
  return summary(data, {
    title: 'oponn: a spike',
    parts: [
      settingsLine(`${BASE} requests/s, up to ${PEAK}, and back`, `at most ${VUS} at once`),
      table(columns, rows),
      operationsTable(data, OPERATIONS),
      answersLine(data),
    ],
    results: { phases: results },
  });
}

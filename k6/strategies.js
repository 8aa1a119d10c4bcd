// The same mixed load once for each way to use the cache, one after the other, and the results side by side.
// README.md says what the strategies are and what the server has to allow.

import exec from 'k6/execution';
import { Gauge } from 'k6/metrics';
import { send } from './lib/http.js';
import { prepare, warm } from './lib/lifecycle.js';
import { Mixed } from './lib/mix.js';
import { common, kept } from './lib/options.js';
import { cleanUp } from './lib/owned.js';
import { between, scrape } from './lib/server.js';
import { STRATEGIES, duration, settings, words } from './lib/settings.js';
import { ms, percent, settingsLine, summary, table, valuesOf, whole } from './lib/summary.js';
import { until } from './lib/wait.js';

const strategies = words('STRATEGIES', STRATEGIES.join(','));
const unknown = strategies.filter((strategy) => !STRATEGIES.includes(strategy));
if (unknown.length > 0)
  throw new Error(`STRATEGIES: ${unknown.join(', ')}: write some of ${STRATEGIES.join(', ')}`);

// Each strategy's turn: the cache is emptied and filled, then the load runs, then what is under way ends.
const PREPARE = duration('PREPARE', '20s');
const DURATION = duration('DURATION', '20s');
const GRACE = 2000;
// The beginning of the load, in which the clients make their documents. The cache is not judged by it.
const SETTLE = Math.min(duration('SETTLE', '2s'), DURATION / 2);
const TURN = PREPARE + DURATION + GRACE;

const hitRate = new Gauge('list_hit_rate');
const storePerRequest = new Gauge('store_operations_per_request');

const scenarios = {
  conductor: {
    executor: 'per-vu-iterations',
    exec: 'conduct',
    vus: 1,
    iterations: 1,
    maxDuration: `${TURN * strategies.length + 60000}ms`,
  },
};
const thresholds = { checks: ['rate==1'], http_req_failed: ['rate==0'] };
strategies.forEach((strategy, turn) => {
  scenarios[strategy] = {
    executor: 'constant-vus',
    exec: 'load',
    vus: settings.vus,
    startTime: `${turn * TURN + PREPARE}ms`,
    duration: `${DURATION}ms`,
    gracefulStop: `${GRACE - 500}ms`,
  };
  // Only with `ttl` are stale answers what is being counted.
  thresholds[`stale_answers{scenario:${strategy}}`] = strategy === 'ttl' ? kept.rate : ['rate==0'];
  thresholds[`list_hit_rate{strategy:${strategy}}`] =
    strategy === 'reconcile' ? [`value>=${settings.hitRate}`] : kept.gauge;
  thresholds[`store_operations_per_request{strategy:${strategy}}`] = kept.gauge;
  thresholds[`http_reqs{scenario:${strategy}}`] = ['count>0'];
  for (const kind of ['read', 'write']) {
    thresholds[`http_req_duration{scenario:${strategy},kind:${kind}}`] = kept.trend;
  }
});

export const options = { ...common, scenarios, thresholds };

export function setup() {
  const { error } = send('setup', '{ __typename }', {}, { strategy: 'reconcile' });
  if (error) {
    throw new Error(`Oponn-Cache is not taken: ${error}. Start the server with --allow-cache-override.`);
  }
  return prepare();
}

const clients = {};

// A client begins anew with each strategy: what it owned before has been deleted.
export function load(data) {
  const { name } = exec.scenario;
  clients[name] = clients[name] || new Mixed(data, { strategy: name, counting: name === 'ttl' });
  clients[name].begin(exec.vu.idInTest);
  clients[name].iterate(exec.scenario.iterationInTest);
}

// Nothing of the turn before is left: its documents are deleted, what is cached of any type is void, and every
// list is read from the store.
function reset(data) {
  cleanUp({ thorough: true });
  warm(data, 'refresh');
}

export function conduct(data) {
  try {
    takeTurns(data);
  } catch (error) {
    exec.test.abort(String(error));
  }
}

function takeTurns(data) {
  const start = exec.scenario.startTime;
  strategies.forEach((strategy, turn) => {
    const began = start + turn * TURN;
    until(began);
    reset(data);
    if (Date.now() > began + PREPARE) {
      throw new Error(`the cache was not filled in ${PREPARE} ms; set PREPARE to more, or LISTS to less`);
    }
    until(began + PREPARE + SETTLE);
    const before = scrape();
    until(began + TURN - 250);
    const server = between(before, scrape());
    hitRate.add(server.hitRate, { strategy });
    storePerRequest.add(server.storePerRequest, { strategy });
  });
}

export function teardown() {
  cleanUp({ thorough: true });
}

function resultOf(data, strategy) {
  const gauge = (name) => valuesOf(data, `${name}{strategy:${strategy}}`).value;
  const times = (kind) => valuesOf(data, `http_req_duration{scenario:${strategy},kind:${kind}}`);
  const [reads, writes] = [times('read'), times('write')];
  return {
    strategy,
    listHitRate: gauge('list_hit_rate'),
    storeOperationsPerRequest: gauge('store_operations_per_request'),
    requests: valuesOf(data, `http_reqs{scenario:${strategy}}`).count,
    perSecond: valuesOf(data, `http_reqs{scenario:${strategy}}`).count / (DURATION / 1000),
    readMs: { p50: reads.med, p95: reads['p(95)'], p99: reads['p(99)'] },
    writeMs: { p50: writes.med, p95: writes['p(95)'], p99: writes['p(99)'] },
    staleAnswers: valuesOf(data, `stale_answers{scenario:${strategy}}`).rate,
  };
}

export function handleSummary(data) {
  const results = strategies.map((strategy) => resultOf(data, strategy));
  const rows = results.map((result) => [
    result.strategy,
    percent(result.listHitRate),
    (result.storeOperationsPerRequest || 0).toFixed(3),
    whole(result.perSecond),
    ms(result.readMs.p50),
    ms(result.readMs.p95),
    ms(result.readMs.p99),
    ms(result.writeMs.p50),
    ms(result.writeMs.p95),
    percent(result.staleAnswers),
  ]);
  const columns = [
    'strategy',
    'lists from the cache',
    'store operations per request',
    'requests/s',
    'read p50 ms',
    'read p95 ms',
    'read p99 ms',
    'write p50 ms',
    'write p95 ms',
    'stale answers',
  ];
  const chosen = settings.choice === 'zipf' ? `zipf ${settings.zipf}` : 'uniform';
  return summary(data, {
    title: 'oponn: ways to use the cache, under the same load',
    parts: [
      settingsLine(
        `${settings.vus} VUs`,
        `${DURATION / 1000} s each`,
        `${settings.lists} lists (${chosen})`,
        `${percent(settings.writes, 0)} writes`,
      ),
      table(columns, rows),
      'A stale answer is one that lacks a write which the same client had made, and got acknowledged, before it ' +
        'asked. What a client misses of the writes of others it cannot know, so this is the least that there was.',
    ],
    results: { strategies: results },
  });
}

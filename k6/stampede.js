// Many clients ask at once for a list that is not cached: the store must be asked once. README.md says how to
// run it, over one server or several.

import { check } from 'k6';
import exec from 'k6/execution';
import { Counter, Gauge } from 'k6/metrics';
import { openList, reading } from './lib/catalogue.js';
import { requestOf, sendTogether } from './lib/http.js';
import { passing } from './lib/filter.js';
import { faultOfList } from './lib/judge.js';
import { comparer } from './lib/oracle.js';
import { common } from './lib/options.js';
import { Owned, cleanUp } from './lib/owned.js';
import { between, scrape } from './lib/server.js';
import { count, duration, number, settings } from './lib/settings.js';
import { readSnapshot } from './lib/snapshot.js';
import { answersLine, operationsTable, settingsLine, summary, valuesOf } from './lib/summary.js';
import { until } from './lib/wait.js';

const VUS = count('VUS', 50);
// What each VU sends at once; together they are the readers.
const EACH = count('EACH', 20);
const ROUNDS = count('ROUNDS', 5);
const INTERVAL = duration('INTERVAL', '5s');
// Operations that the store may see for one list.
const STORE_MOST = number('STORE_MOST', 1);
const LEAD = 500;

// Readers who came after the others, because their answers of the round before came late.
const late = new Counter('late_readers');
const bypassed = new Gauge('list_reads_bypassed');
const storePerList = new Gauge('store_operations_per_list');
const [p95, p99] = [number('P95_MS', 3000), number('P99_MS', 5000)];

export const options = {
  ...common,
  scenarios: {
    stampede: {
      executor: 'per-vu-iterations',
      vus: VUS,
      iterations: ROUNDS,
      maxDuration: `${LEAD + ROUNDS * INTERVAL + 60000}ms`,
    },
  },
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
    'http_reqs{op:books}': [`count==${VUS * EACH * ROUNDS}`],
    'http_req_duration{op:books}': [`p(95)<${p95}`, `p(99)<${p99}`],
    // Less than one, and the lists were not cold.
    store_operations_per_list: ['value>=1', `value<=${STORE_MOST}`],
  },
};

// One list per round, which nobody has asked for before: all books below a price that no run uses twice.
function listOfRound(snapshot, nonce, round) {
  const where = { price: { lt: `${1000000 + round}.${nonce}` }, year: { gte: -3000 + round } };
  const order = [{ field: 'title', direction: 'ASC' }];
  const passes = passing(where);
  const places = snapshot.books.map((_, place) => place).filter((place) => passes(snapshot.books[place]));
  const compare = comparer(order);
  places.sort((a, b) => compare(snapshot.books[a], snapshot.books[b]));
  const first = 20;
  return { root: 'books', where, order, first, total: places.length, rows: places.slice(0, first + 1) };
}

export function setup() {
  cleanUp();
  const snapshot = readSnapshot();
  const nonce = String(Date.now());
  const lists = Array.from({ length: ROUNDS }, (_, round) => listOfRound(snapshot, nonce, round));
  return { snapshot, lists, before: scrape() };
}

const nobody = new Owned(0);

export default function ({ snapshot, lists }) {
  const round = exec.vu.iterationInScenario;
  const list = openList(lists[round], snapshot);
  const requests = Array.from({ length: EACH }, () => requestOf(...reading(list)));
  const start = exec.scenario.startTime + LEAD + round * INTERVAL;
  if (Date.now() > start) late.add(EACH);
  until(start);
  for (const { data, error } of sendTogether(requests)) {
    const text = error || (faultOfList(list, data.books, nobody) || {}).text;
    check(text, { 'the answer is right': (found) => !found });
    if (text) console.error(`round ${round}: ${text}`);
  }
}

export function teardown({ before }) {
  const found = between(before, scrape());
  storePerList.add(found.store / ROUNDS);
  bypassed.add(found.bypassed);
}

export function handleSummary(data) {
  const { value } = valuesOf(data, 'store_operations_per_list');
  const { count: latecomers = 0 } = valuesOf(data, 'late_readers');
  const { value: past = 0 } = valuesOf(data, 'list_reads_bypassed');
  const results = {
    readers: VUS * EACH,
    rounds: ROUNDS,
    servers: settings.urls.length,
    storeOperationsPerList: value,
  };
  return summary(data, {
    title: 'oponn: a stampede for lists that are not cached',
    parts: [
      settingsLine(`${results.readers} readers at once`, `${ROUNDS} rounds`),
      operationsTable(data, ['books']),
      `The store was asked ${value} times for each list, over ${results.servers} servers. ${answersLine(data)}` +
        (past > 0 ? ` ${past} reads went past the cache: it was out of reach for a time.` : '') +
        (latecomers > 0 ? ` ${latecomers} requests were sent late: set INTERVAL to more.` : ''),
    ],
    results,
  });
}

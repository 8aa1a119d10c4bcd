// What many clients with the largest requests that are allowed do to the others: one kind of request after the
// other, with a small client beside. README.md says how to run it.

import exec from 'k6/execution';
import http from 'k6/http';
import { check } from 'k6';
import { Counter, Gauge, Trend } from 'k6/metrics';
import { requestOf } from './lib/http.js';
import { ALLOWED, kinds, outcomeOf } from './lib/large.js';
import { common, kept } from './lib/options.js';
import { Owned, cleanUp } from './lib/owned.js';
import { seed } from './lib/random.js';
import { cutOff, gaugeOf, scrape } from './lib/server.js';
import { count, duration, number, settings, words } from './lib/settings.js';
import { OPERATIONS, Small } from './lib/small.js';
import { answersLine, ms, settingsLine, summary, table, valuesOf, whole } from './lib/summary.js';
import { types } from './lib/types.js';
import { until } from './lib/wait.js';

const KINDS = words('KINDS', Object.keys(kinds).join(','));
const unknown = KINDS.filter((kind) => !kinds[kind]);
if (unknown.length > 0) {
  throw new Error(`KINDS: ${unknown.join(', ')}: write some of ${Object.keys(kinds).join(', ')}`);
}
const LARGE = count('LARGE', 50);
const SMALL = count('SMALL', 1);
const DURATION = duration('DURATION', '10s');
const CALM = duration('CALM', '5s');
// What is under way when a phase ends may take so long, more than `api.timeout`; then it is broken off.
const REST = duration('REST', '32s');
const ROWS = count('ROWS', 5000);
const ALONE = count('ALONE', 3);
// A small client may have to wait for the store, which breaks off large reads after `server.store_timeout`.
const P99 = number('P99_MS', 20000);

// The small client's phases: before, beside each kind, after.
const phases = [];
let end = 0;
for (const phase of ['before', ...KINDS, 'after']) {
  const beside = KINDS.includes(phase);
  phases.push({ phase, beside, start: end, length: beside ? DURATION : CALM });
  end += beside ? DURATION + REST : CALM + 1000;
}

const sent = new Counter('large_sent');
const answers = new Counter('large_answers');
const memory = new Trend('server_memory_bytes');
const cpu = new Gauge('server_cpu_seconds');

const scenarios = {
  watcher: {
    executor: 'per-vu-iterations',
    exec: 'watch',
    vus: 1,
    iterations: 1,
    maxDuration: `${end + 60000}ms`,
  },
};
const thresholds = { checks: ['rate==1'] };
const steady = (name, vus, { start, length }) => ({
  executor: 'constant-vus',
  exec: name,
  vus,
  startTime: `${start}ms`,
  duration: `${length}ms`,
  gracefulStop: `${Math.max(1000, REST - 1000)}ms`,
});
for (const at of phases) {
  const { phase, beside } = at;
  scenarios[`small_${phase}`] = steady('small', SMALL, at);
  thresholds[`checks{scenario:small_${phase}}`] = ['rate==1'];
  thresholds[`http_req_duration{scenario:small_${phase}}`] = [`p(99)<${P99}`];
  for (const op of OPERATIONS) {
    thresholds[`http_req_duration{scenario:small_${phase},op:${op}}`] = kept.trend;
  }
  thresholds[`server_memory_bytes{phase:${phase}}`] = kept.trend;
  thresholds[`server_cpu_seconds{phase:${phase}}`] = kept.gauge;
  if (!beside) continue;
  scenarios[`large_${phase}`] = steady('large', LARGE, at);
  thresholds[`large_sent{request:${phase}}`] = ['count>0'];
  thresholds[`http_req_duration{scenario:large_${phase}}`] = kept.trend;
  for (const code of ALLOWED) thresholds[`large_answers{request:${phase},code:${code}}`] = kept.counter;
}

export const options = { ...common, scenarios, thresholds };

// What has become of a request, and how many bytes it and its answer had.
function ask(kind, tag) {
  const query = kinds[kind]();
  const { url, body, params } = requestOf(kind, query, {}, { kind: tag });
  const response = http.post(url, body, { ...params, timeout: '120s' });
  const outcome = outcomeOf(response);
  return { outcome, bytes: [body.length, response.status === 0 ? 0 : response.body.length], response };
}

const fail = (fault) => {
  if (fault) throw new Error(`documents cannot be made: ${fault.text}`);
};

const PART = 500;

// Books of this run, ten of each author and five in each store.
function fill() {
  const run = new Owned(0);
  const parts = (type, length, make) => {
    for (let from = 0; from < length; from += PART) {
      const inputs = Array.from({ length: Math.min(PART, length - from) }, (_, i) => make(from + i));
      fail(run.createMany(type, inputs));
    }
  };
  parts(types.Bookstore, Math.ceil(ROWS / 5), (n) => ({ city: `City ${n % 50}`, founded: 1800 + (n % 200) }));
  const stores = run.docs.Bookstore;
  parts(types.Book, ROWS, (n) => ({
    title: `A book with a title of ordinary length, the ${n}th`,
    author: `k6 author ${Math.floor(n / 10)}`,
    year: n % 2000,
    price: `${n % 90}.99`,
    storeId: stores[n % stores.length].id,
  }));
  return run.docs.Book.slice(0, 1000).map(({ id, title, author, storeId }) => ({ id, title, author, storeId }));
}

// What one request of a kind costs the servers when there is nothing else to do. Past some seconds, one is enough.
function alone(kind) {
  const [began, before] = [Date.now(), scrape()];
  let asked = 0;
  let last;
  while (asked < ALONE && Date.now() - began < 10000) {
    last = ask(kind, 'setup');
    asked++;
  }
  const took = Date.now() - began;
  const after = scrape();
  const grown = (name) => (gaugeOf(after, name) - gaugeOf(before, name)) / asked;
  const { outcome, bytes } = last;
  return { outcome, bytes, ms: took / asked, cpu: grown('process_cpu_seconds_total') };
}

export function setup() {
  cleanUp();
  const books = fill();
  seed(settings.seed, 0xa10e);
  const single = Object.fromEntries(KINDS.map((kind) => [kind, alone(kind)]));
  return { books, single, cutOff: cutOff(scrape()) };
}

let told = 0;

export function large(data) {
  const kind = exec.scenario.name.slice('large_'.length);
  seed(settings.seed, exec.scenario.iterationInTest, KINDS.indexOf(kind));
  sent.add(1, { request: kind });
  const { outcome, response } = ask(kind, 'large');
  // A server that closes a connection says at which bound.
  const code = outcome === 'NO_ANSWER' && cutOff(scrape()) > data.cutOff ? 'CUT' : outcome;
  answers.add(1, { request: kind, code });
  const fine = check(code, { 'a large request is answered or turned away': () => ALLOWED.includes(code) });
  if (!fine && told++ < 5) {
    const { status, error, body } = response;
    console.error(`${kind}: ${code}: status ${status}: ${error || String(body).slice(0, 500)}`);
  }
}

let client;

export function small({ books }) {
  client = client || new Small(books);
  seed(settings.seed, exec.scenario.iterationInTest, 0x5a11 + phases.findIndex(isPhase(exec.scenario.name)));
  client.iterate();
}

const isPhase = (scenario) => (at) => scenario === `small_${at.phase}`;

const LOOK = 200;

export function watch() {
  const began = exec.scenario.startTime;
  phases.forEach(({ phase, start, length }, i) => {
    until(began + start);
    const seconds = gaugeOf(scrape(), 'process_cpu_seconds_total');
    const next = i + 1 < phases.length ? phases[i + 1].start : end;
    const look = () => {
      const sums = scrape();
      memory.add(gaugeOf(sums, 'process_resident_memory_bytes'), { phase });
      return sums;
    };
    while (Date.now() < began + start + length) {
      const sums = look();
      cpu.add(gaugeOf(sums, 'process_cpu_seconds_total') - seconds, { phase });
      until(Date.now() + LOOK);
    }
    while (Date.now() < began + next - LOOK) {
      look();
      until(Date.now() + LOOK);
    }
  });
}

export function teardown() {
  cleanUp();
}

const MB = 1e6;
const sizes = (bytes) => bytes.map((size) => (size / 1000).toFixed(0)).join(', ');

export function handleSummary(data) {
  const { single = {} } = data.setup_data || {};
  const results = phases.map(({ phase, beside, length }) => {
    const times = valuesOf(data, `http_req_duration{scenario:small_${phase}}`);
    const slowest = (op) => {
      const { count: asked, max } = valuesOf(data, `http_req_duration{scenario:small_${phase},op:${op}}`);
      return asked ? max : undefined;
    };
    const result = {
      phase,
      requests: times.count,
      p50: times.med,
      p99: times['p(99)'],
      max: times.max,
      failures: valuesOf(data, `checks{scenario:small_${phase}}`).fails,
      slowest: Object.fromEntries(OPERATIONS.map((op) => [op, slowest(op)])),
      memory: valuesOf(data, `server_memory_bytes{phase:${phase}}`).max,
      cores: valuesOf(data, `server_cpu_seconds{phase:${phase}}`).value / (length / 1000),
    };
    if (!beside) return result;
    const codes = ALLOWED.map((code) => [
      code,
      valuesOf(data, `large_answers{request:${phase},code:${code}}`).count || 0,
    ]);
    const { count: asked = 0 } = valuesOf(data, `large_sent{request:${phase}}`);
    const took = valuesOf(data, `http_req_duration{scenario:large_${phase}}`);
    return {
      ...result,
      alone: single[phase],
      asked,
      codes: Object.fromEntries(codes),
      took: { count: took.count, p50: took.med, max: took.max },
    };
  });
  const beside = results.filter(({ codes }) => codes);
  const smallTable = table(
    [
      'small client',
      'requests',
      'p50 ms',
      'p99 ms',
      'max ms',
      'failures',
      ...OPERATIONS.map((op) => `${op} max ms`),
      'memory MB',
      'cores',
    ],
    results.map((of) => [
      of.phase,
      of.requests || 0,
      ms(of.p50),
      ms(of.p99),
      ms(of.max),
      whole(of.failures),
      ...OPERATIONS.map((op) => ms(of.slowest[op])),
      of.memory ? whole(of.memory / MB) : '-',
      of.cores.toFixed(2),
    ]),
  );
  const largeTable = table(
    ['large clients', 'requests', ...ALLOWED, 'other, or unfinished', 'p50 ms', 'max ms'],
    beside.map(({ phase, asked, codes, took }) => {
      const counts = ALLOWED.map((code) => codes[code]);
      const rest = asked - counts.reduce((sum, one) => sum + one, 0);
      const times = took.count ? [took.p50, took.max].map(ms) : ['-', '-'];
      return [phase, asked, ...counts, rest, ...times];
    }),
  );
  const aloneTable = table(
    ['one request alone', 'outcome', 'request, answer kB', 'ms', 'processor s of the server'],
    beside
      .filter((of) => of.alone)
      .map(({ phase, alone: of }) => [phase, of.outcome, sizes(of.bytes), ms(of.ms), of.cpu.toFixed(2)]),
  );
  return summary(data, {
    title: 'oponn: the largest requests',
    parts: [
      settingsLine(`${LARGE} large clients beside ${SMALL} small`, `${DURATION / 1000} s each`, `${ROWS} books`),
      smallTable,
      largeTable,
      aloneTable,
      answersLine(data),
    ],
    results: { phases: results },
  });
}

// Reads of the default application under load, every answer checked. README.md says how to run it.

import { check, randomSeed } from 'k6';
import exec from 'k6/execution';
import { contextOf, drawOperation, operations } from './lib/operations.js';
import { settings } from './lib/settings.js';
import { readSnapshot } from './lib/snapshot.js';
import { summary } from './lib/summary.js';

const names = operations.map((operation) => operation.name);

// A wrong answer fails the run, and so does an operation that was never tried or is too slow.
const thresholds = {
  checks: ['rate==1'],
  http_req_failed: ['rate==0'],
};
for (const name of names) {
  thresholds[`http_reqs{op:${name}}`] = ['count>0'];
  thresholds[`http_req_duration{op:${name}}`] = [`p(95)<${settings.p95}`, `p(99)<${settings.p99}`];
}

export const options = {
  scenarios: {
    read: { executor: 'constant-vus', vus: settings.vus, duration: settings.duration, gracefulStop: '5s' },
  },
  thresholds,
  summaryTrendStats: ['count', 'med', 'p(95)', 'p(99)', 'max'],
};

export function setup() {
  return readSnapshot();
}

let context;

// An answer of an unexpected form is a wrong answer too.
function judged(operation) {
  try {
    return operation.run(context);
  } catch (error) {
    return `cannot be judged: ${error}`;
  }
}

export default function (snapshot) {
  if (!context) {
    randomSeed(settings.seed * 100003 + exec.vu.idInTest);
    context = contextOf(snapshot);
  }
  const operation = drawOperation();
  const fault = judged(operation);
  check(fault, { 'the answer is right': (found) => found === null }, { op: operation.name });
  if (fault !== null) console.error(`${operation.name}: ${fault}`);
}

export function handleSummary(data) {
  return summary(data, names);
}

// Reads of the default application under load, every answer checked. README.md says how to run it.

import { check } from 'k6';
import exec from 'k6/execution';
import { contextOf, drawOperation, operations } from './lib/operations.js';
import { common, strict } from './lib/options.js';
import { seed } from './lib/random.js';
import { duration, settings } from './lib/settings.js';
import { readSnapshot } from './lib/snapshot.js';
import { answersLine, operationsTable, settingsLine, summary, valuesOf, whole } from './lib/summary.js';

const names = operations.map((operation) => operation.name);

export const options = {
  ...common,
  scenarios: {
    read: { executor: 'constant-vus', vus: settings.vus, duration: settings.duration, gracefulStop: '5s' },
  },
  thresholds: { ...strict(names), 'http_reqs{scenario:read}': ['count>0'] },
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
  context = context || contextOf(snapshot);
  seed(settings.seed, exec.scenario.iterationInTest);
  const operation = drawOperation();
  const fault = judged(operation);
  check(fault, { 'the answer is right': (found) => found === null }, { op: operation.name });
  if (fault !== null) console.error(`${operation.name}: ${fault}`);
}

export function handleSummary(data) {
  const { count = 0 } = valuesOf(data, 'http_reqs{scenario:read}');
  const rate = count / (duration('DURATION', '10s') / 1000);
  const how = settings.exact ? 'exact' : 'while others write';
  return summary(data, {
    title: 'oponn: reads',
    parts: [
      settingsLine(`${settings.vus} VUs`, settings.duration, how),
      operationsTable(data, names),
      `${count} reads, ${whole(rate)} per second. ${answersLine(data)}`,
    ],
    results: { requests: count, perSecond: rate },
  });
}

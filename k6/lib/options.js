// What the scripts' options have in common, and what a run must keep: k6 ends with exit code 99 when a
// threshold does not hold.

import { settings } from './settings.js';

export const common = {
  summaryTrendStats: ['count', 'avg', 'min', 'med', 'p(95)', 'p(99)', 'max'],
  setupTimeout: '5m',
  teardownTimeout: '5m',
  // What is sent together goes out together.
  batch: 1000,
  batchPerHost: 0,
};

// A wrong answer fails the run, and so does an operation that is too slow, or was never tried unless it is one
// of the `rare` ones, which a short run may not come to.
export function strict(operations, rare = [], { p95, p99 } = settings) {
  const thresholds = {
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
  };
  for (const op of operations) thresholds[`http_reqs{op:${op}}`] = ['count>0'];
  for (const op of [...operations, ...rare]) {
    thresholds[`http_req_duration{op:${op}}`] = [`p(95)<${p95}`, `p(99)<${p99}`];
  }
  return thresholds;
}

// k6 keeps the numbers of a part of a metric only when there is a threshold on it. These always hold, one for
// each kind of metric, and are not told in the summary.
export const kept = { trend: ['max>=0'], counter: ['count>=0'], gauge: ['value>=0'], rate: ['rate>=0'] };
export const isKept = (rule) => Object.values(kept).some(([always]) => always === rule);

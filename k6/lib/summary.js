// The summary of a run as text: one line per operation, then what was wrong.

import { settings } from './settings.js';

const COLUMNS = [['p50 ms', 'med'], ['p95 ms', 'p(95)'], ['p99 ms', 'p(99)'], ['max ms', 'max']];

const line = (name, cells) => name.padEnd(18) + cells.map((cell) => String(cell).padStart(10)).join('');
const ms = (value) => (value === undefined ? '-' : value.toFixed(2));

function failures(metrics) {
  const failed = [];
  for (const name of Object.keys(metrics)) {
    const thresholds = metrics[name].thresholds || {};
    for (const rule of Object.keys(thresholds)) {
      if (!thresholds[rule].ok) failed.push(`  ${name}: ${rule}`);
    }
  }
  return failed;
}

export function summary(data, names) {
  const { metrics } = data;
  const seconds = data.state.testRunDurationMs / 1000;
  const { url, vus, duration, exact } = settings;
  const lines = [
    `oponn reads: ${url}, ${vus} VUs, ${duration}, ${exact ? 'exact' : 'while others write'}`,
    '',
    line('operation', ['requests', ...COLUMNS.map(([title]) => title)]),
  ];
  let requests = 0;
  for (const name of names) {
    const metric = metrics[`http_req_duration{op:${name}}`];
    const values = metric ? metric.values : {};
    requests += values.count || 0;
    lines.push(line(name, [values.count || 0, ...COLUMNS.map(([, stat]) => ms(values[stat]))]));
  }
  const answers = metrics.checks ? metrics.checks.values : { passes: 0, fails: 0 };
  lines.push(
    '',
    `${requests} reads, ${(requests / seconds).toFixed(0)} per second over ${seconds.toFixed(1)} s`,
    `${answers.passes} answers right, ${answers.fails} wrong`,
  );
  const failed = failures(metrics);
  lines.push(failed.length === 0 ? 'PASSED' : `FAILED\n${failed.join('\n')}`, '');

  const outputs = { stdout: lines.join('\n') };
  if (settings.summary) outputs[settings.summary] = JSON.stringify({ state: data.state, metrics }, null, 2);
  return outputs;
}

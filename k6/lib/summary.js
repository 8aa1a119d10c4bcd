// The summary of a run as text: one line per operation, then what was wrong.

import { settings } from './settings.js';

const ms = (value) => (value === undefined ? '-' : value.toFixed(2)).padStart(9);

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
  const lines = [
    `oponn reads: ${settings.url}, ${settings.vus} VUs, ${settings.duration}, exact ${settings.exact ? 1 : 0}`,
    '',
    `${'operation'.padEnd(18)}${'requests'.padStart(9)}${'p50 ms'.padStart(9)}${'p95 ms'.padStart(9)}${'p99 ms'.padStart(9)}${'max ms'.padStart(9)}`,
  ];
  let requests = 0;
  for (const name of names) {
    const metric = metrics[`http_req_duration{op:${name}}`];
    const values = metric ? metric.values : {};
    requests += values.count || 0;
    const count = String(values.count || 0).padStart(9);
    lines.push(`${name.padEnd(18)}${count}${ms(values.med)}${ms(values['p(95)'])}${ms(values['p(99)'])}${ms(values.max)}`);
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
  if (settings.summary) outputs[settings.summary] = JSON.stringify(data, null, 2);
  return outputs;
}

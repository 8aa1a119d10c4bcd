// The summary of a run: Markdown that also reads well in a terminal, and all numbers as JSON.

import { settings } from './settings.js';
import { isKept } from './options.js';

export const ms = (value) => (value === undefined ? '-' : value.toFixed(value < 100 ? 2 : 0));
export const whole = (value) => (value === undefined ? '-' : value.toFixed(0));
export const percent = (value, places = 2) =>
  value === undefined ? '-' : `${(value * 100).toFixed(places)} %`;

// A table in Markdown, its columns aligned: the first to the left, numbers to the right.
export function table(columns, rows) {
  const cells = [columns, ...rows.map((row) => row.map(String))];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => Array.from(row[i]).length)));
  const line = (row) =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(columns), rule, ...cells.slice(1).map(line)].join('\n');
}

// The values of a metric, or of a part of it such as `http_req_duration{op:books}`.
export const valuesOf = (data, name) => (data.metrics[name] ? data.metrics[name].values : {});

// Requests and latencies by operation.
export function operationsTable(data, operations) {
  const rows = operations.map((op) => {
    const values = valuesOf(data, `http_req_duration{op:${op}}`);
    const times = ['med', 'p(95)', 'p(99)', 'max'].map((stat) => (values.count ? ms(values[stat]) : '-'));
    return [op, values.count || 0, ...times];
  });
  return table(['operation', 'requests', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'], rows);
}

export function answersLine(data, what = 'answers') {
  const { passes = 0, fails = 0 } = valuesOf(data, 'checks');
  // A Rate counts as passes what was true: that an answer was stale.
  const { passes: old = 0 } = valuesOf(data, 'stale_answers');
  return `${passes - old} ${what} right, ${fails} wrong, ${old} stale.`;
}

function failures({ metrics }) {
  const failed = [];
  for (const name of Object.keys(metrics)) {
    const thresholds = metrics[name].thresholds || {};
    for (const rule of Object.keys(thresholds)) {
      if (!thresholds[rule].ok && !isKept(rule)) failed.push(`- \`${name}\`: \`${rule}\``);
    }
  }
  return failed;
}

// What k6's handleSummary gives back. `parts` are paragraphs and tables; `results` goes into the JSON, beside
// k6's own numbers.
export function summary(data, { title, parts, results = {} }) {
  const failed = failures(data);
  const verdict = failed.length === 0 ? '**PASSED**' : `**FAILED**\n\n${failed.join('\n')}`;
  // Without an iteration the run ended in its preparations, and k6 has said why.
  const told = data.metrics.iterations ? parts : ['Nothing was measured: the run could not begin.'];
  const text = `${[`# ${title}`, ...told, verdict].join('\n\n')}\n`;
  const outputs = { stdout: `${text}\n` };
  if (settings.summaryMd) outputs[settings.summaryMd] = text;
  if (settings.summaryJson) {
    const { state, metrics } = data;
    const all = { title, passed: failed.length === 0, settings, results, state, metrics };
    outputs[settings.summaryJson] = `${JSON.stringify(all, null, 2)}\n`;
  }
  return outputs;
}

// The settings of a run in one line.
export function settingsLine(...more) {
  const servers = settings.urls.length === 1 ? settings.urls[0] : `${settings.urls.length} servers`;
  return [
    servers,
    ...more,
    `seed ${settings.seed}`,
    ...(settings.strategy ? [`strategy ${settings.strategy}`] : []),
  ].join(', ');
}

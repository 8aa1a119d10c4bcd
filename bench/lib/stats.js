// Medians and ranges, and how numbers are shown.

const sorted = (values) => [...values].sort((left, right) => left - right);

/** A quantile by linear interpolation, 0 to 1; NaN of nothing. */
export function quantile(values, part) {
  if (values.length === 0) return NaN;
  const all = sorted(values);
  const place = (all.length - 1) * part;
  const low = Math.floor(place);
  return all[low] + ((all[low + 1] ?? all[low]) - all[low]) * (place - low);
}

export const median = (values) => quantile(values, 0.5);
export const range = (values) => [Math.min(...values), Math.max(...values)];
export const summary = (values) => ({ median: median(values), range: range(values), all: values });

/** A number with three significant digits and thousands apart. */
export function shown(value) {
  if (value === undefined || !Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en');
  if (value === 0) return '0';
  return Number(value.toPrecision(3)).toString();
}

export const shownRange = ([low, high]) => `${shown(low)}-${shown(high)}`;

/** A Markdown table; columns of numbers are right-aligned. */
export function table(head, rows) {
  const lines = [head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => String(line[column] ?? '').length)));
  const row = (line) =>
    `| ${line.map((cell, column) => (column === 0 ? String(cell ?? '').padEnd(widths[column]) : String(cell ?? '').padStart(widths[column]))).join(' | ')} |`;
  return `${lines.map(row).join('\n')}\n`;
}

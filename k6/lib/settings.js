// What can be set from outside, each an environment variable with a default.

function number(name, fallback) {
  const text = __ENV[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`${name}=${text}: write a number, not less than 0`);
}

export const settings = {
  // Where the API is.
  url: (__ENV.OPONN_URL || 'http://127.0.0.1:8080').replace(/\/+$/, ''),
  vus: number('VUS', 10),
  duration: __ENV.DURATION || '10s',
  // Bounds of the latency of every operation, in milliseconds.
  p95: number('P95_MS', 250),
  p99: number('P99_MS', 1000),
  // Makes the choices of a run repeatable.
  seed: number('SEED', 1),
  // 1: nothing else writes, so that every answer is known to the last row. 0: only what holds of any
  // answer is checked: the filter, the order, the length of the page, the links between documents.
  exact: number('EXACT', 1) !== 0,
  // A file for the numbers of the summary as JSON.
  summary: __ENV.SUMMARY_JSON || '',
};

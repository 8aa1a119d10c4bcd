// What can be set from outside, each an environment variable with a default. A script has more of its own,
// which it reads with the same functions.

export function number(name, fallback) {
  const text = __ENV[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`${name}=${text}: write a number, not less than 0`);
}

// A number of things: whole, and at least `least`.
export function count(name, fallback, least = 1) {
  const value = number(name, fallback);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`${name}=${value}: write a whole number, at least ${least}`);
}

// A part of all: from 0 to 1.
export function share(name, fallback) {
  const value = number(name, fallback);
  if (value <= 1) return value;
  throw new Error(`${name}=${value}: write a share from 0 to 1`);
}

export function choice(name, values, fallback) {
  const text = __ENV[name] || fallback;
  if (values.includes(text)) return text;
  throw new Error(`${name}=${text}: write one of ${values.filter((value) => value !== '').join(', ')}`);
}

export function words(name, fallback) {
  return (__ENV[name] || fallback)
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

const UNITS = { ms: 1, s: 1000, m: 60000, h: 3600000 };

// A duration such as "90s" or "1m30s", in milliseconds.
export function duration(name, fallback) {
  const text = __ENV[name] || fallback;
  const parts = text.match(/\d+(\.\d+)?(ms|s|m|h)/g) || [];
  if (parts.length === 0 || parts.join('') !== text) {
    throw new Error(`${name}=${text}: write a duration such as 30s or 1m30s`);
  }
  return parts.reduce((sum, part) => sum + parseFloat(part) * UNITS[part.match(/[a-z]+$/)[0]], 0);
}

export const STRATEGIES = ['reconcile', 'invalidate', 'ttl', 'bypass', 'refresh'];

const urls = words('OPONN_URL', 'http://127.0.0.1:8080').map((url) => url.replace(/\/+$/, ''));

export const settings = {
  // Where the API is: one server, or several that share a store and a cache and are asked in turn.
  urls,
  // Where each server's metrics are. A load balancer in front hides the servers: name them here then.
  metrics: words('OPONN_METRICS', urls.map((url) => `${url}/metrics`).join(',')),
  vus: count('VUS', 10),
  duration: __ENV.DURATION || '10s',
  // Bounds of the latency of every operation, in milliseconds.
  p95: number('P95_MS', 250),
  p99: number('P99_MS', 1000),
  // Makes the choices of a run repeatable.
  seed: number('SEED', 1),
  // 1: nothing but this run writes, so that every row is known. 0: others write too, and only what holds of
  // any answer is checked: the filter, the order, the length of the page, the links, and this run's documents.
  exact: number('EXACT', 1) !== 0,
  // How the server uses its cache for this run's requests; nothing: as it does anyway.
  strategy: choice('STRATEGY', ['', ...STRATEGIES], ''),
  // Different lists (filter, order, page) to read.
  lists: count('LISTS', 1000),
  // The longest page that the server allows (its `api.page_max`).
  pageMax: count('PAGE_MAX', 1000),
  // How a list is chosen: all alike, or the k-th one in proportion to 1/k^ZIPF.
  choice: choice('CHOICE', ['zipf', 'uniform'], 'zipf'),
  zipf: number('ZIPF', 1),
  // The share of writes among the requests of a mixed load.
  writes: share('WRITES', 0.1),
  // How often the read after a client's own write is of the list in which it wrote.
  ownReads: share('OWN_READS', 0.5),
  // The least share of list reads that the cache has to answer.
  hitRate: share('HIT_RATE', 0.995),
  // Files for the summary: all numbers as JSON, and the text as Markdown.
  summaryJson: __ENV.SUMMARY_JSON || '',
  summaryMd: __ENV.SUMMARY_MD || '',
};

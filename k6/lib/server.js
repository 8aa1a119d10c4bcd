// What the servers say about themselves at /metrics, summed over all of them.

import http from 'k6/http';
import { settings } from './settings.js';

const LINE = /^(\w+)(?:\{(.*)\})? (\S+)$/;

// All counters and gauges of all servers by name and labels, as `name{a="1",b="2"}`.
export function scrape() {
  const sums = {};
  for (const url of settings.metrics) {
    const response = http.get(url, { tags: { op: 'metrics', kind: 'metrics', name: 'metrics' } });
    if (response.status !== 200) {
      throw new Error(
        `${url}: ${response.error || `status ${response.status}`}; OPONN_METRICS says where metrics are`,
      );
    }
    for (const line of response.body.split('\n')) {
      const [, name, labels = '', value] = line.match(LINE) || [];
      if (!name || name.endsWith('_bucket')) continue;
      const series = `${name}{${labels.split(',').sort().join(',')}}`;
      sums[series] = (sums[series] || 0) + Number(value);
    }
  }
  return sums;
}

// The sum of the differences of all series of this name that have these labels.
function grown(before, after, name, ...labels) {
  let sum = 0;
  for (const series of Object.keys(after)) {
    if (series.startsWith(`${name}{`) && labels.every((label) => series.includes(label))) {
      sum += after[series] - (before[series] || 0);
    }
  }
  return sum;
}

// A value that is not a counter, summed over the servers; 0 where they do not tell it.
export function gaugeOf(sums, name) {
  return grown({}, sums, name);
}

// How often the servers closed a connection, or turned one away, because of a bound.
export function cutOff(sums) {
  const bounds = ['connections', 'address', 'unread', 'write_timeout'];
  return bounds.reduce(
    (sum, bound) => sum + grown({}, sums, 'oponn_http_bounds_total', `bound="${bound}"`),
    0,
  );
}

// What the servers did between two scrapes.
export function between(before, after) {
  const lists = (...labels) => grown(before, after, 'oponn_cache_reads_total', 'kind="batch"', ...labels);
  const store = (...labels) => grown(before, after, 'oponn_store_operations_total', ...labels);
  const batches = (...labels) => grown(before, after, 'oponn_cache_reconciled_total', ...labels);
  const requests = grown(before, after, 'oponn_http_requests_total', 'route="graphql"');
  const seconds = grown(before, after, 'oponn_http_request_seconds_sum', 'route="graphql"');
  // A list in an answer that a server had kept was confirmed by the cache.
  const [reads, hits] = [lists(), lists('result="hit"') + lists('result="kept"')];
  if (requests < 0 || reads < 0) throw new Error('a server was started anew during the run');
  const perRequest = (sum) => (requests === 0 ? 0 : sum / requests);
  return {
    requests,
    // The servers' own time for a request, without the network and the client.
    meanMs: perRequest(seconds * 1000),
    listReads: reads,
    // Those that the cache did not answer at once, by the reason.
    missed: lists('result="miss"'),
    waited: lists('result="joined"'),
    bypassed: lists('result="bypass"'),
    // Nothing read is nothing missed.
    hitRate: reads === 0 ? 1 : hits / reads,
    store: store(),
    storePerRequest: perRequest(store()),
    // 0 without Redis.
    redisPerRequest: perRequest(grown(before, after, 'oponn_redis_round_trips_total')),
    redisBytesPerRequest: perRequest(grown(before, after, 'oponn_redis_bytes_total')),
    repaired: batches() - batches('action="dropped"'),
    dropped: batches('action="dropped"'),
  };
}

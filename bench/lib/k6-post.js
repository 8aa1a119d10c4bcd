// For k6: posts the bodies of a file, as lib/wrk.lua does for wrk, and looks at no more than wrk does.

import http from 'k6/http';

const bodies = open(__ENV.BODIES).trim().split('\n');
const params = { headers: { 'content-type': 'application/json', accept: 'application/json' }, responseType: 'none' };

export const options = { vus: Number(__ENV.VUS), duration: __ENV.DURATION, discardResponseBodies: true };

export default function post() {
  http.post(__ENV.URL, bodies[(__VU * 7919 + __ITER) % bodies.length], params);
}

export function handleSummary(data) {
  const { http_reqs: all, http_req_failed: failed } = data.metrics;
  const result = { requests: all.values.count, seconds: data.state.testRunDurationMs / 1000, failed: failed.values.passes };
  return { [__ENV.OUT]: JSON.stringify(result) };
}

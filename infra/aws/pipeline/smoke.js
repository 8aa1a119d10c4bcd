// The load after a deployment: 20 requests a second for half a minute. It only reads, so it can be let at production.
//
//   API=https://api.example.com k6 run smoke.js
//
// QUERY is what is asked, `{ __typename }` by default; put a list of your own API there. The name in the certificate is not
// checked, because the load balancer is asked by its own name.
import http from "k6/http";
import { check } from "k6";

const rate = Number(__ENV.RATE || 20);

export const options = {
  insecureSkipTLSVerify: true,
  scenarios: {
    smoke: { executor: "constant-arrival-rate", rate, timeUnit: "1s", duration: __ENV.DURATION || "30s", preAllocatedVUs: rate },
  },
  thresholds: {
    checks: ["rate==1"],
    http_req_failed: ["rate==0"],
    http_req_duration: [`p(99)<${__ENV.P99_MS || 1000}`],
    dropped_iterations: ["count==0"],
  },
};

const body = JSON.stringify({ query: __ENV.QUERY || "{ __typename }" });
const headers = { "content-type": "application/json" };
if (__ENV.API_KEY) headers["x-api-key"] = __ENV.API_KEY;

export default function () {
  const response = http.post(`${__ENV.API}/graphql`, body, { headers });
  check(response, {
    "is answered": () => response.status === 200,
    "without errors": () => response.status === 200 && response.json("errors") === undefined,
  });
}

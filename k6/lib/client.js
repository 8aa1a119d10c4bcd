// Sends GraphQL operations over HTTP.

import http from 'k6/http';
import { settings } from './settings.js';

const headers = {
  'Content-Type': 'application/json',
  Accept: 'application/graphql-response+json',
};

// The data of an answer, or an error that says why there is none. `op` tags the request.
export function send(op, query, variables) {
  const response = http.post(`${settings.url}/graphql`, JSON.stringify({ query, variables }), {
    headers,
    tags: { op, name: op },
  });
  if (response.error) return { error: `no answer: ${response.error}` };
  const start = `status ${response.status}: ${String(response.body).slice(0, 300)}`;
  if (response.status !== 200) return { error: start };
  let body;
  try {
    body = response.json();
  } catch (_) {
    return { error: `not JSON: ${start}` };
  }
  if (body.errors || !body.data) return { error: start };
  return { data: body.data };
}

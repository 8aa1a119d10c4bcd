// Sends GraphQL operations over HTTP.

import http from 'k6/http';
import { settings } from './settings.js';

const headers = {
  'Content-Type': 'application/json',
  Accept: 'application/graphql-response+json',
};

// Several servers are asked in turn, so that what one has written is read from another.
let turn = Math.floor(Math.random() * settings.urls.length);

// A request as http.batch takes it. `op` and `kind` (read or write) tag it.
export function requestOf(op, query, variables, { kind = 'read', strategy = settings.strategy, url } = {}) {
  turn = (turn + 1) % settings.urls.length;
  return {
    method: 'POST',
    url: `${url || settings.urls[turn]}/graphql`,
    body: JSON.stringify({ query, variables }),
    params: {
      headers: strategy ? { ...headers, 'Oponn-Cache': strategy } : headers,
      tags: { op, kind, name: op },
    },
  };
}

// What a response holds: its data, or an error that says why there is none. `code` is that of the first error
// of GraphQL, where there is one.
function answerOf(response) {
  if (response.error) return { error: `no answer: ${response.error}` };
  const start = `status ${response.status}: ${String(response.body).slice(0, 300)}`;
  if (response.status !== 200) return { error: start };
  let body;
  try {
    body = response.json();
  } catch (_) {
    return { error: `not JSON: ${start}` };
  }
  if (body.errors || !body.data) {
    const extensions = (body.errors && body.errors[0] && body.errors[0].extensions) || {};
    return { error: start, code: extensions.code };
  }
  return { data: body.data };
}

export function send(op, query, variables, options) {
  const { method, url, body, params } = requestOf(op, query, variables, options);
  return answerOf(http.request(method, url, body, params));
}

// Sends all at once and waits for all answers.
export function sendTogether(requests) {
  return http.batch(requests).map(answerOf);
}

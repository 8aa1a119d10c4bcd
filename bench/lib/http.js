// GraphQL over HTTP for everything that is not timed by wrk: checks, warm-ups, writes, many readers.

import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 2_000, maxFreeSockets: 2_000, scheduling: 'fifo' });

/**
 * Posts a body and gives the status and the text. A connection that the server closed while it lay idle is
 * replaced once: everything that is sent here may be sent twice.
 */
export function post(url, body, { via = agent, again = true, token } = {}) {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(token && { authorization: `Bearer ${token}` }),
    };
    const sent = request(url, { method: 'POST', headers, agent: via }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(parts).toString() }));
    });
    sent.on('error', (error) => {
      if (again && sent.reusedSocket && error.code === 'ECONNRESET') resolve(post(url, body, { via, again: false, token }));
      else reject(error);
    });
    sent.end(body);
  });
}

/** Sends any other request and gives the status and the text. */
export function send(url, { method = 'GET', body } = {}) {
  return new Promise((resolve, reject) => {
    const headers = { accept: 'application/json', ...(body && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }) };
    const sent = request(url, { method, headers, agent }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(parts).toString() }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The `data` of an operation; an error of any kind is thrown. */
export async function ask(server, query, variables, options) {
  const body = typeof query === 'string' && variables === undefined ? query : JSON.stringify({ query, variables });
  const { status, text } = await post(`${server.url}${server.path ?? '/graphql'}`, body, options);
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new Error(`${server.name} answered ${status} with no JSON: ${text.slice(0, 300)}`);
  }
  if (status !== 200 || answer.errors || !answer.data) {
    throw new Error(`${server.name} answered ${status}: ${text.slice(0, 500)}\n   to: ${body.slice(0, 300)}`);
  }
  return answer.data;
}

/** Calls `work` for every item, so many at a time. */
export async function each(items, width, work) {
  let next = 0;
  const walk = async () => {
    while (next < items.length) {
      const place = next;
      next += 1;
      await work(items[place], place);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, walk));
}

/** A server's metrics: `value('oponn_store_operations_total', { op: 'find' })`. */
export async function metrics(server) {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const series = text
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
      return { name, labels, value: Number(value) };
    });
  return (name, wanted = {}) =>
    series
      .filter((one) => one.name === name)
      .filter((one) => Object.entries(wanted).every(([key, value]) => one.labels.includes(`${key}="${value}"`)))
      .reduce((sum, one) => sum + one.value, 0);
}

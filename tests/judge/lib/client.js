// Requests to the server that is judged.

import http from 'node:http';

const agent = new http.Agent({ keepAlive: true });

// What the server answers to a body: `{ status, text, json }`.
export function post(url, body) {
  const bytes = Buffer.from(body);
  const headers = {
    'content-type': 'application/json',
    accept: 'application/graphql-response+json',
    'content-length': bytes.length,
  };
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(parts).toString();
        try {
          resolve({ status: response.statusCode, text, json: JSON.parse(text) });
        } catch (error) {
          reject(new Error(`the answer is not JSON: ${text.slice(0, 500)}`, { cause: error }));
        }
      });
    });
    request.on('error', reject);
    request.end(bytes);
  });
}

// Does the work for each of the numbers below `count`, some at a time; results in order.
export async function each(count, work, atOnce = 8) {
  const results = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      results[index] = await work(index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

// Nothing is timed before all servers have given the same answers, and none counts that is wrong afterwards.

import { isDeepStrictEqual } from 'node:util';
import { ask, each } from './http.js';

/** Path and values of the first difference, for people. */
function difference(left, right, path = 'data') {
  if (isDeepStrictEqual(left, right)) return undefined;
  const both = left && right && typeof left === 'object' && typeof right === 'object';
  if (!both) return `${path}: ${JSON.stringify(left)} and ${JSON.stringify(right)}`;
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const found = difference(left[key], right[key], `${path}.${key}`);
    if (found) return found;
  }
  return `${path}: the keys differ`;
}

/** Whether there is as much in an answer as there should be, so that nobody is fast with empty lists. */
function rows(data) {
  const field = Object.values(data)[0];
  return field?.nodes ? field.nodes.length : field ? 1 : 0;
}

/**
 * Asks every server for every request of a scenario, twice, so that answers from the cache are compared too.
 * Gives the answers. Fails at the first that differs from the first server's.
 */
export async function checkEqual(servers, scenario) {
  const [first, ...others] = servers.filter((server) => !server.unchecked);
  const { requests, title } = scenario;
  const answers = [];
  let empty = 0;
  await each(requests, 16, async ({ body }, place) => {
    answers[place] = await ask(first, body);
    empty += rows(answers[place]) === 0;
  });
  if (empty) throw new Error(`${title}: ${empty} of ${requests.length} answers have no rows; there is too little data`);
  for (const server of [first, ...others, ...others, first]) {
    await each(requests, 16, async ({ body }, place) => {
      const found = difference(answers[place], await ask(server, body));
      if (found) {
        throw new Error(`${title}: ${first.name} and ${server.name} answer differently.\n   ${found}\n   request: ${body}`);
      }
    });
  }
  return answers;
}

/** Checks some of the answers again after a run, and that what was sent is as long as the answers are. */
export async function checkAfter(server, scenario, answers, run) {
  if (run.errors > 0) throw new Error(`${server.name}: ${run.errors} requests failed: ${JSON.stringify(run.faults)}`);
  if (run.requests === 0) throw new Error(`${server.name}: no request was answered`);
  if (server.unchecked) return;
  const sample = scenario.requests.map((request, place) => ({ ...request, place }));
  const step = Math.max(1, Math.floor(sample.length / 20));
  await each(sample.filter(({ place }) => place % step === 0), 8, async ({ body, place }) => {
    const found = difference(answers[place], await ask(server, body));
    if (found) throw new Error(`${server.name} answers wrongly after the run: ${found}\n   request: ${body}`);
  });
  const mean = answers.reduce((sum, data) => sum + JSON.stringify({ data }).length, 0) / answers.length;
  const each_ = run.bytes / run.requests;
  // Heads are a few hundred bytes; an error in place of an answer would be shorter.
  if (each_ < mean || each_ > mean * 1.05 + 1_000) {
    throw new Error(`${server.name}: answers of ${Math.round(each_)} bytes on average, but right ones have ${Math.round(mean)} and a head`);
  }
}

// What rules of access cost: one hot list for one viewer and for very many, lists of very many owners, and their memory.

import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { each, post } from '../lib/http.js';
import { resident } from '../lib/cpu.js';
import { load, writeBodies } from '../lib/load.js';
import { settings } from '../lib/settings.js';
import { median, shown, shownRange, summary, table } from '../lib/stats.js';

export const title = 'Rules of access';

const SECRET = 'a secret that only this benchmark has: 32 bytes or more';
const ROWS = `first: 20, orderBy: [{ field: PRICE, direction: ASC }]`;
const FIELDS = '{ nodes { id title author year price } }';
const OF_ONE_STORE = `query List($store: ID!) { books(where: { storeId: { eq: $store } }, ${ROWS}) ${FIELDS} }`;
const OF_THE_VIEWER = `query Mine { books(${ROWS}) ${FIELDS} }`;

/** The default application, in which viewers see the books of the stores that their tokens name. */
function schemaWithRules(world) {
  const path = join(world.work, 'rules.graphql');
  const text = readFileSync(join(world.root, 'schema.graphql'), 'utf8');
  const ruled = text
    .replace('type Book @collection', 'type Book @collection @access(read: {storeId: {in: "$viewer.stores"}})')
    .replace('type Bookstore @collection', 'type Bookstore @collection @access(read: true)');
  writeFileSync(path, ruled);
  return path;
}

function token(sub, stores) {
  const part = (json) => Buffer.from(JSON.stringify(json)).toString('base64url');
  const exp = Math.floor(Date.now() / 1_000) + 24 * 60 * 60;
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss: 'bench', sub, exp, stores })}`;
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
}

const AUTH = ['[auth]', '[[auth.issuers]]', 'issuer = "bench"', 'audience = []', 'algorithms = ["HS256"]', `key = ${JSON.stringify(SECRET)}`];

export async function run(world, results) {
  results.begin('rules', title);
  const { stores } = await world.ids('bench');
  const [store] = stores;
  const one = JSON.stringify({ query: OF_ONE_STORE, variables: { store } });
  const mine = JSON.stringify({ query: OF_THE_VIEWER });
  const numbers = Array.from({ length: settings.viewers }, (_, n) => n);
  // No two owners see the same: one store each, then two.
  const owned = (n) => (n < stores.length ? [stores[n]] : [stores[n % stores.length], stores[(n + 1 + Math.floor(n / stores.length)) % stores.length]]);
  const cases = {
    'no rule': { ruled: false, requests: [{ body: one }] },
    'a rule, 1 viewer': { ruled: true, requests: [{ body: one, token: token('u', [store]) }] },
    [`a rule, ${settings.viewers} viewers who see the same`]: { ruled: true, requests: numbers.map((n) => ({ body: one, token: token(`u${n}`, [store]) })) },
    [`a rule, ${settings.viewers} owners, each with a list`]: { ruled: true, requests: numbers.map((n) => ({ body: mine, token: token(`u${n}`, owned(n)) })) },
  };
  const schema = schemaWithRules(world);
  const memory = {};
  for (const [n, [name, one]] of Object.entries(cases).entries()) {
    const redis = await world.redis(`rules-${n}`);
    const rules = one.ruled ? { lines: AUTH, schema } : {};
    one.server = { ...(await world.serve(`rules-${n}`, { database: 'bench', cache: redis.url, ...rules })), redis };
    one.bodies = writeBodies(world, `rules-${n}`, one.requests);
    const answers = new Set();
    for (let round = 0; round < 3; round += 1) {
      await each(one.requests, 32, async ({ body, token }) => answers.add(await answered(one.server, body, token)));
    }
    memory[name] = { answers: answers.size, redis: await usedMemory(redis.url), server: resident(one.server.pid) };
  }
  const same = Object.values(cases).slice(0, 3).map(({ requests, server }) => answered(server, requests[0].body, requests[0].token));
  if (new Set(await Promise.all(same)).size !== 1) throw new Error('a rule has changed an answer');
  const rates = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
  for (let round = 0; round <= settings.rounds; round += 1) {
    const names = Object.keys(cases);
    for (const name of round % 2 ? names.toReversed() : names) {
      // The first round is the warm-up.
      const seconds = round ? settings.seconds : Math.max(1, settings.warmup);
      const run = await load(world, cases[name].server, cases[name].bodies, { seconds });
      if (run.errors) throw new Error(`${name}: ${run.errors} requests failed`);
      if (round) rates[name].push(run);
    }
  }
  const [first] = Object.keys(cases);
  const rows = Object.keys(cases).map((name) => {
    const ratio = summary(rates[name].map((run, round) => run.rate / rates[first][round].rate));
    const cpu = (who) => shown(median(rates[name].map((run) => run.cpu[who])));
    const { answers, redis, server } = memory[name];
    return [name, shown(median(rates[name].map((run) => run.rate))), `${ratio.median.toFixed(2)}x`, shownRange(ratio.range), cpu('server'), answers, `${shown(redis / 1e6)} MB`, `${shown(server / 1e6)} MB`];
  });
  results.say('rules', `A list of 20 books x 5 fields, ${settings.connections} connections, ${settings.rounds} alternating rounds of ${settings.seconds} s. Memory after each request was sent three times, before the rounds.\n`);
  results.say('rules', table(['', 'requests/s', 'to the first', 'range', 'server us/request', 'different answers', 'Redis', 'server resident'], rows));
  results.json('rules', { rates, memory });
}

async function answered(server, body, token) {
  const { status, text } = await post(`${server.url}/graphql`, body, { token });
  if (status !== 200 || text.includes('"errors"')) throw new Error(`${server.name} answered ${status}: ${text.slice(0, 300)}`);
  return text;
}

async function usedMemory(url) {
  const { default: Redis } = await import('ioredis');
  const client = new Redis(url);
  const info = await client.info('memory');
  client.disconnect();
  return Number(/^used_memory:(\d+)/m.exec(info)[1]);
}

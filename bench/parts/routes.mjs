// A route of a saved operation beside the same operation over GraphQL, both from the cache.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { each, post, send } from '../lib/http.js';
import { load, writeBodies, writeRequests } from '../lib/load.js';
import { settings } from '../lib/settings.js';
import { median, shown, shownRange, summary, table } from '../lib/stats.js';

export const title = 'Routes';

const LIST = 'books(where: {storeId: {eq: $store}}, first: 20, orderBy: [{field: PRICE, direction: ASC}]) { nodes { id title author year price } }';
const OPERATIONS = `query Shelf($store: ID!) @rest(method: GET, path: "/v1/stores/{store}/books", result: "books.nodes") { ${LIST} }
query One($id: ID!) @rest(method: GET, path: "/v1/books/{id}", result: "book") { book(id: $id) { id title author year price } }
`;

export async function run(world, results) {
  results.begin('routes', title);
  const { stores, books } = await world.ids('bench');
  const folder = join(world.work, 'routes');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'books.graphql'), OPERATIONS);
  const redis = await world.redis('routes');
  const lines = ['[api]', `operations_folder = ${JSON.stringify(folder)}`];
  const server = { ...(await world.serve('routes', { database: 'bench', cache: redis.url, lines })), redis };
  const scenarios = {
    'a list of 20 books': { ids: stores.slice(0, 1), of: ofShelf },
    '500 such lists': { ids: stores.slice(0, 500), of: ofShelf },
    'a book': { ids: books.slice(0, 1), of: ofBook },
    '500 books': { ids: books.slice(0, 500), of: ofBook },
  };
  const rows = [];
  const all = {};
  for (const [name, { ids, of }] of Object.entries(scenarios)) {
    const asked = ids.map(of);
    for (let time = 0; time < 3; time += 1) await each(asked, 32, (one) => agree(server, one));
    const ways = {
      graphql: writeBodies(world, `routes-${rows.length}-graphql`, asked.map(({ body }) => ({ body }))),
      route: writeRequests(world, `routes-${rows.length}-route`, asked.map(({ path }) => ({ method: 'GET', path }))),
    };
    const runs = { graphql: [], route: [] };
    for (let round = 0; round <= settings.rounds; round += 1) {
      const order = Object.keys(ways);
      for (const way of round % 2 ? order.toReversed() : order) {
        // The first round is the warm-up.
        const run = await load(world, server, ways[way], { seconds: round ? settings.seconds : Math.max(1, settings.warmup) });
        if (run.errors) throw new Error(`${name}, ${way}: ${run.errors} requests failed`);
        if (round) runs[way].push(run);
      }
    }
    const ratio = summary(runs.route.map((run, round) => run.rate / runs.graphql[round].rate));
    const middle = (way, value) => shown(median(runs[way].map(value)));
    const rate = (run) => run.rate;
    const us = (run) => run.cpu.server;
    rows.push([name, middle('graphql', rate), middle('route', rate), `${ratio.median.toFixed(2)}x`, shownRange(ratio.range), middle('graphql', us), middle('route', us)]);
    all[name] = runs;
  }
  results.say('routes', `The same saved operation by its name over GraphQL (POST) and by its route (GET); ${settings.connections} connections, ${settings.rounds} alternating rounds of ${settings.seconds} s.\n`);
  results.say('routes', table(['', 'GraphQL/s', 'route/s', 'ratio', 'range', 'GraphQL us', 'route us'], rows));
  results.json('routes', all);
}

const ofShelf = (store) => ({ path: `/v1/stores/${store}/books`, body: named('Shelf', { store }), part: (data) => data.books.nodes });
const ofBook = (id) => ({ path: `/v1/books/${id}`, body: named('One', { id }), part: (data) => data.book });
const named = (operationName, variables) => JSON.stringify({ operationName, variables });

/** Asserts that both ways give the same. */
async function agree(server, { path, body, part }) {
  const [route, graphql] = [await send(`${server.url}${path}`), await post(`${server.url}/graphql`, body)];
  const same = route.status === 200 && graphql.status === 200 && route.text === JSON.stringify(part(JSON.parse(graphql.text).data));
  if (!same) throw new Error(`${path}: ${route.status} ${route.text.slice(0, 300)}\n   over GraphQL: ${graphql.text.slice(0, 300)}`);
}

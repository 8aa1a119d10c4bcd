// Mercurius with JIT, its loaders, and mercurius-cache on Redis. Without REDIS it caches nothing.
//
// `policy.key` is what the plugin's documentation names for speed: the default serialises the whole parent
// of every cached field.

import Fastify from 'fastify';
import Redis from 'ioredis';
import mercurius from 'mercurius';
import cache from 'mercurius-cache';
import { listen } from './lib/listen.js';
import { sdl } from './lib/schema.js';
import { openStore } from './lib/store.js';

const TTL = 24 * 60 * 60;

const byArguments = { key: ({ arg }) => JSON.stringify(arg) };
const policy = {
  Query: {
    book: { key: ({ arg }) => arg.id },
    bookstore: { key: ({ arg }) => arg.id },
    books: byArguments,
    bookstores: byArguments,
  },
  Book: { store: { key: ({ self }) => self.storeId } },
  Bookstore: { books: { key: ({ self, arg }) => self.id + JSON.stringify(arg) } },
};

await listen(async (port) => {
  const store = await openStore();
  const resolvers = {
    Query: {
      book: (_, { id }) => store.one('Book', id),
      bookstore: (_, { id }) => store.one('Bookstore', id),
      books: async (_, page) => ({ nodes: await store.list('Book', page) }),
      bookstores: async (_, page) => ({ nodes: await store.list('Bookstore', page) }),
    },
  };
  // Without the loaders' own cache, which lives for one request and serialises every key.
  const opts = { cache: false };
  const loaders = {
    Book: {
      store: { loader: (queries) => store.many('Bookstore', queries.map(({ obj }) => obj.storeId)), opts },
    },
    Bookstore: {
      books: {
        async loader(queries) {
          // The same field asks all its parents for the same page, unless aliases ask for several.
          const pages = byParams(queries);
          const answers = new Map();
          await Promise.all(
            [...pages.values()].map(async (group) => {
              const parents = group.map(({ obj }) => obj.id);
              const lists = await store.lists('Book', 'storeId', parents, group[0].params);
              group.forEach((query, place) => answers.set(query, { nodes: lists[place] }));
            }),
          );
          return queries.map((query) => answers.get(query));
        },
        opts,
      },
    },
  };

  const app = Fastify({ logger: false });
  app.register(mercurius, { schema: sdl, resolvers, loaders, jit: 1, graphiql: false });
  let redis;
  if (process.env.REDIS) {
    redis = new Redis(process.env.REDIS, { enableAutoPipelining: true });
    app.register(cache, { ttl: TTL, policy, storage: { type: 'redis', options: { client: redis } } });
  }
  await app.listen({ port, host: '127.0.0.1' });
  return async () => {
    await app.close();
    redis?.disconnect();
    await store.close();
  };
});

function byParams(queries) {
  const groups = new Map();
  for (const query of queries) {
    const key = JSON.stringify(query.params);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(query);
  }
  return groups;
}

// GraphQL Yoga with DataLoader and its response cache on Redis. Without REDIS it caches nothing.

import { createServer } from 'node:http';
import { createRedisCache } from '@envelop/response-cache-redis';
import { useResponseCache } from '@graphql-yoga/plugin-response-cache';
import DataLoader from 'dataloader';
import { createSchema, createYoga } from 'graphql-yoga';
import Redis from 'ioredis';
import { listen } from './lib/listen.js';
import { sdl } from './lib/schema.js';
import { openStore } from './lib/store.js';

const TTL = 24 * 60 * 60 * 1000;

await listen(async (port) => {
  const store = await openStore();
  const resolvers = {
    Query: {
      book: (_, { id }) => store.one('Book', id),
      bookstore: (_, { id }) => store.one('Bookstore', id),
      books: async (_, page) => ({ nodes: await store.list('Book', page) }),
      bookstores: async (_, page) => ({ nodes: await store.list('Bookstore', page) }),
    },
    Book: { store: (book, _, { loaders }) => loaders.bookstores.load(book.storeId) },
    Bookstore: {
      books: async (bookstore, page, { loaders }) => ({ nodes: await loaders.books(page).load(bookstore.id) }),
    },
  };

  /** New for every request, so that nothing is kept longer than that. */
  const loaders = () => {
    const pages = new Map();
    return {
      bookstores: new DataLoader((ids) => store.many('Bookstore', ids)),
      books(page) {
        const key = JSON.stringify(page);
        if (!pages.has(key)) pages.set(key, new DataLoader((ids) => store.lists('Book', 'storeId', ids, page)));
        return pages.get(key);
      },
    };
  };

  const redis = process.env.REDIS ? new Redis(process.env.REDIS, { enableAutoPipelining: true }) : undefined;
  const yoga = createYoga({
    schema: createSchema({ typeDefs: sdl, resolvers }),
    context: () => ({ loaders: loaders() }),
    plugins: redis
      ? [useResponseCache({ session: () => null, ttl: TTL, cache: createRedisCache({ redis }) })]
      : [],
    logging: false,
    graphiql: false,
    landingPage: false,
  });
  const server = createServer(yoga);
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    redis?.disconnect();
    await store.close();
  };
});

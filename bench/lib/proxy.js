// A TCP proxy that can fall silent, to cut one server off from Redis while the others reach it.

import { connect, createServer } from 'node:net';
import { once } from 'node:events';

/** Starts one before a port of this machine. */
export async function proxy(target) {
  const sockets = new Set();
  let silent = false;
  const server = createServer((client) => {
    const behind = connect({ port: target, host: '127.0.0.1' });
    for (const [from, to] of [[client, behind], [behind, client]]) {
      sockets.add(from);
      from.setNoDelay(true);
      // What comes while it is silent is lost, and nobody is told.
      from.on('data', (data) => silent || to.write(data));
      from.on('error', () => {});
      from.on('close', () => sockets.delete(from) && to.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${server.address().port}`,
    silence: () => (silent = true),
    close: () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

// How a peer starts and stops: on the port that the environment names, in PROCESSES processes that share it.

import cluster from 'node:cluster';

const processes = Number(process.env.PROCESSES ?? 1);

/** Runs `serve(port)`, which resolves to a function that closes the server, in as many processes as asked for. */
export async function listen(serve) {
  if (cluster.isPrimary && processes > 1) {
    for (let n = 0; n < processes; n += 1) cluster.fork();
    for (const signal of ['SIGTERM', 'SIGINT']) {
      process.on(signal, () => cluster.disconnect(() => process.exit(0)));
    }
    return;
  }
  const close = await serve(Number(process.env.PORT));
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, async () => {
      await close();
      process.exit(0);
    });
  }
}

// How a peer starts and stops: on the port that the environment names, in PROCESSES processes that share it.

import cluster from 'node:cluster';

const processes = Number(process.env.PROCESSES ?? 1);

/** Runs `serve(port)`, which resolves to a function that closes the server, in as many processes as asked for. */
export async function listen(serve) {
  if (cluster.isPrimary && processes > 1) {
    for (let n = 0; n < processes; n += 1) cluster.fork();
    const stop = () => Object.values(cluster.workers).forEach((worker) => worker.process.kill('SIGTERM'));
    for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop);
    cluster.on('exit', () => Object.keys(cluster.workers).length === 0 && process.exit(0));
    return;
  }
  // A worker does not outlive the process that started it.
  process.on('disconnect', () => process.exit(1));
  const close = await serve(Number(process.env.PORT));
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, async () => {
      await close();
      process.exit(0);
    });
  }
}

// Runs the parts that are named, or those of `make bench`. bench/run.sh starts it; bench/README.md explains it.

import { Results } from './lib/results.js';
import { stopAll } from './lib/processes.js';
import { settings } from './lib/settings.js';
import { World } from './lib/world.js';

const PARTS = ['table', 'writes', 'stampede', 'import', 'footprint', 'generators', 'hits', 'scaling', 'following', 'alone', 'rules', 'events', 'routes', 'history', 'killed'];
/** Those that read the generated data; the others make their own. */
const READING = ['table', 'writes', 'stampede', 'footprint', 'generators', 'scaling', 'alone', 'rules', 'events', 'routes'];

const parts = process.argv.slice(2);
const unknown = parts.filter((part) => !PARTS.includes(part));
if (unknown.length) {
  console.error(`no part ${unknown.join(', ')}; there are ${PARTS.join(', ')}`);
  process.exit(2);
}
const wanted = parts.length ? parts : PARTS;

const world = new World();
let ending;
const end = () => (ending ??= world.close());
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => end().finally(() => process.exit(130)));
}

try {
  const results = new Results(world);
  if (wanted.some((part) => READING.includes(part))) {
    process.stderr.write(`== importing ${settings.stores} stores and ${settings.books} books\n`);
    await world.load('bench');
  }
  for (const part of wanted) {
    process.stderr.write(`== ${part}\n`);
    const { run } = await import(`./parts/${part}.mjs`);
    try {
      await run(world, results);
    } catch (error) {
      // The other parts can still tell something.
      console.error(`== ${part}: ${error.stack ?? error}`);
      process.exitCode = 1;
    }
    await stopAll();
  }
  process.stderr.write(`== results are in ${results.folder}\n`);
} catch (error) {
  console.error(`== ${error.stack ?? error}`);
  process.exitCode = 1;
} finally {
  await end();
}

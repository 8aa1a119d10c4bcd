// The hit rate of lists while a tenth of all operations are writes, as k6/mixed.js drives it.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { k6, NO_K6 } from '../lib/k6.js';
import { finish } from '../lib/processes.js';

export const title = 'Hit rate of lists under writes';
/** What k6 ends with when a threshold was crossed, wrong answers among them. */
const CROSSED = 99;

export async function run(world, results) {
  results.begin('hits', title);
  const [program, script] = [k6(), join(world.root, 'k6/mixed.js')];
  if (!program) return results.say('hits', NO_K6);
  if (!existsSync(script)) return results.say('hits', 'There is no k6/mixed.js.\n');
  // The sample data: the scripts of k6/ know it.
  await world.importSample('hits');
  const redis = await world.redis('hits');
  const server = await world.serve('oponn-hits', { database: 'hits', cache: redis.url });
  // What k6 counts begins after its preparations, which read every list once.
  const file = join(world.work, 'hits.json');
  const args = ['run', '--quiet', '--no-usage-report', '--address', '127.0.0.1:0', script];
  const env = { OPONN_URL: server.url, SUMMARY_JSON: file };
  const { stdout, stderr, code } = await finish({ command: program, args, env, cwd: world.root, allow: [0, CROSSED] });
  results.say('hits', `\`\`\`\n${stdout.trim()}\n\`\`\`\n`);
  if (code === CROSSED) {
    results.say('hits', `k6 says that the run failed: ${stderr.trim()}\n`);
    process.exitCode = 1;
  }
  results.json('hits', JSON.parse(readFileSync(file, 'utf8')).results);
}

// The hit rate of lists while a tenth of all operations are writes, as k6/mixed.js drives it.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { metrics } from '../lib/http.js';
import { k6 } from '../lib/k6.js';
import { finish } from '../lib/processes.js';
import { table } from '../lib/stats.js';

export const title = 'Hit rate of lists under writes';
/** What k6 ends with when a threshold was crossed, wrong answers among them. */
const CROSSED = 99;
const RESULTS = ['hit', 'kept', 'miss', 'joined', 'bypass'];
/** Those that cost the store nothing; what is kept the cache has confirmed. */
const HITS = 2;

export async function run(world, results) {
  results.begin('hits', title);
  const [program, script] = [k6(), join(world.root, 'k6/mixed.js')];
  if (!program) return results.say('hits', 'k6 is not there: put it on the PATH, or name it in BENCH_K6.\n');
  if (!existsSync(script)) return results.say('hits', 'There is no k6/mixed.js.\n');
  // The sample data: the scripts of k6/ know it.
  await world.importSample('hits');
  const redis = await world.redis('hits');
  const server = await world.serve('oponn-hits', { database: 'hits', cache: redis.url });
  const before = await metrics(server);
  const args = ['run', '--quiet', '--no-usage-report', '--address', '127.0.0.1:0', script];
  const env = { OPONN_URL: server.url };
  const { stdout, stderr, code } = await finish({ command: program, args, env, cwd: world.root, allow: [0, CROSSED] });
  const after = await metrics(server);
  const counts = RESULTS.map((result) => {
    const labels = { kind: 'batch', result };
    return after('oponn_cache_reads_total', labels) - before('oponn_cache_reads_total', labels);
  });
  const all = counts.reduce((sum, count) => sum + count, 0);
  const rate = counts.slice(0, HITS).reduce((sum, count) => sum + count, 0) / all;
  results.say('hits', `\`\`\`\n${stdout.trim()}\n\`\`\`\n`);
  results.say('hits', table(['', ...RESULTS, 'hit rate'], [['lists', ...counts, `${(100 * rate).toFixed(3)} %`]]));
  if (code === CROSSED) {
    results.say('hits', `k6 says that the run failed: ${stderr.trim()}\n`);
    process.exitCode = 1;
  }
  results.json('hits', { reads: Object.fromEntries(RESULTS.map((result, n) => [result, counts[n]])), rate });
}

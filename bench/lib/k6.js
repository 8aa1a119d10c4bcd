// Finds k6.

import { execFileSync } from 'node:child_process';

/** The k6 to run: the one that BENCH_K6 names, else that of the PATH; undefined when there is none. */
export function k6() {
  if (process.env.BENCH_K6) return process.env.BENCH_K6;
  try {
    return execFileSync('sh', ['-c', 'command -v k6'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

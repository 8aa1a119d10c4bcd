// Processor time and memory of processes, as /proc has them.

import { readFileSync, readdirSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

function stat(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may have spaces.
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Children of a process, theirs included: a peer may run in several processes. */
function family(pid) {
  const all = [pid];
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const children = childrenOf(`/proc/${pid}/task/${task}/children`);
    for (const child of children ? children.split(' ') : []) all.push(...family(Number(child)));
  }
  return all;
}

/** A thread may have ended since it was listed. */
function childrenOf(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return '';
    throw error;
  }
}

/** Seconds that a process and its children have used since they started. */
export function used(pid) {
  return family(pid).reduce((sum, one) => {
    const fields = stat(one);
    return sum + (Number(fields[11]) + Number(fields[12])) / TICKS;
  }, 0);
}

/** Seconds that this process's ended children have used: the generators, which end with their run. */
function usedByEnded() {
  const fields = stat('self');
  return (Number(fields[13]) + Number(fields[14])) / TICKS;
}

/** Resident memory of a process in bytes. */
export function resident(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

/** Measures what each of `processes` ({label: pid}) uses while `work` runs. */
export async function while_(processes, work) {
  const look = () => Object.fromEntries(Object.entries(processes).map(([label, pid]) => [label, used(pid)]));
  const [before, ended] = [look(), usedByEnded()];
  const result = await work();
  const after = look();
  const cpu = { generator: usedByEnded() - ended };
  for (const label of Object.keys(processes)) cpu[label] = after[label] - before[label];
  return { result, cpu };
}

/** How long a look at idleness takes, the share of a core that counts as idle, and the longest wait, in ms. */
const [LOOK, IDLE, PATIENCE] = [150, 0.1, 60_000];

/**
 * Waits until processes have no work left. A server that was cut off in the middle leaves operations behind,
 * which must not be the next one's burden.
 */
export async function settled(pids) {
  const all = () => pids.reduce((sum, pid) => sum + used(pid), 0);
  for (const end = performance.now() + PATIENCE; performance.now() < end; ) {
    const before = all();
    await sleep(LOOK);
    if (all() - before <= (IDLE * LOOK) / 1_000) return;
  }
  process.stderr.write(`   the servers are still busy ${PATIENCE / 1_000} s after the last run\n`);
}

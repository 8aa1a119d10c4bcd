// Choices that can be repeated: a generator that is seeded anew for every iteration, so that the n-th iteration
// of a run chooses the same whichever client carries it out and however long the ones before it took.

let state = 1;

function next() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

export function seed(...numbers) {
  state = 1;
  for (const number of numbers) {
    state = Math.imul(state ^ (number | 0), 0x9e3779b1);
    state ^= state >>> 15;
  }
  next();
}

export const below = (n) => Math.floor(next() * n);
export const pick = (items) => items[below(items.length)];
export const chance = (share) => next() < share;

// One of `items`, each with its `share` among all shares.
export function byShare(items) {
  let at = next() * items.reduce((sum, item) => sum + item.share, 0);
  return items.find((item) => (at -= item.share) < 0) || items[0];
}

// A function that draws a number below `n`: all alike, or k in proportion to 1/(k+1)^exponent.
export function ranks(n, how, exponent) {
  if (how === 'uniform') return () => below(n);
  const sums = new Float64Array(n);
  let sum = 0;
  for (let k = 0; k < n; k++) sums[k] = sum += 1 / (k + 1) ** exponent;
  return () => {
    const at = next() * sum;
    let [low, high] = [0, n - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] > at) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

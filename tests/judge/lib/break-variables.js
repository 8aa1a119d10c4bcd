// Values of variables that are others than the operation wants, or none.

import { NumberText } from './values.js';

const OTHERS = [
  null, true, 'a', '', '1', [], {}, [null], [[]], { a: 1 }, ['a'], new NumberText('1'), new NumberText('1.5'), new NumberText('1.0'), new NumberText('1e2'),
  new NumberText('2147483648'), new NumberText('-0'), new NumberText('-1E3'), new NumberText('9007199254740993'), 'SMALL', 'nullX', '2026-02-30', '2026-01-31T09:30:00Z',
];

// Other values for some variables; extra ones as well.
export function breakVariables(random, variables) {
  const broken = { ...variables };
  const names = Object.keys(broken);
  if (names.length === 0 || random.chance(0.15)) return { ...broken, extra: random.pick(OTHERS) };
  const name = random.pick(names);
  if (random.chance(0.2)) delete broken[name];
  else broken[name] = other(broken[name], random);
  return broken;
}

function other(value, random) {
  const inside = Array.isArray(value) ? value.length > 0 : value !== null && typeof value === 'object' && !(value instanceof NumberText) && Object.keys(value).length > 0;
  if (inside && random.chance(0.7)) {
    const changed = Array.isArray(value) ? [...value] : { ...value };
    const key = random.pick(Object.keys(changed));
    if (random.chance(0.2) && !Array.isArray(changed)) delete changed[key];
    else if (random.chance(0.15) && !Array.isArray(changed)) changed[`${key}_`] = changed[key];
    else changed[key] = other(changed[key], random);
    return changed;
  }
  return random.weighted([
    [5, () => random.pick(OTHERS)],
    [1, () => [value]],
    [1, () => (value instanceof NumberText ? value.text : String(value))],
  ])();
}

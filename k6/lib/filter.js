// What a filter means, worked out in the script for the conditions that these scripts use: `eq`, `in`,
// `startsWith`, and `gte` and `lt` of numbers. All conditions must hold; null meets none of them.

import { comparable } from './oracle.js';

function holds(field, { eq, in: several, startsWith, gte, lt }) {
  const number = (bound) => comparable(field, { [field]: bound });
  const tests = [];
  if (eq !== undefined) tests.push((value) => value === eq);
  if (several !== undefined) tests.push((value) => several.includes(value));
  if (startsWith !== undefined) tests.push((value) => value.startsWith(startsWith));
  if (gte !== undefined) tests.push((value, row) => comparable(field, row) >= number(gte));
  if (lt !== undefined) tests.push((value, row) => comparable(field, row) < number(lt));
  return (row) => row[field] !== null && tests.every((test) => test(row[field], row));
}

// A function that says whether a row passes.
export function passing(where) {
  const conditions = Object.keys(where).map((field) => holds(field, where[field]));
  return (row) => conditions.every((condition) => condition(row));
}

// graphql-js as the judge of a running oponn.
//
//   node judge.js PART --url http://127.0.0.1:8080/graphql --sdl FILE [--seed N] [--count N] [--first N]
//
// PART says what is compared; `parts` has them. FILE is what `oponn print-schema` prints for the server's schema. The
// exit code is 1 if anything differs, and all that does is printed in classes, with small examples. A case named
// `SEED/N` is made again by `--seed SEED --first N --count 1`.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { answers } from './lib/answers.js';
import { introspection } from './lib/introspection.js';
import { literals } from './lib/literals.js';
import { schemaOf } from './lib/verdict.js';
import { verdicts } from './lib/verdicts.js';

const parts = { verdicts, literals, answers, introspection };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string' },
    sdl: { type: 'string' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000' },
    first: { type: 'string', default: '0' },
  },
});
const part = parts[positionals[0]];
if (!part || !values.url || !values.sdl) {
  console.error(`usage: node judge.js ${Object.keys(parts).join('|')} --url URL --sdl FILE [--seed N] [--count N] [--first N]`);
  process.exit(2);
}
const sdl = readFileSync(values.sdl, 'utf8');
const [count, first] = [Number(values.count), Number(values.first)];
const { counts, faults } = await part({ sdl, schema: schemaOf(sdl), url: values.url, seed: values.seed, count, first });

const told = Object.entries(counts).map(([what, number]) => `${number} ${what}`);
console.log(`${positionals[0]}: seed ${values.seed}, ${count} cases: ${told.join(', ')}`);
for (const { fault, count: cases, examples } of faults) {
  console.log(`\n${cases} x ${fault}`);
  for (const example of examples) console.log(`  ${JSON.stringify(example)}`);
}
process.exit(faults.length > 0 ? 1 : 0);

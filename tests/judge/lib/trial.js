// Many cases, what is wrong with them in classes, and each class with examples made small.

import { each } from './client.js';
import { shrink } from './shrink.js';

// Which of a request's members stand beside the query, as their text has it.
const beside = (body, query) => body.slice(`{"query":${JSON.stringify(query)}`.length);

// Has `compare(body)` judge `count` bodies that `make(mark)` gives; the body begins with its query. What it says: `told`,
// under which the case is counted, and a `fault`, if there is one, of this class; `purpose`, if that is how it is meant; and
// what it `shows` of it.
export async function trial({ seed, count, first = 0 }, { make, compare, examples = 3 }) {
  const counts = {};
  const classes = new Map();
  await each(count, async (index) => {
    const mark = `${seed}/${first + index}`;
    const body = make(mark);
    const { told, fault, purpose } = await compare(body);
    const as = fault && purpose ? `${purpose} (on purpose)` : told;
    counts[as] = (counts[as] ?? 0) + 1;
    if (fault && !purpose) classes.set(fault, [...(classes.get(fault) ?? []), { mark, body }]);
  });
  const faults = [];
  for (const [fault, cases] of [...classes].sort(([, one], [, other]) => other.length - one.length)) {
    const shown = [];
    for (const { mark, body } of cases.slice(0, examples)) shown.push({ mark, ...(await small(body, fault, compare)) });
    faults.push({ fault, count: cases.length, examples: shown });
  }
  return { counts, faults };
}

async function small(body, fault, compare) {
  const { query, ...rest } = JSON.parse(body);
  const others = beside(body, query);
  const fails = async (text) => (await compare(text)).fault === fault;
  const shrunk = await shrink(query, (text) => fails(`{"query":${JSON.stringify(text)}${others}`));
  const bare = JSON.stringify({ query: shrunk });
  const alone = await fails(bare);
  const { shows } = await compare(alone ? bare : `{"query":${JSON.stringify(shrunk)}${others}`);
  return { query: shrunk, ...(alone ? {} : rest), ...shows };
}

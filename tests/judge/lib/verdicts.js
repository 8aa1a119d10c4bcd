// Random requests, right and broken: whether oponn carries out what graphql-js would, and refuses the rest.

import { print } from 'graphql';

import { breakText } from './break-text.js';
import { breakTree } from './break-tree.js';
import { breakVariables } from './break-variables.js';
import { each, post } from './client.js';
import { request } from './operations.js';
import { PURPOSE } from './purpose.js';
import { Random } from './random.js';
import { shrink } from './shrink.js';
import { spell } from './spelling.js';
import { toJson } from './values.js';
import { broken, hasNullCondition, judge } from './verdict.js';

// The request of a seed, as the body of a POST.
export function bodyOf(schema, seed) {
  const random = new Random(seed);
  const made = request(schema, random);
  const how = random.weighted([[4, 'whole'], [4, 'tree'], [2, 'text'], [2, 'variables']]);
  const { document, operationName, variables } = how === 'tree' ? breakTree(schema, random, made) : made;
  const query = how === 'text' ? breakText(print(document), random) : spell(document, random);
  const values = how === 'variables' ? breakVariables(random, variables) : variables;
  return toJson({ query, operationName, variables: Object.keys(values).length > 0 || random.chance(0.5) ? values : undefined });
}

// What the two say to one body.
async function compare(schema, url, body) {
  const judged = judge(schema, JSON.parse(body));
  const answer = await post(url, body);
  return { judged, answer, fault: faultOf(schema, judged, answer) };
}

const named = (message) => message.replace(/"(?:[^"\\]|\\.)*"|`[^`]*`|'[^']*'/g, '…').replace(/\$\w+|\b\d+\b/g, '…').slice(0, 160);

// The class of what is wrong; nothing when all is right.
function faultOf(schema, judged, answer) {
  const accepted = 'data' in answer.json;
  const errors = answer.json.errors ?? [];
  const said = accepted || errors.length === 0 ? 'carried out' : named(errors[0].message);
  if (errors.some((error) => error.extensions?.code === 'INTERNAL')) return `internal error: ${named(errors[0].message)}`;
  if (answer.status !== (accepted ? 200 : 400)) return `HTTP status ${answer.status}: ${said}`;
  if (!accepted && errors.length === 0) return 'refused without an error';
  if (accepted === judged.accepted) return undefined;
  if (judged.accepted) return hasNullCondition(judged) ? undefined : `accepted by graphql-js; oponn: ${said}`;
  const rules = judged.document ? broken(schema, judged.document).join(', ') : named(judged.message);
  return `refused by graphql-js (${judged.stage}: ${rules}); oponn: ${said}`;
}

// Runs `count` requests; the counts, and each class of faults with some examples made small.
export async function verdicts({ schema, url, seed, count, first = 0, examples = 3 }) {
  const counts = { accepted: 0, refused: 0 };
  const purpose = {};
  const classes = new Map();
  await each(count, async (index) => {
    const mark = `${seed}/${first + index}`;
    const body = bodyOf(schema, mark);
    const { judged, answer, fault } = await compare(schema, url, body);
    counts[judged.accepted ? 'accepted' : 'refused'] += 1;
    if (!fault) return;
    const known = PURPOSE.find((known) => known.applies({ judged, answer, body, fault }));
    if (known) purpose[known.name] = (purpose[known.name] ?? 0) + 1;
    else if (classes.has(fault)) classes.get(fault).push({ mark, body });
    else classes.set(fault, [{ mark, body }]);
  });
  const faults = [];
  for (const [fault, cases] of [...classes].sort(([, one], [, other]) => other.length - one.length)) {
    const shown = [];
    for (const { mark, body } of cases.slice(0, examples)) shown.push({ mark, ...(await small(schema, url, body, fault)) });
    faults.push({ fault, count: cases.length, examples: shown });
  }
  return { counts, purpose, faults };
}

async function small(schema, url, body, fault) {
  const { query, ...rest } = JSON.parse(body);
  // Numbers keep their text: only the query is replaced.
  const others = body.slice(`{"query":${JSON.stringify(query)}`.length);
  const fails = async (text) => (await compare(schema, url, `{"query":${JSON.stringify(text)}${others}`)).fault === fault;
  const shrunk = await shrink(query, fails);
  const bare = (await compare(schema, url, JSON.stringify({ query: shrunk }))).fault === fault;
  const { judged, answer } = await compare(schema, url, bare ? JSON.stringify({ query: shrunk }) : `{"query":${JSON.stringify(shrunk)}${others}`);
  return { query: shrunk, ...(bare ? {} : rest), judge: judged.message || 'carried out', oponn: 'data' in answer.json ? 'carried out' : answer.json.errors?.[0]?.message };
}

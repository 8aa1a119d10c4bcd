// Random requests, right and broken: whether oponn carries out what graphql-js would, and refuses the rest.

import { print } from 'graphql';

import { breakText } from './break-text.js';
import { breakTree } from './break-tree.js';
import { breakVariables } from './break-variables.js';
import { post } from './client.js';
import { request } from './operations.js';
import { purposeOf } from './purpose.js';
import { Random } from './random.js';
import { spell } from './spelling.js';
import { trial } from './trial.js';
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

// Whether the two agree about each of `count` requests.
export async function verdicts({ schema, url, ...cases }) {
  const compare = async (body) => {
    const judged = judge(schema, JSON.parse(body));
    const answer = await post(url, body);
    const fault = faultOf(schema, judged, answer);
    const shows = { judge: judged.message || 'carried out', oponn: 'data' in answer.json ? 'carried out' : answer.json.errors?.[0]?.message };
    return { told: judged.accepted ? 'accepted' : 'refused', fault, purpose: fault && purposeOf({ judged, answer }), shows };
  };
  return trial(cases, { make: (mark) => bodyOf(schema, mark), compare });
}

// What the API says of itself: all of it, and random parts of it.

import { executeSync, getIntrospectionQuery, introspectionFromSchema, introspectionTypes, parse } from 'graphql';

import { post } from './client.js';
import { request } from './operations.js';
import { Random } from './random.js';
import { spell } from './spelling.js';
import { trial } from './trial.js';
import { toJson } from './values.js';
import { hasNullCondition, judge } from './verdict.js';

const ALL = { specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true };

// What GraphQL itself defines is described by whoever implements it; a printed schema does not have it.
const OWN = new Set(['Int', 'Float', 'String', 'Boolean', 'ID', ...introspectionTypes.map((type) => type.name)]);
const OWN_DIRECTIVES = new Set(['include', 'skip', 'deprecated', 'specifiedBy', 'oneOf']);

// Lists have no order here: their items are brought into one.
function inOrder(value) {
  if (Array.isArray(value)) return value.map(inOrder).sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, inOrder(field)]));
}

function undescribed(value) {
  if (Array.isArray(value)) return value.map(undescribed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'description').map(([key, field]) => [key, undescribed(field)]));
}

// Where two values differ: `[path, expected, got]`. Items are told by their names where they have some.
function* differences(expected, got, path) {
  if (Array.isArray(expected) && Array.isArray(got) && [...expected, ...got].every((item) => typeof item?.name === 'string')) {
    const names = new Set([...expected, ...got].map((item) => item.name));
    const named = (list, name) => list.find((item) => item.name === name);
    for (const name of names) yield* differences(named(expected, name), named(got, name), [...path, name]);
  } else if (expected && got && typeof expected === 'object' && typeof got === 'object' && !Array.isArray(expected) && !Array.isArray(got)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(got)])) yield* differences(expected[key], got[key], [...path, key]);
  } else if (JSON.stringify(inOrder(expected)) !== JSON.stringify(inOrder(got))) {
    yield [path.join('.'), expected, got];
  }
}

async function whole({ schema, url }) {
  const expected = introspectionFromSchema(schema, ALL).__schema;
  const answer = await post(url, JSON.stringify({ query: getIntrospectionQuery(ALL) }));
  const got = answer.json.data?.__schema;
  if (!got) return [{ fault: 'the introspection query is not answered', count: 1, examples: [answer.json] }];
  const bare = ({ types, directives, ...rest }) => ({
    ...rest,
    types: types.map((type) => (OWN.has(type.name) ? undescribed(type) : type)),
    directives: directives.map((directive) => (OWN_DIRECTIVES.has(directive.name) ? undescribed(directive) : directive)),
  });
  const found = [...differences(bare(expected), bare(got), [])];
  return found.map(([path, expected, got]) => ({ fault: `__schema.${path}`, count: 1, examples: [{ expected, got }] }));
}

// The whole introspection, and `count` operations that ask for parts of it.
export async function introspection({ schema, url, ...cases }) {
  const make = (mark) => {
    const random = new Random(mark);
    const { document, operationName, variables } = request(schema, random, { mutations: 0, introspection: true });
    return toJson({ query: spell(document, random), operationName, variables });
  };
  const compare = async (body) => {
    const { query, operationName, variables } = JSON.parse(body);
    const judged = judge(schema, { query, operationName, variables });
    if (!judged.accepted || hasNullCondition(judged)) return { told: 'left out' };
    const expected = inOrder(executeSync({ schema, document: parse(query), operationName, variableValues: variables }));
    const answer = inOrder((await post(url, body)).json);
    const same = JSON.stringify(expected) === JSON.stringify(answer);
    const fault = answer.errors ? `error: ${answer.errors[0].message.replace(/"[^"]*"/g, '…')}` : 'another answer';
    return { told: 'compared', fault: same ? undefined : fault, shows: { expected, got: answer } };
  };
  const [own, parts] = [await whole({ schema, url }), await trial(cases, { make, compare })];
  return { counts: parts.counts, faults: [...own, ...parts.faults] };
}

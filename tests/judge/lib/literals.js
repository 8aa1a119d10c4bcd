// Random literals, written and read back: whether a document says to oponn what it says to graphql-js.

import { getArgumentValues, isNonNullType, Kind, print, TokenKind } from 'graphql';

import { post } from './client.js';
import { Random } from './random.js';
import { join, tokens } from './spelling.js';
import { trial } from './trial.js';
import { json, literal, name, toJson } from './values.js';
import { judge } from './verdict.js';

// The fields that hold what they were given, of types in tests/judge/schemas/scalars.graphql.
const FIELDS = {
  Note: ['text', 'data'],
  Reading: ['text', 'whole', 'real', 'flag', 'verdict', 'words', 'wholes', 'reals', 'flags', 'verdicts', 'any', 'anys', 'place', 'places'],
};
const PLACE = '{ street city tags geo { lat lon label } }';

const CHARS = ['a', 'B', ' ', '  ', '\t', 'é', '紙', '😀', '#', ',', '{', '}', '$', '/', "'", '\u007f', '\u00a0', '\u2028', '\ufeff', '\ufffd'];
const ESCAPES = [
  '\\"', '\\\\', '\\/', '\\b', '\\f', '\\n', '\\r', '\\t', '\\u0041', '\\u00e9', '\\u0000', '\\uFEFF', '\\ud83d\\ude00', '\\uD834\\uDD1E', '\\u{41}', '\\u{0}',
  '\\u{1F600}', '\\u{10FFFF}', '\\u{000041}', '\\u{d7ff}', '\\uE000', '\\uFFFF', '\\u2028',
];
// Some of them no text can have.
const WRONG = ['\\x', '\\u{110000}', '\\ud83d', '\\ude00\\ud83d', '\\u{d83d}\\u{de00}', '\\u{}', '\\u12', '\\U0041', "\\'", '\u0007', '\n'];
const LINES = ['', '', ' ', '  ', '\t', '    ', ' \t ', 'a', ' b', '  c', '\td', '    e f', '\\', '\\n', '\\"""', '"', '""', 'x"', '\\u0041', '# no comment', '😀', '\u00a0g', '\ufeffh', '  i  ', '\u0007'];

function text(random) {
  if (random.chance(0.4)) {
    let inside = '';
    for (let count = random.below(7); count >= 0; count -= 1) {
      inside += random.pick(LINES) + (random.chance(0.3) ? random.pick(LINES) : '') + (count > 0 ? random.pick(['\n', '\n', '\r\n', '\r']) : '');
    }
    return `"""${inside}"""`;
  }
  let inside = '';
  for (let count = random.below(6); count > 0; count -= 1) {
    inside += random.weighted([[5, () => random.pick(CHARS)], [6, () => random.pick(ESCAPES)], [0.1, () => random.pick(WRONG)]])();
  }
  return `"${inside}"`;
}

// A mutation that writes some fields of a new document and reads them.
function bodyOf(schema, mark) {
  const random = new Random(mark);
  const type = random.pick(Object.keys(FIELDS));
  const input = schema.getType(`${type}Input`);
  const chosen = random.some(FIELDS[type], 1 + random.below(4)).map((key) => input.getFields()[key]);
  const variables = {};
  const definitions = [];
  const variable = (of) => {
    if (!random.chance(0.1)) return undefined;
    const key = `v${definitions.length}`;
    const needed = isNonNullType(of) || random.chance(0.8);
    if (needed) variables[key] = json(of, random);
    definitions.push(`$${key}: ${of}${!needed && random.chance(0.5) ? ` = ${print(literal(of, random))}` : ''}`);
    return { kind: Kind.VARIABLE, name: name(key) };
  };
  const json_ = schema.getType('JSON');
  const inside = (of, at) => {
    if (of !== json_ || at.depth < 2 || !random.chance(0.1)) return variable(of);
    // Within JSON a variable may be of any type.
    return variable(schema.getType(random.pick(['Int', 'String', 'Float', 'Boolean', 'JSON', 'Verdict', 'PlaceInput'])));
  };
  const fields = chosen.map((field) => `${field.name}: ${enums(print(literal(field.type, random, inside)), field, random)}`);
  const selected = chosen.map((field) => field.name + (field.name.startsWith('place') ? ` ${PLACE}` : ''));
  const plain = `mutation${definitions.length > 0 ? `(${definitions.join(', ')})` : ''} { create${type}(input: {${fields.join(', ')}}) { ${selected.join(' ')} } }`;
  const list = tokens(plain).map((token) => (/String/.test(token.kind) && random.chance(0.8) ? { ...token, kind: TokenKind.STRING, text: text(random) } : token));
  return toJson({ query: join(list, () => random.pick([' ', ' ', ' ', '\n', ','])), variables });
}

// Some words for strings in JSON, which has no enum of its own.
function enums(printed, field, random) {
  if (!/JSON/.test(String(field.type))) return printed;
  return printed.replace(/"a"|"Ada"|"x y"/g, (text) => (random.chance(0.7) ? random.pick(['nullable', 'trueish', 'falsePositive', 'A', '_', 'on']) : text));
}

const named = (message) => message.replace(/"(?:[^"\\]|\\.)*"|`[^`]*`/g, '…').slice(0, 120);

// Whether `count` documents arrive as graphql-js reads them; what it cannot read must be refused.
export async function literals({ schema, url, ...cases }) {
  const compare = async (body) => {
    const judged = judge(schema, JSON.parse(body));
    const { json: answer } = await post(url, body);
    const got = 'data' in answer && answer.errors === undefined ? 'carried out' : `error: ${named(answer.errors[0].message)}`;
    if (!judged.accepted) {
      const fault = 'data' in answer ? `refused by graphql-js (${judged.stage}); oponn: ${got}` : undefined;
      return { told: 'refused', fault, shows: { judge: judged.message, oponn: answer } };
    }
    const [field] = judged.operation.selectionSet.selections;
    const definition = schema.getMutationType().getFields()[field.name.value];
    const { input } = getArgumentValues(definition, field, judged.values);
    const expected = { [field.name.value]: read(field.selectionSet, input) };
    const same = JSON.stringify(expected) === JSON.stringify(answer.data);
    const fault = got === 'carried out' ? 'another value' : got;
    return { told: 'read', fault: same ? undefined : fault, shows: { expected, got: answer.data ?? answer.errors } };
  };
  return trial(cases, { make: (mark) => bodyOf(schema, mark), compare });
}

// What is read of a value that was written; what JSON cannot say has become null.
function read(selectionSet, value) {
  if (!selectionSet || value === null || value === undefined) return value ?? null;
  if (Array.isArray(value)) return value.map((item) => read(selectionSet, item));
  return Object.fromEntries(selectionSet.selections.map((field) => [field.name.value, read(field.selectionSet, value[field.name.value])]));
}

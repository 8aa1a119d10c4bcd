// Random values of a type: as literals and as JSON.

import { isEnumType, isInputObjectType, isListType, isNonNullType, isRequiredInputField, Kind } from 'graphql';

// A number in JSON as it is to be written.
export class NumberText {
  constructor(text) {
    this.text = text;
  }
}

// JSON with numbers as they are to be written.
export function toJson(value) {
  if (value instanceof NumberText) return value.text;
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${toJson(field)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

const TEXTS = [
  '', 'a', 'Ada', 'ada  byron', 'x y', '"', '\\', '"""', '\\"""', 'a\nb', '  a\n    b\n', '\t', '\b\f\r\n', 'é', 'ß', '紙', '😀', '𝒳y',
  '\u0000', '\u007f', '\u2028', '{', '$a', '#', ',', '\ufeff', 'null', '\\u0041',
];
const INTS = ['0', '1', '-1', '3', '7', '42', '1000', '-2147483648', '2147483647', '-0'];
const FLOATS = ['0.0', '1.5', '-0.25', '1e3', '2.5E-3', '-1.0e+2', '0.1', '1e21', '123456789.125', '0e0', '-0.0', '1.0E+05', '5e-324', '1.7976931348623157e308'];
const LARGE = ['9007199254740993', '9223372036854775807', '-9223372036854775808', '4294967296'];
const SCALARS = {
  Int: { int: INTS },
  Float: { int: INTS, float: FLOATS },
  String: { text: TEXTS },
  Boolean: { truth: true },
  ID: { text: ['a', 'b', '1', 'o1', '', '65a1b2c3d4e5f60718293a4b', '01890a5d-ac96-774b-bcce-b302099a8057'], int: ['1', '42', '-7', '12345678901234567890'] },
  DateTime: { text: ['2026-01-31T09:30:00Z', '1970-01-01t00:00:00.5z', '1999-12-31T23:59:59.999+02:00'] },
  Date: { text: ['2026-01-31', '1969-12-31', '2000-02-29'] },
  Decimal: { text: ['12.50', '-0.001', '1e3', '.5'], int: ['3', '-12'], float: ['12.5', '0.10'] },
  Long: { text: ['9007199254740993', '-9223372036854775808', '5'], int: ['0', '-17', '9007199254740991'] },
  UUID: { text: ['01890a5d-ac96-774b-bcce-b302099a8057', '01890A5D-AC96-774B-BCCE-B302099A8057'] },
};

// A random scalar: which kind of literal it is, and its text or value.
export function scalar(name, random) {
  if (name === 'JSON') return anything(random);
  const of = SCALARS[name];
  const kind = random.pick(Object.keys(of));
  return kind === 'truth' ? { kind, value: random.chance(0.5) } : { kind, value: random.pick(of[kind]) };
}

function anything(random) {
  if (random.chance(0.05)) return { kind: 'int', value: random.pick(LARGE) };
  const name = random.pick(['Int', 'Float', 'String', 'Boolean']);
  return scalar(name, random);
}

function scalarNode({ kind, value }) {
  switch (kind) {
    case 'int':
      return { kind: Kind.INT, value };
    case 'float':
      return { kind: Kind.FLOAT, value };
    case 'truth':
      return { kind: Kind.BOOLEAN, value };
    default:
      return { kind: Kind.STRING, value };
  }
}

export const name = (value) => ({ kind: Kind.NAME, value });

function scalarJson({ kind, value }) {
  return kind === 'int' || kind === 'float' ? new NumberText(value) : value;
}

// Names of fields whose numbers say how many rows are read: kept small, since all that is read costs.
const ROWS = new Set(['first', 'last', 'offset']);

// Makes a value of a type; what it is made of is up to `make`.
function build(type, random, make, { place = '', depth = 0 } = {}) {
  if (isNonNullType(type)) return build(type.ofType, random, make, { place, depth, never: true });
  if (isListType(type)) {
    const item = () => make.value(type.ofType, { place, depth: depth + 1 });
    if (random.chance(0.15)) return build(type.ofType, random, make, { place, depth: depth + 1 });
    return make.list(Array.from({ length: random.below(depth > 3 ? 2 : 3) }, item));
  }
  if (isEnumType(type)) return make.enum(random.pick(type.getValues()).name);
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    const count = Math.max(0, random.below(4) - Math.floor(depth / 3));
    const wanted = new Set([...fields.filter(isRequiredInputField), ...random.some(fields, count)]);
    const given = fields.filter((field) => wanted.has(field));
    return make.object(given.map((field) => [field.name, make.value(field.type, { place: field.name, depth: depth + 1, hasDefault: field.defaultValue !== undefined })]));
  }
  if (ROWS.has(place)) return make.scalar({ kind: 'int', value: String(random.below(4)) });
  if (type.name === 'JSON' && depth < 5 && random.chance(0.5)) {
    if (random.chance(0.5)) {
      return make.list(Array.from({ length: random.below(3) }, () => build(type, random, make, { place, depth: depth + 1 })));
    }
    const keys = random.some(['a', 'b', 'on', 'true_', 'null', 'x1'], random.below(3));
    return make.object(keys.map((key) => [key, build(type, random, make, { place, depth: depth + 1 })]));
  }
  return make.scalar(scalar(type.name, random));
}

// A random literal. `variable(type, at)` may give a node that stands for a variable instead.
export function literal(type, random, variable = () => undefined, at = {}) {
  const made = variable(type, at);
  if (made) return made;
  if (!isNonNullType(type) && random.chance(0.06)) return { kind: Kind.NULL };
  const make = {
    value: (inner, place) => literal(inner, random, variable, place),
    list: (values) => ({ kind: Kind.LIST, values }),
    object: (fields) => ({
      kind: Kind.OBJECT,
      fields: fields.map(([key, value]) => ({ kind: Kind.OBJECT_FIELD, name: name(key), value })),
    }),
    enum: (value) => ({ kind: Kind.ENUM, value }),
    scalar: scalarNode,
  };
  return build(type, random, make, at);
}

// A random value as JSON.
export function json(type, random, at = {}) {
  if (!isNonNullType(type) && random.chance(0.08)) return null;
  const make = {
    value: (inner, place) => json(inner, random, place),
    list: (values) => values,
    object: (fields) => Object.fromEntries(fields),
    enum: (value) => value,
    scalar: scalarJson,
  };
  return build(type, random, make, at);
}

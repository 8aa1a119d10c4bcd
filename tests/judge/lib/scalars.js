// What oponn's own scalars take, as docs/schema.md has it: a printed schema only says their names.

import { GraphQLError, GraphQLFloat, Kind, valueFromASTUntyped } from 'graphql';

const LONG_MAX = 2n ** 63n - 1n;
const LONG_MIN = -(2n ** 63n);

// A value as its literal has it. Numbers keep their text, because a double cannot hold all of them.
function ofLiteral(node) {
  switch (node.kind) {
    case Kind.INT:
    case Kind.FLOAT:
      return { number: node.value };
    case Kind.STRING:
      return node.value;
    case Kind.BOOLEAN:
      return node.value;
    default:
      return undefined;
  }
}

const ofJson = (value) => (typeof value === 'number' ? { number: String(value) } : value);

function isDay(year, month, day) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function isDate(value) {
  const parts = typeof value === 'string' && /^(\d{4})-(\d\d)-(\d\d)$/.exec(value);
  return Boolean(parts) && isDay(...parts.slice(1).map(Number));
}

function isDateTime(value) {
  const form = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|[+-](\d\d):(\d\d))$/;
  const parts = typeof value === 'string' && form.exec(value);
  if (!parts) return false;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number);
  const [fraction, offsetHour, offsetMinute] = [parts[7] ?? '', Number(parts[8] ?? 0), Number(parts[9] ?? 0)];
  return (
    isDay(year, month, day) && hour < 24 && minute < 60 && second < 60 &&
    fraction.replace(/0+$/, '').length <= 3 && offsetHour < 24 && offsetMinute < 60
  );
}

function isDecimal(value) {
  const text = typeof value === 'string' ? value : value?.number;
  const parts = text !== undefined && /^[+-]?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (!parts || (parts[1] + (parts[2] ?? '')).length === 0) return false;
  const digits = (parts[1] + (parts[2] ?? '')).replace(/^0+/, '').replace(/0+$/, '');
  return digits.length <= 34 && Math.abs(Number(parts[3] ?? 0)) < 6000;
}

function isLong(value) {
  if (typeof value === 'string') {
    return /^[+-]?\d+$/.test(value) && BigInt(value.replace('+', '')) >= LONG_MIN && BigInt(value.replace('+', '')) <= LONG_MAX;
  }
  if (value?.number === undefined) return false;
  if (/^-?\d+$/.test(value.number)) return BigInt(value.number) >= LONG_MIN && BigInt(value.number) <= LONG_MAX;
  const float = Number(value.number);
  return Number.isInteger(float) && Math.abs(float) < 2 ** 53;
}

function isUuid(value) {
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}

const RULES = { Date: isDate, DateTime: isDateTime, Decimal: isDecimal, Long: isLong, UUID: isUuid };

// Whether a literal of the scalar JSON has only numbers that are stored as they are.
function isStorable(node) {
  switch (node.kind) {
    case Kind.INT:
      return BigInt(node.value) >= LONG_MIN && BigInt(node.value) <= LONG_MAX;
    case Kind.FLOAT:
      return Number.isFinite(Number(node.value));
    case Kind.LIST:
      return node.values.every(isStorable);
    case Kind.OBJECT:
      return node.fields.every((field) => isStorable(field.value));
    default:
      return true;
  }
}

// Has the scalars of a schema take what they take.
export function giveRules(schema) {
  const float = schema.getType('Float');
  if (float) {
    // Section 3.5.2 of the specification: what is no finite number is refused. graphql-js reads 1e999 as infinity.
    const { parseLiteral } = GraphQLFloat;
    float.parseLiteral = (node) => {
      const value = parseLiteral.call(GraphQLFloat, node);
      if (!Number.isFinite(value)) throw new GraphQLError(`${node.value} is no finite number`);
      return value;
    };
  }
  for (const [name, fits] of Object.entries(RULES)) {
    const type = schema.getType(name);
    if (!type) continue;
    const refuse = (shown) => new GraphQLError(`${shown} is no ${name}`);
    type.parseValue = (value) => {
      if (!fits(ofJson(value))) throw refuse(JSON.stringify(value));
      return value;
    };
    type.parseLiteral = (node) => {
      const value = ofLiteral(node);
      if (value === undefined || !fits(value)) throw refuse('the literal');
      return value?.number ?? value;
    };
  }
  const json = schema.getType('JSON');
  if (json) {
    json.parseLiteral = (node, variables) => {
      if (!isStorable(node)) throw new GraphQLError('a number does not fit 64 bits');
      return valueFromASTUntyped(node, variables);
    };
  }
}

// Random queries over the same documents: oponn's answers beside those of graphql-js with resolvers from memory.

import { execute, getNamedType, GraphQLInt, isEnumType, isInputObjectType, isListType, isNonNullType, Kind, parse } from 'graphql';

import { post } from './client.js';
import { documents, Library, LISTS, orderKey } from './library.js';
import { request } from './operations.js';
import { Random } from './random.js';
import { spell } from './spelling.js';
import { trial } from './trial.js';
import { name, NumberText, toJson } from './values.js';
import { hasNullCondition, judge } from './verdict.js';

const ORDERS = {
  Shop: [[], ['NAME'], ['ADDRESS_CITY', '-NAME'], ['-ADDRESS_GEO_LAT'], ['OPEN', 'ADDRESS_ZIP']],
  Book: [[], ['-ID'], ['TITLE'], ['-YEAR', 'TITLE'], ['PRICE'], ['-PRICE', '-ID'], ['SHOP_ID', '-WEIGHT'], ['SOLD', 'PRINTED'], ['-SIZE', 'COPIES']],
  Apple: [[], ['-BREED'], ['RED', 'ACIDITY']],
  Orange: [[], ['SEEDS'], ['-SHOP_ID', 'BREED']],
  Fruit: [[], ['BREED'], ['-ACIDITY'], ['SIZE', '-BREED'], ['SHOP_ID']],
};
const orderOf = (parts) => parts.map((part) => ({ field: part.replace('-', ''), direction: part.startsWith('-') ? 'DESC' : 'ASC' }));

// The literal of a value of a type.
function nodeOf(value, type) {
  if (value === null) return { kind: Kind.NULL };
  if (isNonNullType(type)) return nodeOf(value, type.ofType);
  if (isListType(type)) {
    if (!Array.isArray(value)) return nodeOf(value, type.ofType);
    return { kind: Kind.LIST, values: value.map((item) => nodeOf(item, type.ofType)) };
  }
  if (isEnumType(type)) return { kind: Kind.ENUM, value };
  if (isInputObjectType(type)) {
    const field = ([key, inside]) => ({ kind: Kind.OBJECT_FIELD, name: name(key), value: nodeOf(inside, type.getFields()[key].type) });
    return { kind: Kind.OBJECT, fields: Object.entries(value).map(field) };
  }
  if (typeof value === 'number') return { kind: Number.isInteger(value) ? Kind.INT : Kind.FLOAT, value: String(value) };
  return typeof value === 'boolean' ? { kind: Kind.BOOLEAN, value } : { kind: Kind.STRING, value };
}

// Arguments that find something, mostly.
class Asking {
  constructor(schema, library, random) {
    Object.assign(this, { schema, library, random });
  }

  // Values for the arguments of a field.
  of(field) {
    const { library, random } = this;
    const type = getNamedType(field.type).name;
    if (type.endsWith('Connection')) return this.page(type.replace('Connection', ''));
    const document = random.pick(library.of(type));
    const value = (arg) => {
      if (document[arg.name] != null && random.chance(0.9)) return document[arg.name];
      return getNamedType(arg.type) === GraphQLInt ? 7 : random.pick(['none', 's1', 'b1']);
    };
    return Object.fromEntries(field.args.map((arg) => [arg.name, value(arg)]));
  }

  page(type) {
    const { library, random } = this;
    const args = {};
    const orderBy = random.pick(ORDERS[type]);
    if (orderBy.length > 0) args.orderBy = orderOf(orderBy);
    else if (random.chance(0.2)) args.orderBy = random.pick([[], null]);
    if (random.chance(0.5)) args.where = this.where(this.schema.getType(`${type}Where`), library.of(type), 2);
    const count = () => (random.chance(0.02) ? -1 : random.below(7));
    const way = random.pick(['first', 'first', 'first', 'last', 'none']);
    if (way !== 'none') args[way] = count();
    if (way !== 'last' && random.chance(0.25)) args.offset = count();
    const cursors = [...library.cursors[`${type}${orderKey(args.orderBy)}`].document.keys()];
    const cursor = () => (random.chance(0.02) ? 'x' : random.pick(cursors));
    if (random.chance(0.25)) args.after = cursor();
    if (random.chance(0.2)) args.before = cursor();
    if (random.chance(0.02)) args[random.pick(['first', 'last'])] = 2;
    return args;
  }

  where(type, list, depth) {
    const { random } = this;
    const fields = Object.values(type.getFields()).filter((field) => depth > 0 || !['and', 'or', 'not'].includes(field.name));
    return Object.fromEntries(random.some(fields, random.below(3)).map((field) => {
      const inside = () => this.where(type, list, depth - 1);
      const of = getNamedType(field.type);
      if (field.name === 'not') return [field.name, inside()];
      if (of === type) return [field.name, Array.from({ length: random.below(4) }, inside)];
      const values = list.map((document) => document?.[field.name]);
      return [field.name, of.name.endsWith('Where') ? this.where(of, values, 0) : this.operators(of, values)];
    }));
  }

  operators(type, values) {
    const { random } = this;
    const known = Object.values(type.getFields()).filter((field) => !['mode', 'matches'].includes(field.name));
    const found = values.flat().filter((value) => value != null);
    const value = () => random.pick(found);
    if (found.length === 0) return {};
    const operand = (operator) => {
      switch (operator) {
        case 'exists':
        case 'isEmpty': return random.chance(0.5);
        case 'eq':
        case 'ne': return random.chance(0.2) ? null : value();
        case 'in':
        case 'nin': return Array.from({ length: random.below(4) }, () => (random.chance(0.1) ? null : value()));
        case 'hasAny':
        case 'hasAll': return Array.from({ length: random.below(3) }, value);
        case 'startsWith': return [...value()].slice(0, 1 + random.below(2)).join('');
        case 'endsWith': return [...value()].slice(-1).join('');
        case 'contains': return [...value()].slice(random.below(2), 2).join('');
        default: return value();
      }
    };
    return Object.fromEntries(random.some(known, 1 + random.below(2)).map((field) => [field.name, operand(field.name)]));
  }
}

// Writes the documents to the server and learns its cursors.
async function fill(url, library) {
  const ask = async (query, variables) => {
    const { json } = await post(url, JSON.stringify({ query, variables }));
    if (json.errors) throw new Error(`${query}: ${JSON.stringify(json.errors[0])}; the server has to be empty`);
    return json.data;
  };
  for (const [type, list] of Object.entries(library.all)) {
    for (const input of list) await ask(`mutation($input: ${type}Input!) { create${type}(input: $input) { id } }`, { input });
  }
  for (const [type, orders] of Object.entries(ORDERS)) {
    for (const orderBy of orders.map(orderOf)) {
      const query = `query($orderBy: [${type}Order!]) { list: ${LISTS[type]}(first: 1000, orderBy: $orderBy) { edges { cursor node { id } } } }`;
      library.learn(type, orderBy, (await ask(query, { orderBy })).list.edges);
    }
  }
}

function resolver(library) {
  return (source, args, context, { fieldName, parentType, returnType }) => {
    const type = getNamedType(returnType).name;
    const of = type.replace('Connection', '');
    const given = Object.keys(args).length > 0;
    if (parentType.name === 'Query') return type.endsWith('Connection') ? library.page(of, args) : given ? library.find(type, args) : undefined;
    if (type.endsWith('Connection')) return library.page(of, args, (document) => document.shopId === source.id);
    if (fieldName === 'shop') return library.find('Shop', { id: source.shopId });
    if (fieldName === 'other') return library.find('Book', { id: source.otherId });
    const value = source[fieldName];
    return typeof value === 'function' ? value() : value;
  };
}

// What makes the query of a mark.
function queries(schema, library) {
  return (mark) => {
    const random = new Random(mark);
    const asking = new Asking(schema, library, random);
    const { document, operationName, variables } = request(schema, random, { mutations: 0, asking: (field) => asking.of(field), node: nodeOf });
    return toJson({ query: spell(document, random), operationName, variables });
  };
}

// `count` queries over documents that the seed makes.
export async function answers({ schema, url, ...cases }) {
  const library = new Library(documents(new Random(cases.seed)));
  await fill(url, library);
  // oponn writes a Float always as one: 3.0.
  schema.getType('Float').serialize = (value) => new NumberText(Number.isInteger(value) ? value.toFixed(1) : String(value));
  const make = queries(schema, library);
  const fieldResolver = resolver(library);
  const compare = async (body) => {
    const { query, operationName, variables } = JSON.parse(body);
    const judged = judge(schema, { query, operationName, variables });
    if (!judged.accepted || hasNullCondition(judged)) return { told: 'left out' };
    const result = await execute({ schema, document: parse(query), operationName, variableValues: variables, fieldResolver });
    const answer = await post(url, body);
    if (result.errors) {
      // Errors are worded otherwise; what is null because of them is the same.
      const same = toJson(result.data) === toJson(floats(answer.json.data, result.data)) && answer.json.errors !== undefined;
      return { told: 'with errors', fault: same ? undefined : 'other nulls for errors', shows: { expected: result, got: answer.json } };
    }
    const expected = toJson(result);
    const fault = answer.json.errors ? `error: ${answer.json.errors[0].message.replace(/"[^"]*"|\d+/g, '…')}` : 'another answer';
    return { told: 'compared', fault: expected === answer.text ? undefined : fault, shows: { expected, got: answer.text } };
  };
  return trial(cases, { make, compare });
}

// An answer that was parsed, with floats written as where they are expected.
function floats(got, expected) {
  if (expected instanceof NumberText) return typeof got === 'number' ? new NumberText(Number.isInteger(got) ? got.toFixed(1) : String(got)) : got;
  if (got === null || typeof got !== 'object' || !expected) return got;
  if (Array.isArray(got)) return got.map((item, place) => floats(item, expected[place]));
  return Object.fromEntries(Object.entries(got).map(([key, value]) => [key, floats(value, expected[key])]));
}

// Random documents that are valid, or nearly: graphql-js has the last word.

import {
  getNamedType, getNullableType, GraphQLBoolean, GraphQLNonNull, introspectionTypes, isAbstractType, isCompositeType, isInterfaceType,
  isListType, isNonNullType, isRequiredArgument, Kind, SchemaMetaFieldDef, TypeMetaFieldDef,
} from 'graphql';

import { json, literal, name } from './values.js';

export function typeNode(type) {
  if (isNonNullType(type)) return { kind: Kind.NON_NULL_TYPE, type: typeNode(type.ofType) };
  if (isListType(type)) return { kind: Kind.LIST_TYPE, type: typeNode(type.ofType) };
  return { kind: Kind.NAMED_TYPE, name: name(type.name) };
}

const variableNode = (text) => ({ kind: Kind.VARIABLE, name: name(text) });
const isMeta = (type) => introspectionTypes.some((meta) => meta.name === type.name);

// What one operation or fragment says.
class Writer {
  constructor(schema, random, options) {
    Object.assign(this, { schema, random, options, variables: new Map(), fragments: [], keys: 0 });
  }

  // A variable in a place of this type, now and then.
  variable = (type, { hasDefault = false, place = '', depth = 0 } = {}) => {
    const { random } = this;
    if (!random.chance(depth === 0 ? 0.2 : 0.1)) return undefined;
    const same = [...this.variables.values()].filter((known) => String(known.type) === String(type) && known.place === place);
    if (same.length > 0 && random.chance(0.5)) return variableNode(random.pick(same).text);
    const text = random.pick(['a', 'b', 'id', 'on', 'true', 'null', 'x_1', '_', 'query']) + (this.variables.size || '');
    const known = { text, place, type };
    const nullable = getNullableType(type);
    if (isNonNullType(type)) {
      if (random.chance(hasDefault ? 0.5 : 0.2)) {
        known.type = nullable;
        if (!hasDefault || random.chance(0.5)) known.default = literal(type, random, undefined, { place });
      }
    } else if (random.chance(0.2)) {
      known.type = new GraphQLNonNull(type);
    }
    if (!known.default && random.chance(0.15)) known.default = literal(known.type, random, undefined, { place });
    const optional = known.default !== undefined || !isNonNullType(known.type);
    if (!(optional && random.chance(0.25))) known.value = json(known.type, random, { place });
    this.variables.set(text, known);
    return variableNode(text);
  };

  // Arguments whose values somebody chooses, as literals and as variables.
  chosen(field) {
    const { asking, node } = this.options;
    const values = Object.entries(asking(field));
    return values.map(([text, value]) => {
      const { type } = field.args.find((arg) => arg.name === text);
      if (!this.random.chance(0.25)) return { kind: Kind.ARGUMENT, name: name(text), value: node(value, type) };
      const known = `v${this.variables.size}`;
      this.variables.set(known, { text: known, type, value });
      return { kind: Kind.ARGUMENT, name: name(text), value: variableNode(known) };
    });
  }

  arguments(args, always = 0) {
    const given = args.filter((arg) => isRequiredArgument(arg) || this.random.chance(arg.name === 'first' ? always : 0.2));
    return given.map((arg) => ({
      kind: Kind.ARGUMENT,
      name: name(arg.name),
      value: arg === TypeMetaFieldDef.args[0] ? this.typeName() : this.literal(arg),
    }));
  }

  literal(arg) {
    return literal(arg.type, this.random, this.variable, { place: arg.name, hasDefault: arg.defaultValue !== undefined });
  }

  directives() {
    const { random } = this;
    return random.some(['skip', 'include'], random.chance(0.08) ? 1 + random.below(2) : 0).map((text) => ({
      kind: Kind.DIRECTIVE,
      name: name(text),
      arguments: [{
        kind: Kind.ARGUMENT,
        name: name('if'),
        value: this.variable(new GraphQLNonNull(GraphQLBoolean), {}) ?? { kind: Kind.BOOLEAN, value: random.chance(0.5) },
      }],
    }));
  }

  key() {
    this.keys += 1;
    return this.random.pick(['a', 'Key', '_', 'query', 'on', 'fragment']) + this.keys;
  }

  // Which type `__type` is asked for.
  typeName = () => ({ kind: Kind.STRING, value: this.random.pick([...Object.keys(this.schema.getTypeMap()), 'Unknown', '']) });

  selections(type, depth, root = false) {
    const { random } = this;
    const all = isCompositeType(type) && type.getFields ? Object.values(type.getFields()) : [];
    // What GraphQL itself defines is described by whoever implements it.
    const fields = this.options.introspection ? all.filter((field) => isMeta(type) && field.name !== 'description') : all;
    const items = [];
    const count = 1 + random.below(root ? 3 : 4);
    const may = fields.filter((field) => depth > 0 || !isCompositeType(getNamedType(field.type)));
    for (const field of random.some(may, count)) items.push(this.field(field, depth));
    if (items.length === 0 || random.chance(0.12)) items.push(this.typename());
    const often = this.options.introspection ? 0.8 : this.options.asking ? 0 : 0.08;
    if (root && type === this.schema.getQueryType() && random.chance(often)) items.push(this.field(SchemaMetaFieldDef, 4));
    if (root && type === this.schema.getQueryType() && random.chance(often)) items.push(this.field(TypeMetaFieldDef, 4));
    if (depth > 0 && random.chance(0.25)) items.push(this.fragment(type, depth - 1));
    return { kind: Kind.SELECTION_SET, selections: items };
  }

  typename() {
    const alias = this.random.chance(0.3) ? name(this.key()) : undefined;
    return { kind: Kind.FIELD, alias, name: name('__typename'), directives: this.directives() };
  }

  field(field, depth) {
    const { random } = this;
    const of = getNamedType(field.type);
    const choose = this.options.asking && !isMeta(of) && field.args.length > 0;
    const args = choose ? this.chosen(field) : this.arguments(field.args, of.name.endsWith('Connection') ? 0.7 : 0.2);
    // A cursor that another list gave is refused, but as an error of the field.
    const aliased = random.chance(args.length > 0 ? 0.6 : 0.15);
    const lower = isMeta(of) && isListType(getNullableType(field.type)) ? depth - 2 : depth - 1;
    return {
      kind: Kind.FIELD,
      alias: aliased ? name(this.key()) : undefined,
      name: name(field.name),
      arguments: args,
      directives: this.directives(),
      selectionSet: isCompositeType(of) ? this.selections(of, Math.max(lower, 0)) : undefined,
    };
  }

  // A fragment that can be spread in the type.
  fragment(type, depth) {
    const { random, schema } = this;
    const near = isAbstractType(type) ? [...schema.getPossibleTypes(type)] : (type.getInterfaces?.() ?? []);
    if (isInterfaceType(type)) near.push(...near.flatMap((possible) => possible.getInterfaces()));
    const on = random.pick([type, ...near, ...near]);
    if (random.chance(0.5)) {
      return {
        kind: Kind.INLINE_FRAGMENT,
        typeCondition: on === type && random.chance(0.4) ? undefined : typeNode(on),
        directives: this.directives(),
        selectionSet: this.selections(on, depth),
      };
    }
    const known = this.fragments.filter((fragment) => fragment.typeCondition.name.value === on.name);
    if (known.length > 0 && random.chance(0.5)) return this.spread(random.pick(known).name.value);
    const text = random.pick(['F', 'frag', 'query', 'true', 'fragment', '_']) + this.options.mark + this.fragments.length;
    const made = { kind: Kind.FRAGMENT_DEFINITION, name: name(text), typeCondition: typeNode(on), directives: [] };
    made.selectionSet = this.selections(on, depth);
    this.fragments.push(made);
    return this.spread(text);
  }

  spread(text) {
    return { kind: Kind.FRAGMENT_SPREAD, name: name(text), directives: this.directives() };
  }

  operation(text) {
    const { random, schema } = this;
    const operation = schema.getMutationType() && random.chance(this.options.mutations) ? 'mutation' : 'query';
    const selectionSet = this.selections(schema.getRootType(operation), operation === 'query' ? 5 : 3, true);
    const variableDefinitions = [...this.variables.values()].map((known) => ({
      kind: Kind.VARIABLE_DEFINITION,
      variable: variableNode(known.text),
      type: typeNode(known.type),
      defaultValue: known.default,
      directives: [],
    }));
    const description = text && random.chance(0.05) ? { kind: Kind.STRING, value: 'What it is for.', block: random.chance(0.5) } : undefined;
    return { kind: Kind.OPERATION_DEFINITION, operation, description, name: text && name(text), variableDefinitions, directives: [], selectionSet };
  }

  values() {
    const known = [...this.variables.values()].filter((variable) => variable.value !== undefined);
    return Object.fromEntries(known.map((variable) => [variable.text, variable.value]));
  }
}

// A document and a request for it: `{ document, operationName, variables }`. With `introspection`, of nothing but what the
// schema says of itself, without descriptions; with `asking`, which gives the values of a field's arguments, with these as
// `node` makes literals of them.
export function request(schema, random, { mutations = 0.3, ...options } = {}) {
  const count = random.chance(0.12) ? 2 + random.below(2) : 1;
  const named = count > 1 || random.chance(0.5);
  const operations = Array.from({ length: count }, (_, place) => {
    const writer = new Writer(schema, random, { ...options, mutations, mark: count > 1 ? `${place}_` : '' });
    const text = named ? random.pick(['Q', 'query', 'on', 'Op', '_']) + (place || '') : undefined;
    return { text, node: writer.operation(text), writer };
  });
  const chosen = random.pick(operations);
  const definitions = operations.flatMap(({ node, writer }) => [node, ...writer.fragments]);
  const document = { kind: Kind.DOCUMENT, definitions: random.some(definitions, definitions.length) };
  const operationName = named && (count > 1 || random.chance(0.6)) ? chosen.text : undefined;
  return { document, operationName, variables: chosen.writer.values() };
}

// Documents that are broken as trees: each breaker goes for one rule of the specification, and now and then misses it.

import { getNamedType, isCompositeType, isInputType, Kind, parseValue, visit } from 'graphql';

import { literal, name } from './values.js';

const field = (text, more) => ({ kind: Kind.FIELD, name: name(text), ...more });
const argument = (text, value) => ({ kind: Kind.ARGUMENT, name: name(text), value });
const named = (text) => ({ kind: Kind.NAMED_TYPE, name: name(text) });
const set = (...selections) => ({ kind: Kind.SELECTION_SET, selections });
const inline = (text, ...selections) => ({
  kind: Kind.INLINE_FRAGMENT, typeCondition: text && named(text), directives: [], selectionSet: set(...selections),
});
const spread = (text) => ({ kind: Kind.FRAGMENT_SPREAD, name: name(text), directives: [] });
const fragment = (text, on, ...selections) => ({
  kind: Kind.FRAGMENT_DEFINITION, name: name(text), typeCondition: named(on), directives: [], selectionSet: set(...selections),
});
const variable = (text) => ({ kind: Kind.VARIABLE, name: name(text) });
const directive = (text, ...args) => ({ kind: Kind.DIRECTIVE, name: name(text), arguments: args });
const copy = (node) => structuredClone(node);

const VALUES = [
  'null', 'true', 'false', '0', '1', '-1', '1.0', '1.5', '1e2', '2147483648', '9223372036854775808', '""', '"a"', '"1"', '"true"', 'A', 'SMALL', 'nullable',
  'nullX', 'trueish', 'OPEN', 'ASC', '[]', '[null]', '[[]]', '[1]', '["a"]', '[1, "a"]', '{}', '{a: 1}', '{eq: null}', '{eq: 1}', '{eq: "a"}', '{field: ID}',
  '{field: ID, direction: null}', '[{}]', '{and: [{}]}', '{not: null}', '"2026-02-30"', '"2026-01-31T09:30:00Z"', '"12.5"', '"x"',
];
const TYPES = [
  'Int', 'Int!', '[Int]', '[Int!]!', '[[Int]]', 'String', 'String!', 'ID', 'ID!', '[ID!]', 'Boolean', 'Boolean!', 'Float', 'Float!', 'JSON', 'DateTime', 'Query',
  'Unknown', '[Unknown!]', 'PageInfo', '__Type', '__TypeKind', 'Direction', 'Direction!', 'Size', 'Verdict',
];

// Everything that a breaker may look for in a document.
class Places {
  constructor(schema, random, request) {
    Object.assign(this, { schema, random, request, document: request.document });
  }

  all(kind) {
    const found = [];
    visit(this.document, { enter(node) { if (node.kind === kind) found.push(node); } });
    return found;
  }

  one(kind, which = () => true) {
    const found = this.all(kind).filter(which);
    return found.length > 0 ? this.random.pick(found) : undefined;
  }

  // A value of any kind, to be replaced in place.
  value() {
    const found = [];
    visit(this.document, {
      enter(node) {
        if (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD) found.push((value) => (node.value = value));
        if (node.kind === Kind.LIST) node.values.forEach((_, place) => found.push((value) => (node.values[place] = value)));
        if (node.kind === Kind.VARIABLE_DEFINITION) found.push((value) => (node.defaultValue = value));
      },
    });
    return found.length > 0 ? this.random.pick(found) : undefined;
  }

  fieldName() {
    const types = Object.values(this.schema.getTypeMap()).filter((type) => type.getFields && !type.name.startsWith('__'));
    return this.random.pick(Object.keys(this.random.pick(types).getFields()));
  }

  typeName() {
    return this.random.pick(Object.keys(this.schema.getTypeMap()));
  }

  type() {
    return this.random.chance(0.6) ? this.random.pick(TYPES) : this.typeName() + this.random.pick(['', '!']);
  }
}

const typeNode = (text) => {
  if (text.endsWith('!')) return { kind: Kind.NON_NULL_TYPE, type: typeNode(text.slice(0, -1)) };
  if (text.startsWith('[')) return { kind: Kind.LIST_TYPE, type: typeNode(text.slice(1, -1)) };
  return named(text);
};

const definition = (text, type, value) => ({
  kind: Kind.VARIABLE_DEFINITION, variable: variable(text), type: typeNode(type), defaultValue: value, directives: [],
});

// Each changes the document, or returns false where it cannot.
const BREAKERS = {
  otherField(at) {
    const node = at.one(Kind.FIELD);
    node.name = name(at.random.chance(0.5) ? at.fieldName() : node.name.value + at.random.pick(['_', 's', '1']));
  },
  otherArgument(at) {
    const node = at.one(Kind.ARGUMENT);
    if (!node) return false;
    node.name = name(at.random.chance(0.5) ? at.random.pick(['id', 'where', 'first', 'input', 'if', 'name']) : `${node.name.value}_`);
  },
  moreArguments(at) {
    const node = at.one(Kind.FIELD);
    const text = at.random.pick(['id', 'where', 'first', 'last', 'if', 'x']);
    node.arguments = [...(node.arguments ?? []), argument(text, parseValue(at.random.pick(VALUES)))];
  },
  fewerArguments(at) {
    const node = at.one(Kind.FIELD, (node) => node.arguments?.length > 0) ?? at.one(Kind.DIRECTIVE);
    if (!node?.arguments) return false;
    node.arguments = node.arguments.filter(() => at.random.chance(0.5));
  },
  sameArgument(at) {
    const node = at.one(Kind.FIELD, (node) => node.arguments?.length > 0) ?? at.one(Kind.DIRECTIVE);
    if (!node?.arguments?.length) return false;
    node.arguments.push(copy(at.random.pick(node.arguments)));
  },
  argumentOfTypename(at) {
    at.one(Kind.SELECTION_SET).selections.push(field('__typename', { alias: name('t9'), arguments: [argument('a', { kind: Kind.INT, value: '1' })] }));
  },
  otherValue(at) {
    const replace = at.value();
    if (!replace) return false;
    replace(parseValue(at.random.pick(VALUES)));
  },
  valueOfOtherType(at) {
    const replace = at.value();
    const inputs = Object.values(at.schema.getTypeMap()).filter(isInputType);
    if (!replace) return false;
    replace(literal(at.random.pick(inputs), at.random));
  },
  variableAnywhere(at) {
    const replace = at.value();
    const node = at.one(Kind.OPERATION_DEFINITION);
    if (!replace) return false;
    const known = node.variableDefinitions.map((definition) => definition.variable.name.value);
    if (known.length === 0 || at.random.chance(0.5)) {
      node.variableDefinitions.push(definition('any', at.type(), at.random.chance(0.3) ? parseValue(at.random.pick(VALUES)) : undefined));
      if (at.random.chance(0.5)) at.request.variables.any = at.random.pick([null, 1, 'a', true, [], {}, [1], 1.5]);
      replace(variable('any'));
    } else {
      replace(variable(at.random.chance(0.2) ? 'undefined' : at.random.pick(known)));
    }
  },
  sameInputField(at) {
    const node = at.one(Kind.OBJECT, (node) => node.fields.length > 0);
    if (!node) return false;
    const again = copy(at.random.pick(node.fields));
    if (at.random.chance(0.5)) again.value = parseValue(at.random.pick(VALUES));
    node.fields.push(again);
  },
  otherInputFields(at) {
    const node = at.one(Kind.OBJECT);
    if (!node) return false;
    if (at.random.chance(0.5)) node.fields = node.fields.filter(() => at.random.chance(0.5));
    else node.fields.push({ kind: Kind.OBJECT_FIELD, name: name(at.fieldName()), value: parseValue(at.random.pick(VALUES)) });
  },
  sameVariable(at) {
    const node = at.one(Kind.OPERATION_DEFINITION, (node) => node.variableDefinitions.length > 0);
    if (!node) return false;
    node.variableDefinitions.push(copy(at.random.pick(node.variableDefinitions)));
  },
  missingVariable(at) {
    const node = at.one(Kind.OPERATION_DEFINITION, (node) => node.variableDefinitions.length > 0);
    if (!node) return false;
    node.variableDefinitions.splice(at.random.below(node.variableDefinitions.length), 1);
  },
  unusedVariable(at) {
    const value = at.random.chance(0.3) ? parseValue(at.random.pick(VALUES)) : undefined;
    at.one(Kind.OPERATION_DEFINITION).variableDefinitions.push(definition('unused', at.type(), value));
  },
  typeOfVariable(at) {
    const node = at.one(Kind.VARIABLE_DEFINITION);
    if (!node) return false;
    const { type } = node;
    node.type = at.random.weighted([
      [2, () => (type.kind === Kind.NON_NULL_TYPE ? type.type : { kind: Kind.NON_NULL_TYPE, type })],
      [1, () => ({ kind: Kind.LIST_TYPE, type })],
      [1, () => (type.kind === Kind.LIST_TYPE ? type.type : named('Boolean'))],
      [2, () => typeNode(at.type())],
    ])();
  },
  defaultOfVariable(at) {
    const node = at.one(Kind.VARIABLE_DEFINITION);
    if (!node) return false;
    node.defaultValue = at.random.weighted([[2, { kind: Kind.NULL }], [3, parseValue(at.random.pick(VALUES))], [1, undefined], [1, variable('a')]]);
  },
  moreDirectives(at) {
    const kinds = [Kind.FIELD, Kind.FIELD, Kind.INLINE_FRAGMENT, Kind.FRAGMENT_SPREAD, Kind.OPERATION_DEFINITION, Kind.FRAGMENT_DEFINITION, Kind.VARIABLE_DEFINITION];
    const node = at.one(at.random.pick(kinds));
    if (!node) return false;
    const truth = argument('if', { kind: Kind.BOOLEAN, value: at.random.chance(0.5) });
    const made = at.random.pick([
      directive('skip', truth), directive('include', truth), directive('skip'), directive('include', argument('if', { kind: Kind.NULL })),
      directive('unknown'), directive('deprecated'), directive('oneOf'), directive('specifiedBy', argument('url', { kind: Kind.STRING, value: 'a' })),
      directive('skip', truth, argument('x', { kind: Kind.INT, value: '1' })), directive('include', argument('if', { kind: Kind.STRING, value: 'true' })),
    ]);
    node.directives = [...(node.directives ?? []), made, ...(at.random.chance(0.3) ? [copy(made)] : [])];
  },
  conflict(at) {
    // A second field under a response key that is taken: alike, or not.
    const node = at.one(Kind.SELECTION_SET, (node) => node.selections.some((item) => item.kind === Kind.FIELD));
    const taken = copy(at.random.pick(node.selections.filter((item) => item.kind === Kind.FIELD)));
    const key = taken.alias ?? taken.name;
    at.random.pick([
      () => {},
      () => (taken.arguments = []),
      () => (taken.arguments = (taken.arguments ?? []).toReversed?.() ?? []),
      () => taken.arguments?.forEach((arg) => at.random.chance(0.6) && (arg.value = parseValue(at.random.pick(VALUES)))),
      () => ([taken.name, taken.alias] = [name(at.fieldName()), key]),
      () => ([taken.name, taken.alias, taken.arguments, taken.selectionSet] = [name('__typename'), key, [], undefined]),
      () => (taken.selectionSet = taken.selectionSet && set(field('__typename', { alias: name(at.random.pick(['id', 'nodes', 'name', 'a1'])) }))),
    ])();
    const on = at.random.pick([undefined, undefined, at.typeName(), ...['Pet', 'Dog', 'Cat', 'Horse', 'Trained'].filter((text) => at.schema.getType(text))]);
    node.selections.push(at.random.chance(0.4) ? taken : inline(on, taken));
  },
  conflictOfTypes(at) {
    // Two types under one interface with one response key for different fields.
    const lists = Object.values(at.schema.getQueryType().getFields()).filter((root) => getNamedType(root.type).getFields?.().nodes);
    const root = at.random.pick(lists);
    const of = getNamedType(getNamedType(root.type).getFields().nodes.type);
    const inside = () => {
      const on = at.random.pick([of, ...(at.schema.getPossibleTypes(of) ?? [])].filter((type) => type.getFields)) ?? of;
      const picked = at.random.pick(Object.values(on.getFields()));
      const below = isCompositeType(getNamedType(picked.type)) ? set(field('__typename')) : undefined;
      const made = field(picked.name, { alias: at.random.chance(0.7) ? name(at.random.pick(['x', 'y'])) : undefined, selectionSet: below });
      return at.random.chance(0.8) ? inline(on.name, made) : made;
    };
    const list = field(root.name, { alias: name('conflict'), selectionSet: set(field('nodes', { selectionSet: set(inside(), inside(), inside()) })) });
    const operation = at.one(Kind.OPERATION_DEFINITION, (node) => node.operation === 'query');
    if (!operation) return false;
    operation.selectionSet.selections.push(list);
  },
  sameFragment(at) {
    const node = at.one(Kind.FRAGMENT_DEFINITION);
    if (!node) return false;
    at.document.definitions.push(copy(node));
  },
  missingFragment(at) {
    const node = at.one(Kind.FRAGMENT_SPREAD);
    if (!node || at.random.chance(0.3)) at.one(Kind.SELECTION_SET).selections.push(spread('missing'));
    else at.document.definitions = at.document.definitions.filter((definition) => definition.kind !== Kind.FRAGMENT_DEFINITION || definition.name.value !== node.name.value);
  },
  unusedFragment(at) {
    at.document.definitions.push(fragment('unused', at.random.chance(0.5) ? 'Query' : at.typeName(), field('__typename')));
  },
  fragmentInCircles(at) {
    const texts = at.random.some(['c1', 'c2', 'c3'], 1 + at.random.below(3));
    const on = at.random.pick(['Query', 'Query', at.typeName()]);
    for (const [place, text] of texts.entries()) {
      const next = spread(texts[(place + 1) % texts.length]);
      at.document.definitions.push(fragment(text, on, field('__typename'), at.random.chance(0.7) ? next : inline(undefined, next)));
    }
    if (at.random.chance(0.7)) at.one(Kind.SELECTION_SET).selections.push(spread(texts[0]));
  },
  typeOfFragment(at) {
    const node = at.one(at.random.pick([Kind.FRAGMENT_DEFINITION, Kind.INLINE_FRAGMENT]));
    if (!node) return false;
    node.typeCondition = named(at.random.pick([at.typeName(), at.typeName(), 'Unknown', 'String', 'Query', 'Mutation']));
  },
  fragmentAnywhere(at) {
    at.one(Kind.SELECTION_SET).selections.push(inline(at.typeName(), field('__typename', { alias: name('t8') })));
  },
  moreSelections(at) {
    const node = at.one(Kind.FIELD, (node) => !node.selectionSet);
    if (!node) return false;
    node.selectionSet = set(field(at.random.pick(['__typename', 'id', 'name'])));
  },
  fewerSelections(at) {
    const node = at.one(Kind.FIELD, (node) => node.selectionSet);
    if (!node) return false;
    node.selectionSet = undefined;
  },
  sameOperation(at) {
    const again = copy(at.one(Kind.OPERATION_DEFINITION));
    if (at.random.chance(0.5)) again.name = at.random.chance(0.5) ? undefined : name('Other');
    at.document.definitions.push(again);
  },
  otherOperation(at) {
    const node = at.one(Kind.OPERATION_DEFINITION);
    node.operation = at.random.pick(['query', 'mutation', 'subscription', 'subscription']);
    if (at.random.chance(0.5)) node.selectionSet = set(field('__typename'));
  },
  moreOperations(at) {
    const operation = at.random.pick(['query', 'mutation', 'subscription']);
    const made = { kind: Kind.OPERATION_DEFINITION, operation, name: name('More'), variableDefinitions: [], directives: [], selectionSet: set(field('__typename')) };
    at.document.definitions.push(made);
    for (const [place, definition] of at.document.definitions.entries()) {
      if (definition.kind === Kind.OPERATION_DEFINITION && !definition.name && at.random.chance(0.7)) definition.name = name(`N${place}`);
    }
    if (at.random.chance(0.5)) at.request.operationName = at.random.pick(['More', 'N0', 'N1']);
  },
  otherName(at) {
    at.request.operationName = at.random.pick(['', 'Unknown', null, 'query', 'on', 'Q']);
  },
  introspection(at) {
    const below = (count) => (count === 0 ? set(field('name')) : set(field(at.random.pick(['ofType', 'fields', 'interfaces', 'possibleTypes']), { selectionSet: deeper(count) })));
    const deeper = (count) => set(field('name'), ...(at.random.chance(0.5) ? [field('type', { selectionSet: below(count - 1) })] : [inline(undefined, ...below(count - 1).selections)]));
    const arg = argument('name', at.random.pick([{ kind: Kind.STRING, value: 'Query' }, { kind: Kind.INT, value: '1' }, variable('n')]));
    const made = at.random.pick([
      field('__schema', { selectionSet: set(field('queryType', { selectionSet: below(at.random.below(5)) })) }),
      field('__schema', { selectionSet: set(field('types', { selectionSet: below(at.random.below(4)) })) }),
      field('__type', { arguments: [arg], selectionSet: below(at.random.below(5)) }),
      field('__type', { arguments: at.random.chance(0.5) ? [arg] : [], selectionSet: set(field('kind')) }),
      field('__schema'),
    ]);
    at.one(Kind.OPERATION_DEFINITION).selectionSet.selections.push(made);
  },
  introspectionBelow(at) {
    at.one(Kind.SELECTION_SET).selections.push(field('__schema', { selectionSet: set(field('__typename')) }));
  },
};

// The request with one or two things wrong: `{ document, operationName, variables }`, and what was tried.
export function breakTree(schema, random, request) {
  const broken = { ...request, document: copy(request.document), variables: { ...request.variables } };
  const at = new Places(schema, random, broken);
  const tried = [];
  const wanted = random.chance(0.8) ? 1 : 2;
  for (let tries = 0; tried.length < wanted && tries < 20; tries += 1) {
    const breaker = random.pick(Object.keys(BREAKERS));
    if (BREAKERS[breaker](at) !== false) tried.push(breaker);
  }
  return { ...broken, tried };
}

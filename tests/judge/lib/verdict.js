// Whether a request is carried out, and what it means: graphql-js's judgement.

import {
  buildSchema, DirectiveLocation, getOperationAST, getVariableValues, GraphQLDeprecatedDirective, GraphQLError, GraphQLIncludeDirective,
  GraphQLOneOfDirective, GraphQLSchema, GraphQLSkipDirective, introspectionTypes, Kind, parse, specifiedRules, validate, visit,
} from 'graphql';

import { giveRules } from './scalars.js';

// That directives can be deprecated is a proposal, which graphql-js has and the specification has not.
const { __Directive, __DirectiveLocation, __Schema } = Object.fromEntries(introspectionTypes.map((type) => [type.name, type]));
delete __Directive.getFields().isDeprecated;
delete __Directive.getFields().deprecationReason;
__Schema.getFields().directives.args = [];
const isSpecified = (location) => (location.value ?? location) !== DirectiveLocation.DIRECTIVE_DEFINITION;
__DirectiveLocation._values = __DirectiveLocation.getValues().filter(isSpecified);
GraphQLDeprecatedDirective.locations = GraphQLDeprecatedDirective.locations.filter(isSpecified);

// The schema of a printed API.
export function schemaOf(sdl) {
  const built = buildSchema(sdl).toConfig();
  // Whoever has no input object of that kind need not have the directive.
  const has = ({ name }) => name !== GraphQLOneOfDirective.name || built.types.some((type) => type.isOneOf);
  const schema = new GraphQLSchema({ ...built, directives: built.directives.filter(has) });
  giveRules(schema);
  return schema;
}

// "Operation Type Existence", section 5.2.1.1 of the specification of September 2025, which graphql-js has in
// its next version.
function OperationTypeExistenceRule(context) {
  return {
    OperationDefinition(node) {
      if (!context.getSchema().getRootType(node.operation)) {
        context.reportError(new GraphQLError(`The schema has no ${node.operation} operations.`, { nodes: node }));
      }
    },
  };
}

export const rules = [...specifiedRules, OperationTypeExistenceRule];

// A document whose strings are all of one kind: whether two fields have the same arguments is a matter of what their
// strings say, not of how many quotes stand around them.
const comparable = (document) => visit(document, { StringValue: (node) => (node.block ? { ...node, block: false } : undefined) });

// `{ accepted, stage, message, ... }`; the stage is the one that refuses.
export function judge(schema, { query, operationName, variables }) {
  const refused = (stage, errors, more) => ({ accepted: false, stage, message: errors[0].message, ...more });
  let document;
  try {
    document = comparable(parse(query));
  } catch (error) {
    return refused('parse', [error]);
  }
  const errors = validate(schema, document, rules);
  if (errors.length > 0) return refused('validate', errors, { document });
  const operation = getOperationAST(document, operationName);
  if (!operation) return refused('operation', [{ message: 'There is no such operation, or more than one.' }]);
  const coerced = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {});
  if (coerced.errors) return refused('variables', coerced.errors);
  return { accepted: true, stage: '', message: '', document, operation, values: coerced.coerced };
}

// Which rules a document breaks, for messages.
export function broken(schema, document) {
  return rules.filter((rule) => validate(schema, document, [rule]).length > 0).map((rule) => rule.name.replace(/Rule$/, ''));
}

// Whether a nullable variable with a default is null where a directive wants a Boolean. The specification
// calls that an error without saying whether the whole request is refused for it.
export function hasNullCondition({ document, values }) {
  const names = [GraphQLIncludeDirective.name, GraphQLSkipDirective.name];
  let found = false;
  visit(document, {
    Directive(node) {
      const value = names.includes(node.name.value) && node.arguments?.[0]?.value;
      if (value && value.kind === Kind.VARIABLE && values[value.name.value] === null) found = true;
    },
  });
  return found;
}

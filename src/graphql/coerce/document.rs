//! Every value of an operation, fragments included, against the place where it stands.

use std::collections::HashSet;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::registry::{MetaInputValue, MetaType, MetaTypeName, Registry};
use async_graphql::{Name, Positioned};
use async_graphql_value::Value;

use super::literal::Literals;
use super::position::{Definitions, Location};
use super::{Fault, located};
use crate::engine::input::Faults;

/// Every fault in the values of an operation.
pub fn check(
    registry: &Registry,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
) -> Vec<Fault> {
    let variables = Definitions::of(operation);
    let literals = Literals { registry, variables: &variables };
    let mut walk = Walk { document, literals, seen: HashSet::new(), found: Vec::new() };
    for definition in &operation.variable_definitions {
        walk.default(&definition.node);
    }
    walk.directives(&operation.directives);
    let root = match operation.ty {
        OperationType::Query => Some(&registry.query_type),
        OperationType::Mutation => registry.mutation_type.as_ref(),
        OperationType::Subscription => registry.subscription_type.as_ref(),
    };
    walk.selections(&operation.selection_set.node, root.and_then(|name| registry.types.get(name)));
    walk.found
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    literals: Literals<'a>,
    /// Fragments that were walked through already.
    seen: HashSet<&'a Name>,
    found: Vec<Fault>,
}

impl<'a> Walk<'a> {
    fn selections(&mut self, set: &'a SelectionSet, on: Option<&'a MetaType>) {
        for selection in &set.items {
            self.directives(selection.node.directives());
            match &selection.node {
                Selection::Field(field) => self.field(&field.node, on),
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let on = condition.map_or(on, |condition| self.named(&condition.node.on.node));
                    self.selections(&fragment.node.selection_set.node, on);
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) =
                        self.document.fragments.get(name).filter(|_| self.seen.insert(name))
                    {
                        self.directives(&fragment.node.directives);
                        let on = self.named(&fragment.node.type_condition.node.on.node);
                        self.selections(&fragment.node.selection_set.node, on);
                    }
                }
            }
        }
    }

    fn field(&mut self, field: &'a Field, on: Option<&'a MetaType>) {
        let definition = on.and_then(|on| on.field_by_name(&field.name.node));
        if let Some(definition) = definition {
            self.arguments(&definition.args, &field.arguments);
        }
        let on = definition.and_then(|field| self.named(MetaTypeName::concrete_typename(&field.ty)));
        self.selections(&field.selection_set.node, on);
    }

    fn directives(&mut self, directives: &'a [Positioned<Directive>]) {
        let registry = self.literals.registry;
        for directive in directives {
            if let Some(definition) = registry.directives.get(directive.node.name.node.as_str()) {
                self.arguments(&definition.args, &directive.node.arguments);
            }
        }
    }

    fn arguments(
        &mut self,
        known: &IndexMap<String, MetaInputValue>,
        given: &[(Positioned<Name>, Positioned<Value>)],
    ) {
        for (name, value) in given {
            let Some(argument) = known.get(name.node.as_str()) else { continue };
            let mut faults = Faults::default();
            faults.at(&name.node, |faults| self.literals.check(Location::of(argument), &value.node, faults));
            self.found.extend(located(faults, value.pos));
        }
    }

    fn default(&mut self, definition: &async_graphql::parser::types::VariableDefinition) {
        let Some(default) = &definition.default_value else { return };
        let ty = definition.var_type.node.to_string();
        let mut faults = Faults::default();
        let value = default.node.clone().into_value();
        let name = format!("${}", definition.name.node);
        faults.at(&name, |faults| self.literals.check(Location::item(&ty), &value, faults));
        self.found.extend(located(faults, default.pos));
    }

    fn named(&self, name: &str) -> Option<&'a MetaType> {
        self.literals.registry.types.get(name)
    }
}

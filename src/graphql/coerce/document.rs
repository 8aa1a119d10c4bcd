//! Checks every value of an operation, fragments included, against the location where it stands.

use apollo_compiler::ast::{InputValueDefinition, VariableDefinition};
use apollo_compiler::collections::HashSet;
use apollo_compiler::executable::{
    Argument, Directive, ExecutableDocument, Operation, Selection, SelectionSet,
};
use apollo_compiler::{Name, Node, Schema};

use super::literal::Literals;
use super::usage::{Definitions, Location};
use super::{Fault, located};
use crate::engine::input::Faults;

/// Every fault in the values of an operation.
pub fn check(schema: &Schema, document: &ExecutableDocument, operation: &Operation) -> Vec<Fault> {
    let variables = Definitions::of(operation);
    let literals = Literals { schema, variables: &variables };
    let mut walk = Walk { document, literals, seen: HashSet::default(), found: Vec::new() };
    for definition in &operation.variables {
        walk.default(definition);
    }
    walk.directives(&operation.directives);
    walk.selections(&operation.selection_set);
    walk.found
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    literals: Literals<'a>,
    /// Fragments that have been walked already.
    seen: HashSet<&'a Name>,
    found: Vec<Fault>,
}

impl<'a> Walk<'a> {
    fn selections(&mut self, set: &'a SelectionSet) {
        for selection in &set.selections {
            self.directives(selection.directives());
            match selection {
                Selection::Field(field) => {
                    self.arguments(&field.definition.arguments, &field.arguments);
                    self.selections(&field.selection_set);
                }
                Selection::InlineFragment(fragment) => self.selections(&fragment.selection_set),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.fragment_name;
                    if let Some(fragment) =
                        self.document.fragments.get(name).filter(|_| self.seen.insert(name))
                    {
                        self.directives(&fragment.directives);
                        self.selections(&fragment.selection_set);
                    }
                }
            }
        }
    }

    fn directives(&mut self, directives: &'a [Node<Directive>]) {
        for directive in directives {
            if let Some(definition) = self.literals.schema.directive_definitions.get(&directive.name) {
                self.arguments(&definition.arguments, &directive.arguments);
            }
        }
    }

    fn arguments(&mut self, known: &[Node<InputValueDefinition>], given: &[Node<Argument>]) {
        for given in given {
            let Some(argument) = known.iter().find(|argument| argument.name == given.name) else { continue };
            let mut faults = Faults::default();
            faults.at(&given.name, |faults| {
                self.literals.check(Location::of(argument), &given.value, faults);
            });
            self.found.extend(located(faults, given.value.location()));
        }
    }

    fn default(&mut self, definition: &VariableDefinition) {
        let Some(default) = &definition.default_value else { return };
        let mut faults = Faults::default();
        faults.at(&format!("${}", definition.name), |faults| {
            self.literals.check(Location::item(&definition.ty), default, faults);
        });
        self.found.extend(located(faults, default.location()));
    }
}

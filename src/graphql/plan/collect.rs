//! The fields of a selection set as the response will have them: fragments dissolved, `@skip` and `@include` decided,
//! fields with equal keys merged.

use std::collections::BTreeMap;
use std::sync::Arc;

use apollo_compiler::ast::Value;
use apollo_compiler::collections::{HashSet, IndexMap};
use apollo_compiler::executable::{Directive, ExecutableDocument, Field, Selection, SelectionSet};
use apollo_compiler::{Name, Node};
use serde_json::Value as Json;

use super::Refusal;
use crate::graphql::resolve::Variables;

/// The values of the variables in `@skip` and `@include`: with the text, they decide the plan. A null variable decides
/// nothing: an operation that meets it fails.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::graphql) enum Flags {
    /// These values.
    Of(BTreeMap<String, Option<bool>>),
    /// Everything that may be asked for with some values, at once: for the checks of an operation without a request.
    Everything,
}

impl Flags {
    /// Picks the flags out of an operation's variables.
    pub(in crate::graphql) fn of(names: &[String], variables: &Variables) -> Flags {
        let value = |name: &String| (name.clone(), variables.get(name.as_str()).and_then(Json::as_bool));
        Flags::Of(names.iter().map(value).collect())
    }

    /// The value of a condition; `None` when it does not matter.
    fn decide(&self, value: &Node<Value>) -> Result<Option<bool>, Refusal> {
        match (&**value, self) {
            (Value::Boolean(value), _) => Ok(Some(*value)),
            (Value::Variable(_), Flags::Everything) => Ok(None),
            (Value::Variable(name), Flags::Of(values)) => match values.get(name.as_str()) {
                Some(Some(value)) => Ok(Some(*value)),
                _ => Err(Refusal::NoCondition { variable: name.to_string(), at: value.location() }),
            },
            _ => Err(Refusal::Unknown),
        }
    }

    fn includes(&self, directives: &[Node<Directive>]) -> Result<bool, Refusal> {
        for directive in directives {
            let excludes = match directive.name.as_str() {
                "skip" => true,
                "include" => false,
                _ => continue,
            };
            let condition = directive.specified_argument_by_name("if").ok_or(Refusal::Unknown)?;
            if self.decide(condition)? == Some(excludes) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The names of the variables in `@skip` and `@include` of a document.
pub(in crate::graphql) fn flag_names(document: &ExecutableDocument) -> Vec<String> {
    fn visit(set: &SelectionSet, names: &mut Vec<String>) {
        for item in &set.selections {
            let conditions =
                item.directives().iter().filter_map(|directive| directive.specified_argument_by_name("if"));
            names.extend(conditions.filter_map(|value| value.as_variable()).map(ToString::to_string));
            match item {
                Selection::Field(field) => visit(&field.selection_set, names),
                Selection::InlineFragment(fragment) => visit(&fragment.selection_set, names),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    let mut names = Vec::new();
    document.operations.iter().for_each(|operation| visit(&operation.selection_set, &mut names));
    document.fragments.values().for_each(|fragment| visit(&fragment.selection_set, &mut names));
    names.sort();
    names.dedup();
    names
}

/// All fields of one response key.
pub(super) struct Collected<'d> {
    /// The key.
    pub(super) key: Arc<str>,
    /// The fields; validation has ensured that they differ only in their selection sets.
    pub(super) fields: Vec<&'d Node<Field>>,
}

impl<'d> Collected<'d> {
    /// The field that represents all.
    pub(super) fn first(&self) -> &'d Node<Field> {
        self.fields[0]
    }

    /// The selection sets of all the fields.
    pub(super) fn sets(&self) -> Vec<&'d SelectionSet> {
        self.fields.iter().map(|field| &field.selection_set).collect()
    }
}

/// Dissolves selection sets for one object type. `applies` tells whether a fragment on a type applies.
pub(super) fn collect<'d>(
    document: &'d ExecutableDocument,
    flags: &Flags,
    sets: &[&'d SelectionSet],
    applies: &dyn Fn(&str) -> bool,
) -> Result<Vec<Collected<'d>>, Refusal> {
    let mut walk =
        Walk { document, flags, applies, spread: HashSet::default(), collected: IndexMap::default() };
    for set in sets {
        walk.set(set)?;
    }
    let collected = walk.collected.into_iter();
    Ok(collected.map(|(key, fields)| Collected { key: key.as_str().into(), fields }).collect())
}

struct Walk<'d, 'w> {
    document: &'d ExecutableDocument,
    flags: &'w Flags,
    applies: &'w dyn Fn(&str) -> bool,
    /// Fragments that were dissolved already: dissolving one again adds nothing.
    spread: HashSet<&'d Name>,
    collected: IndexMap<&'d Name, Vec<&'d Node<Field>>>,
}

impl<'d> Walk<'d, '_> {
    fn set(&mut self, set: &'d SelectionSet) -> Result<(), Refusal> {
        for item in &set.selections {
            if !self.flags.includes(item.directives())? {
                continue;
            }
            match item {
                Selection::Field(field) => {
                    let fields = self.collected.entry(field.response_key()).or_default();
                    if fields.first().is_some_and(|first| !same_arguments(first, field)) {
                        let (key, at) = (field.response_key().to_string(), field.location());
                        return Err(Refusal::Conflict { key, at });
                    }
                    fields.push(field);
                }
                Selection::InlineFragment(fragment) => {
                    if fragment.type_condition.as_ref().is_none_or(|on| (self.applies)(on)) {
                        self.set(&fragment.selection_set)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    // Validation has ensured that the fragment exists and is part of no cycle.
                    if let Some(fragment) = self.document.fragments.get(&spread.fragment_name)
                        && self.spread.insert(&spread.fragment_name)
                        && (self.applies)(fragment.type_condition())
                    {
                        self.set(&fragment.selection_set)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether two fields of one response key have the same arguments. The validator takes a list for equal to any list
/// that it begins with.
fn same_arguments(first: &Field, second: &Field) -> bool {
    first.arguments.len() == second.arguments.len()
        && first.arguments.iter().all(|argument| {
            let other = second.arguments.iter().find(|other| other.name == argument.name);
            other.is_some_and(|other| same_value(&argument.value, &other.value))
        })
}

fn same_value(first: &Value, second: &Value) -> bool {
    match (first, second) {
        (Value::List(first), Value::List(second)) => {
            first.len() == second.len()
                && first.iter().zip(second).all(|(first, second)| same_value(first, second))
        }
        (Value::Object(first), Value::Object(second)) => {
            first.len() == second.len()
                && first.iter().all(|(name, value)| {
                    let other = second.iter().find(|(other, _)| other == name);
                    other.is_some_and(|(_, other)| same_value(value, other))
                })
        }
        (first, second) => first == second,
    }
}

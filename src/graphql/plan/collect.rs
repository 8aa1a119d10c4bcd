//! Fields of a selection set as they will be in the response: fragments dissolved, `@skip` and
//! `@include` decided, equal keys together.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::Positioned;
use async_graphql::parser::types::{Directive, ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql_value::Value;
use serde_json::Value as Json;

use super::super::coerce::Variables;

/// The values of the variables that stand in `@skip` and `@include`: with the text, they decide the
/// plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::graphql) struct Flags(BTreeMap<String, bool>);

impl Flags {
    /// Picks the flags out of an operation's variables. A variable without a value counts as false; the
    /// check of variables has refused it already if it is needed.
    pub(in crate::graphql) fn of(names: &[String], variables: &Variables) -> Flags {
        let value = |name: &String| {
            let value = variables.get(name.as_str()).and_then(Json::as_bool).unwrap_or(false);
            (name.clone(), value)
        };
        Flags(names.iter().map(value).collect())
    }

    fn decide(&self, value: &Value) -> bool {
        match value {
            Value::Boolean(value) => *value,
            Value::Variable(name) => self.0.get(name.as_str()).copied().unwrap_or(false),
            _ => false,
        }
    }

    fn includes(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().all(|directive| {
            let condition =
                || directive.node.get_argument("if").is_some_and(|value| self.decide(&value.node));
            match directive.node.name.node.as_str() {
                "skip" => !condition(),
                "include" => condition(),
                _ => true,
            }
        })
    }
}

/// The names of the variables in `@skip` and `@include` of a document.
pub(in crate::graphql) fn flag_names(document: &ExecutableDocument) -> Vec<String> {
    fn visit(set: &SelectionSet, names: &mut Vec<String>) {
        for item in &set.items {
            for directive in item.node.directives() {
                if let Some(Value::Variable(name)) =
                    directive.node.get_argument("if").map(|value| &value.node)
                {
                    names.push(name.to_string());
                }
            }
            match &item.node {
                Selection::Field(field) => visit(&field.node.selection_set.node, names),
                Selection::InlineFragment(fragment) => visit(&fragment.node.selection_set.node, names),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    let mut names = Vec::new();
    for (_, operation) in document.operations.iter() {
        visit(&operation.node.selection_set.node, &mut names);
    }
    for fragment in document.fragments.values() {
        visit(&fragment.node.selection_set.node, &mut names);
    }
    names.sort();
    names.dedup();
    names
}

/// All fields of one response key.
pub(super) struct Collected<'d> {
    /// The key.
    pub(super) key: Arc<str>,
    /// The fields; validation has seen to it that they are the same but for their selection sets.
    pub(super) fields: Vec<&'d Positioned<Field>>,
}

impl<'d> Collected<'d> {
    /// The field that stands for all.
    pub(super) fn first(&self) -> &'d Positioned<Field> {
        self.fields[0]
    }

    /// The selection sets of all of them.
    pub(super) fn sets(&self) -> Vec<&'d SelectionSet> {
        self.fields.iter().map(|field| &field.node.selection_set.node).collect()
    }
}

/// Dissolves selection sets for one object type. `applies` tells whether a fragment on a type is meant.
pub(super) fn collect<'d>(
    document: &'d ExecutableDocument,
    flags: &Flags,
    sets: &[&'d SelectionSet],
    applies: &dyn Fn(&str) -> bool,
) -> Vec<Collected<'d>> {
    let mut collected = Vec::new();
    for set in sets {
        collect_into(document, flags, set, applies, &mut collected);
    }
    collected
}

fn collect_into<'d>(
    document: &'d ExecutableDocument,
    flags: &Flags,
    set: &'d SelectionSet,
    applies: &dyn Fn(&str) -> bool,
    collected: &mut Vec<Collected<'d>>,
) {
    for item in &set.items {
        if !flags.includes(item.node.directives()) {
            continue;
        }
        match &item.node {
            Selection::Field(field) => {
                let key = field.node.response_key().node.as_str();
                match collected.iter_mut().find(|earlier| &*earlier.key == key) {
                    Some(earlier) => earlier.fields.push(field),
                    None => collected.push(Collected { key: key.into(), fields: vec![field] }),
                }
            }
            Selection::InlineFragment(fragment) => {
                let condition = fragment.node.type_condition.as_ref();
                if condition.is_none_or(|condition| applies(condition.node.on.node.as_str())) {
                    collect_into(document, flags, &fragment.node.selection_set.node, applies, collected);
                }
            }
            Selection::FragmentSpread(spread) => {
                // Validation has seen to it that the fragment is there and leads to no cycle.
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node)
                    && applies(fragment.node.type_condition.node.on.node.as_str())
                {
                    collect_into(document, flags, &fragment.node.selection_set.node, applies, collected);
                }
            }
        }
    }
}

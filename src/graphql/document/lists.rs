//! Checks that fields with lists in their arguments merge: apollo-compiler compares two lists only up to the end of
//! the shorter one, and so takes different fields for the same.

use apollo_compiler::Node;
use apollo_compiler::ast::Value;
use apollo_compiler::executable::{ExecutableDocument, Selection, SelectionSet};
use apollo_compiler::schema::Schema;
use apollo_compiler::validation::{DiagnosticList, Valid};

/// The name of the errors that the caller looks for.
pub const CONFLICT: &str = "ConflictingFieldArgument";

/// All errors of a valid document once its lists are replaced by texts, which the validator compares as a whole. They
/// include the conflicts between lists, and type errors, which mean nothing.
pub fn with_lists_as_texts(document: &ExecutableDocument, schema: &Valid<Schema>) -> Option<DiagnosticList> {
    let mut texts = document.clone();
    let mut lists = 0;
    for operation in texts.operations.anonymous.iter_mut().chain(texts.operations.named.values_mut()) {
        replace(&mut operation.make_mut().selection_set, &mut lists);
    }
    for fragment in texts.fragments.values_mut() {
        replace(&mut fragment.make_mut().selection_set, &mut lists);
    }
    // A single list has nothing to conflict with.
    if lists < 2 {
        return None;
    }
    texts.validate(schema).err().map(|invalid| invalid.errors)
}

/// Replaces the lists in arguments of fields by texts, and counts them.
fn replace(set: &mut SelectionSet, lists: &mut usize) {
    for item in &mut set.selections {
        match item {
            Selection::Field(field) => {
                let has_lists = field.arguments.iter().any(|argument| has_list(&argument.value));
                if has_lists || !field.selection_set.selections.is_empty() {
                    let field = field.make_mut();
                    if has_lists {
                        let values =
                            field.arguments.iter_mut().map(|argument| &mut argument.make_mut().value);
                        values.for_each(|value| as_text(value, lists));
                    }
                    replace(&mut field.selection_set, lists);
                }
            }
            Selection::InlineFragment(fragment) => replace(&mut fragment.make_mut().selection_set, lists),
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn has_list(value: &Value) -> bool {
    match value {
        Value::List(_) => true,
        Value::Object(fields) => fields.iter().any(|(_, value)| has_list(value)),
        _ => false,
    }
}

fn as_text(value: &mut Node<Value>, lists: &mut usize) {
    match &**value {
        Value::List(_) => {
            *lists += 1;
            sort(value);
            let text = value.to_string();
            *value.make_mut() = Value::String(text);
        }
        Value::Object(_) => {
            if let Value::Object(fields) = value.make_mut() {
                fields.iter_mut().for_each(|(_, value)| as_text(value, lists));
            }
        }
        _ => {}
    }
}

/// Sorts the fields of objects: their order means nothing.
fn sort(value: &mut Node<Value>) {
    match value.make_mut() {
        Value::List(items) => items.iter_mut().for_each(sort),
        Value::Object(fields) => {
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            fields.iter_mut().for_each(|(_, value)| sort(value));
        }
        _ => {}
    }
}

//! Where the variables of an operation stand: a value has to fit every place.

use apollo_compiler::ast::{InputValueDefinition, Type, Value};
use apollo_compiler::collections::{HashMap, HashSet};
use apollo_compiler::executable::{Argument, ExecutableDocument, Operation, Selection, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, Node, Schema};

/// A place of a value: an argument of a field, or a field of an input object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The type that has the field.
    pub of: Name,
    /// The field.
    pub field: Name,
    /// The argument; `None` for a field of an input object.
    pub argument: Option<Name>,
    /// Whether it is an item of the list that stands there.
    pub is_item: bool,
}

/// A variable in an argument of a field at the root: errors of the field name its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtRoot {
    /// The field's key in the data.
    pub key: String,
    /// The argument, and the fields of input objects in it.
    pub path: Vec<String>,
    /// The variable.
    pub variable: String,
}

/// The places of the variables of an operation.
#[derive(Debug, Default)]
pub struct Uses {
    /// Those of each.
    pub places: HashMap<Name, Vec<Place>>,
    /// Those at the root.
    pub at_root: Vec<AtRoot>,
}

/// The places of the variables of an operation, fragments included.
pub fn of(schema: &Schema, document: &ExecutableDocument, operation: &Operation) -> Uses {
    let mut walk = Walk { schema, document, seen: HashSet::default(), root: None, uses: Uses::default() };
    walk.selections(&operation.selection_set, true);
    walk.uses
}

struct Walk<'a> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
    seen: HashSet<&'a Name>,
    /// Where at the root the walk is: the key of a field, the argument and the fields of input objects in it.
    root: Option<(String, Vec<String>)>,
    uses: Uses,
}

impl<'a> Walk<'a> {
    fn selections(&mut self, set: &'a SelectionSet, at_root: bool) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    self.root = at_root.then(|| (field.response_key().to_string(), Vec::new()));
                    self.arguments(&set.ty, &field.name, &field.definition.arguments, &field.arguments);
                    self.selections(&field.selection_set, false);
                }
                Selection::InlineFragment(fragment) => self.selections(&fragment.selection_set, at_root),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.fragment_name;
                    let fragment = self.document.fragments.get(name).filter(|_| self.seen.insert(name));
                    if let Some(fragment) = fragment {
                        self.selections(&fragment.selection_set, at_root);
                    }
                }
            }
        }
    }

    fn arguments(
        &mut self,
        of: &Name,
        field: &Name,
        known: &[Node<InputValueDefinition>],
        given: &[Node<Argument>],
    ) {
        for given in given {
            let Some(argument) = known.iter().find(|argument| argument.name == given.name) else { continue };
            let (of, field, argument_name) = (of.clone(), field.clone(), Some(given.name.clone()));
            let place = Place { of, field, argument: argument_name, is_item: false };
            self.step(&given.name, |walk| walk.value(&place, &argument.ty, &given.value));
        }
    }

    /// Goes a step further in the path at the root, and back.
    fn step(&mut self, name: &Name, go: impl FnOnce(&mut Self)) {
        if let Some((_, path)) = &mut self.root {
            path.push(name.to_string());
        }
        go(self);
        if let Some((_, path)) = &mut self.root {
            path.pop();
        }
    }

    fn value(&mut self, place: &Place, ty: &Type, value: &Value) {
        match value {
            Value::Variable(name) => {
                let places = self.uses.places.entry(name.clone()).or_default();
                if !places.contains(place) {
                    places.push(place.clone());
                }
                if let Some((key, path)) = self.root.clone().filter(|_| !place.is_item) {
                    self.uses.at_root.push(AtRoot { key, path, variable: name.to_string() });
                }
            }
            Value::List(items) => {
                let place = Place { is_item: true, ..place.clone() };
                items.iter().for_each(|item| self.value(&place, ty.item_type(), item));
            }
            Value::Object(fields) => {
                let Some(ExtendedType::InputObject(object)) = self.schema.types.get(ty.inner_named_type())
                else {
                    return;
                };
                for (name, value) in fields {
                    let Some(field) = object.fields.get(name) else { continue };
                    let (of, field_name) = (object.name.clone(), name.clone());
                    let place = Place { of, field: field_name, argument: None, is_item: false };
                    self.step(name, |walk| walk.value(&place, &field.ty, value));
                }
            }
            _ => {}
        }
    }
}

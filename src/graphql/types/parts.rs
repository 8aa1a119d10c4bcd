//! What all parts of the schema are built with: fields, arguments, references to types, and the list of types built so
//! far.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::dynamic::{self, FieldFuture, InputValue, InterfaceField, Type, TypeRef};

use super::scalars;
use crate::graphql::ApiLimits;
use crate::probe::without::{Mechanism, without};
use crate::schema::{Field, FieldType, Model, Reach, Scalar, Surface};

/// The types of a schema under construction. Types that not every schema needs are built when something first refers
/// to them.
pub struct Types<'m> {
    /// The model of the schema.
    pub model: &'m Model,
    /// The part of it that the schema shows.
    pub surface: &'m Surface,
    /// The limits that descriptions mention.
    pub limits: &'m ApiLimits,
    made: BTreeMap<String, Option<Type>>,
    /// Fields whose types have to be put in afterwards.
    pub stricter: Vec<Stricter>,
}

/// A field that is stricter in a type than in its interface.
pub struct Stricter {
    /// The type.
    pub on: String,
    /// The field.
    pub field: String,
    /// The field's type.
    pub ty: String,
}

impl<'m> Types<'m> {
    /// Starts with no types.
    pub fn new(model: &'m Model, surface: &'m Surface, limits: &'m ApiLimits) -> Types<'m> {
        Types { model, surface, limits, made: BTreeMap::new(), stricter: Vec::new() }
    }

    /// The type's name, after building the type on first use. Types that it refers to may refer back to it.
    pub fn once(&mut self, name: String, make: impl FnOnce(&mut Types<'m>, &str) -> Type) -> String {
        if !self.made.contains_key(&name) {
            self.made.insert(name.clone(), None);
            let ty = make(self, &name);
            self.made.insert(name.clone(), Some(ty));
        }
        name
    }

    /// All types built.
    pub fn finish(self) -> impl Iterator<Item = Type> {
        self.made.into_values().flatten()
    }

    /// The name of a scalar, which is declared first unless it is GraphQL's own.
    pub fn scalar(&mut self, scalar: Scalar) -> String {
        match scalars::custom(scalar) {
            Some(custom) => self.once(scalar.name().to_owned(), |_, _| custom.into()),
            None => scalar.name().to_owned(),
        }
    }

    /// The names of the collection types behind a collection type or interface that can be read.
    pub fn readable(&self, of: &str) -> Vec<Arc<str>> {
        let mut members = self.model.members(of);
        members.retain(|ty| self.surface.reads(ty));
        members
    }

    /// How far a field or relation of a collection type or interface can be read.
    pub fn reach(&self, of: &str, member: &str) -> Reach {
        let reach = self.readable(of).into_iter().map(|ty| self.surface.member(&ty, member));
        reach.min().unwrap_or(Reach::Never)
    }

    /// The stored fields of a collection type or interface by which lists can be filtered and ordered: whoever does so
    /// with a field that is hidden in some documents learns what is there.
    pub fn comparable(&self, of: &str) -> Vec<Field> {
        let fields = match (self.model.collection(of), self.model.interface(of)) {
            (Some(collection), _) => &collection.fields[..],
            (None, Some(interface)) => &interface.fields,
            (None, None) => &[],
        };
        let open = without(Mechanism::Comparable);
        let is_shown = |field: &&Field| open || self.reach(of, &field.name) == Reach::Always;
        fields.iter().filter(is_shown).cloned().collect()
    }
}

/// A field of an object or interface.
pub struct Slot {
    pub name: String,
    pub ty: TypeRef,
    description: Option<String>,
    arguments: Vec<InputValue>,
}

impl Slot {
    /// A field without arguments.
    pub fn new(name: impl Into<String>, ty: TypeRef, description: Option<String>) -> Slot {
        Slot { name: name.into(), ty, description, arguments: Vec::new() }
    }

    /// With arguments.
    pub fn with(self, arguments: Vec<InputValue>) -> Slot {
        Slot { arguments, ..self }
    }
}

impl From<Slot> for dynamic::Field {
    fn from(slot: Slot) -> dynamic::Field {
        let mut field = dynamic::Field::new(slot.name, slot.ty, |_| FieldFuture::from_value(None));
        if let Some(description) = slot.description {
            field = field.description(safe(&description));
        }
        slot.arguments.into_iter().fold(field, dynamic::Field::argument)
    }
}

impl From<Slot> for InterfaceField {
    fn from(slot: Slot) -> InterfaceField {
        let mut field = InterfaceField::new(slot.name, slot.ty);
        if let Some(description) = slot.description {
            field = field.description(safe(&description));
        }
        slot.arguments.into_iter().fold(field, InterfaceField::argument)
    }
}

/// An argument or an input field.
pub fn input_value(name: &str, ty: TypeRef, description: impl AsRef<str>) -> InputValue {
    let value = InputValue::new(name, ty);
    match description.as_ref() {
        "" => value,
        description => value.description(safe(description)),
    }
}

/// A description that cannot end the block string in which SDL shows it.
pub fn safe(description: &str) -> String {
    description.replace("\"\"\"", "'''")
}

/// The reference to a field's type; `name` is the type of one value.
pub fn reference(name: String, ty: &FieldType, required: bool) -> TypeRef {
    let named = match ty.list {
        None => TypeRef::named(name),
        Some(true) => TypeRef::named_nn_list(name),
        Some(false) => TypeRef::named_list(name),
    };
    if required { TypeRef::NonNull(Box::new(named)) } else { named }
}

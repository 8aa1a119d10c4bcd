//! What all parts of the schema are built with: fields, arguments, references to types, and the list of types built so
//! far.

use std::collections::BTreeMap;

use async_graphql::dynamic::{Field, FieldFuture, InputValue, InterfaceField, Type, TypeRef};

use super::scalars;
use crate::graphql::ApiLimits;
use crate::schema::{FieldType, Kind, Model, Scalar};

/// The types of a schema under construction. Types that not every schema needs are built when something first refers
/// to them.
pub struct Types<'m> {
    /// The model of the schema.
    pub model: &'m Model,
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
    pub fn new(model: &'m Model, limits: &'m ApiLimits) -> Types<'m> {
        Types { model, limits, made: BTreeMap::new(), stricter: Vec::new() }
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

    /// The type of one value in answers.
    pub fn output(&mut self, kind: &Kind) -> String {
        match kind {
            Kind::Scalar(scalar) => self.scalar(*scalar),
            Kind::Enum(name) | Kind::Embedded(name) => name.to_string(),
        }
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

impl From<Slot> for Field {
    fn from(slot: Slot) -> Field {
        let mut field = Field::new(slot.name, slot.ty, |_| FieldFuture::from_value(None));
        if let Some(description) = slot.description {
            field = field.description(safe(&description));
        }
        slot.arguments.into_iter().fold(field, Field::argument)
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

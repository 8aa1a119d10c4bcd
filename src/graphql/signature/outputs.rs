//! What an operation gives, in JSON Schema: the shape of its data.

use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::executable::{ExecutableDocument, Field, Operation, Selection, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use serde_json::{Map, Value as Json, json};

use super::scalars::{self, nullable};
use crate::schema::Scalar;

/// The shape of a value in an operation's data.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Whether it can be null.
    pub nullable: bool,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    /// A scalar or an enum.
    Leaf(Json),
    List(Box<Shape>),
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
struct Member {
    key: String,
    /// Whether it is always there.
    is_certain: bool,
    shape: Shape,
}

/// The shape of an operation's data.
pub fn of(schema: &Schema, document: &ExecutableDocument, operation: &Operation) -> Shape {
    let reader = Reader { schema, document };
    let mut members = Vec::new();
    reader.members(&operation.selection_set, true, &mut members);
    Shape { nullable: false, kind: Kind::Object(members) }
}

struct Reader<'a> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
}

impl Reader<'_> {
    fn members(&self, set: &SelectionSet, is_certain: bool, members: &mut Vec<Member>) {
        for selection in &set.selections {
            let is_certain = is_certain
                && selection.directives().get("skip").is_none()
                && selection.directives().get("include").is_none();
            match selection {
                Selection::Field(field) => {
                    let key = field.response_key();
                    match members.iter_mut().find(|member| member.key == *key.as_str()) {
                        Some(known) => {
                            known.is_certain |= is_certain;
                            self.merge(&mut known.shape, field);
                        }
                        None => {
                            let shape = self.shape(&field.definition.ty, &field.selection_set);
                            members.push(Member { key: key.to_string(), is_certain, shape });
                        }
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let fits = fragment.type_condition.as_ref().is_none_or(|ty| self.fits(&set.ty, ty));
                    self.members(&fragment.selection_set, is_certain && fits, members);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.fragment_name) {
                        let fits = self.fits(&set.ty, fragment.type_condition());
                        self.members(&fragment.selection_set, is_certain && fits, members);
                    }
                }
            }
        }
    }

    /// Whether every object of a type is one of the other type.
    fn fits(&self, ty: &str, other: &str) -> bool {
        ty == other
            || match self.schema.types.get(ty) {
                Some(ExtendedType::Object(object)) => object.implements_interfaces.contains(other),
                Some(ExtendedType::Interface(interface)) => interface.implements_interfaces.contains(other),
                _ => false,
            }
    }

    /// Adds what another selection of the same field asks for.
    fn merge(&self, shape: &mut Shape, field: &Field) {
        match &mut shape.kind {
            Kind::Leaf(described) => {
                let other = self.shape(&field.definition.ty, &field.selection_set);
                shape.nullable |= other.nullable;
                if let Kind::Leaf(other) = other.kind
                    && other != *described
                {
                    *described = json!({ "anyOf": [described, other] });
                }
            }
            Kind::List(item) => self.merge(item, field),
            Kind::Object(members) => self.members(&field.selection_set, true, members),
        }
    }

    fn shape(&self, ty: &Type, set: &SelectionSet) -> Shape {
        let nullable = !ty.is_non_null();
        if ty.is_list() {
            return Shape { nullable, kind: Kind::List(Box::new(self.shape(ty.item_type(), set))) };
        }
        let name = ty.inner_named_type().as_str();
        let kind = match self.schema.types.get(name) {
            Some(ExtendedType::Enum(ty)) => {
                let values: Vec<_> = ty.values.keys().map(|value| value.as_str()).collect();
                Kind::Leaf(json!({ "type": "string", "enum": values }))
            }
            Some(ExtendedType::Scalar(_)) | None => {
                Kind::Leaf(Scalar::from_name(name).map_or_else(|| json!({}), scalars::given))
            }
            Some(_) => {
                let mut members = Vec::new();
                self.members(set, true, &mut members);
                Kind::Object(members)
            }
        };
        Shape { nullable, kind }
    }
}

impl Shape {
    /// The shape at a path: names of members, and the items of lists on the way there as a list. The error is the name
    /// that nothing has.
    pub fn at<'p>(&self, path: &'p [String]) -> Result<Shape, &'p str> {
        let Some((first, rest)) = path.split_first() else { return Ok(self.clone()) };
        match &self.kind {
            Kind::Leaf(_) => Err(first),
            Kind::List(item) => {
                Ok(Shape { nullable: self.nullable, kind: Kind::List(Box::new(item.at(path)?)) })
            }
            Kind::Object(members) => {
                let member = members.iter().find(|member| member.key == *first).ok_or(&**first)?;
                let found = member.shape.at(rest)?;
                Ok(Shape { nullable: self.nullable || !member.is_certain || found.nullable, ..found })
            }
        }
    }

    /// The keys of an object's members.
    pub fn keys(&self) -> Vec<&str> {
        match &self.kind {
            Kind::Object(members) => members.iter().map(|member| member.key.as_str()).collect(),
            Kind::List(item) => item.keys(),
            Kind::Leaf(_) => Vec::new(),
        }
    }

    /// The shape in JSON Schema.
    pub fn to_schema(&self) -> Json {
        match self.nullable {
            true => self.with_null(),
            false => self.without_null(),
        }
    }

    /// The shape in JSON Schema where it is not null.
    pub fn without_null(&self) -> Json {
        match &self.kind {
            Kind::Leaf(described) => described.clone(),
            Kind::List(item) => json!({ "type": "array", "items": item.to_schema() }),
            Kind::Object(members) => {
                let properties: Map<String, Json> =
                    members.iter().map(|member| (member.key.clone(), member.shape.to_schema())).collect();
                let certain = members.iter().filter(|member| member.is_certain);
                let certain: Vec<&str> = certain.map(|member| member.key.as_str()).collect();
                json!({
                    "type": "object",
                    "properties": properties,
                    "required": certain,
                    "additionalProperties": false,
                })
            }
        }
    }

    fn with_null(&self) -> Json {
        nullable(self.without_null())
    }
}

//! Classifies each field of a type (the id, a stored value, or a relation), and checks which directives it
//! may have.

use std::collections::HashMap;
use std::sync::Arc;

use super::types::{Class, Types};
use super::{did_you_mean, listed};
use crate::schema::diagnostic::SchemaFaults;
use crate::schema::prelude::Prelude;
use crate::schema::syntax::*;
use crate::schema::words::lower_camel;
use crate::schema::{FieldType, Kind, Scalar};

/// What a field is.
#[derive(Debug)]
pub enum Shape<'a> {
    /// The `id` of a collection or interface.
    Id,
    /// A value in the document.
    Stored(FieldType),
    /// `@belongsTo`
    BelongsTo(&'a Directive),
    /// `@hasMany`
    HasMany(&'a Directive),
    /// A relation of an interface, which the implementing types explain.
    Leads,
    /// Reported already: nothing is to be said about it again.
    Broken,
}

/// A field and what it is.
#[derive(Debug)]
pub struct Member<'a> {
    /// The field as written.
    pub field: &'a FieldDefinition,
    /// What it is.
    pub shape: Shape<'a>,
}

impl<'a> Member<'a> {
    /// The field's name.
    pub fn name(&self) -> &'a str {
        &self.field.name.node
    }

    /// The name of the type that it holds or leads to.
    pub fn target(&self) -> &'a str {
        &self.field.ty.name().node
    }
}

/// A type with fields, and what those are.
#[derive(Debug)]
pub struct Owner<'a> {
    /// What the type is.
    pub class: Class,
    /// The type as written.
    pub definition: &'a Definition,
    /// Its fields in the order of the file.
    pub members: Vec<Member<'a>>,
    by_name: HashMap<&'a str, usize>,
}

impl<'a> Owner<'a> {
    /// The type's name.
    pub fn name(&self) -> &'a str {
        &self.definition.name.node
    }

    /// The field of a name.
    pub fn member(&self, name: &str) -> Option<&Member<'a>> {
        self.by_name.get(name).map(|index| &self.members[*index])
    }

    /// Names of the fields that satisfy a condition.
    pub fn names(&self, which: impl Fn(&Shape<'a>) -> bool) -> impl Iterator<Item = &'a str> {
        self.members.iter().filter(move |member| which(&member.shape)).map(Member::name)
    }
}

/// Finds out what the fields of all types are.
pub fn resolve<'a>(types: &Types<'a>, faults: &mut SchemaFaults) -> Vec<Owner<'a>> {
    let with_fields = types.all.iter().filter(|(class, _)| *class != Class::Enum);
    with_fields.map(|(class, definition)| owner(*class, definition, types, faults)).collect()
}

fn owner<'a>(
    class: Class,
    definition: &'a Definition,
    types: &Types<'a>,
    faults: &mut SchemaFaults,
) -> Owner<'a> {
    let mut owner = Owner { class, definition, members: Vec::new(), by_name: HashMap::new() };
    for field in &definition.fields {
        let shape = shape(class, field, types, faults);
        owner.by_name.entry(&field.name.node).or_insert(owner.members.len());
        owner.members.push(Member { field, shape });
    }
    // An empty type is reported as such.
    if class.is_stored() && owner.member("id").is_none() && !definition.fields.is_empty() {
        let message = format!("`{}` has no `id`", definition.name.node);
        faults.add(definition.name.at, "missing-id", message, "add `id: ID!` as its first field");
    }
    owner
}

fn shape<'a>(
    class: Class,
    field: &'a FieldDefinition,
    types: &Types<'a>,
    faults: &mut SchemaFaults,
) -> Shape<'a> {
    let name = field.name.node.as_str();
    if let Some(at) = field.arguments {
        let message = format!("the field `{name}` has arguments, which fields of a schema file cannot have");
        faults.add(
            at,
            "field-arguments",
            message,
            "remove them; oponn adds those that filter, order and page",
        );
    }
    let shape = if name == "id" && class.is_stored() {
        if field.ty.to_string() != "ID!" {
            let message = format!("`id` must be `ID!`, not `{}`", field.ty);
            let help = "write `id: ID!`; `@id(as: UUID)` or `@id(as: STRING)` choose another kind of id";
            faults.add(field.ty.at, "id-type", message, help);
        }
        Shape::Id
    } else {
        typed(class, field, types, faults)
    };
    check_directives(class, field, &shape, faults);
    shape
}

/// The shape that the field's type and its relation directives give.
fn typed<'a>(
    class: Class,
    field: &'a FieldDefinition,
    types: &Types<'a>,
    faults: &mut SchemaFaults,
) -> Shape<'a> {
    let (at, name) = (field.ty.at, field.ty.name().node.as_str());
    let list = match &field.ty.inner {
        TypeInner::Named(_) => None,
        TypeInner::List(item) => {
            if matches!(item.inner, TypeInner::List(_)) {
                let help = format!("write `[{name}!]!`, or a list of an embedded type that holds a list");
                faults.add(at, "nested-list", format!("`{}` is a list of lists", field.ty), help);
                return Shape::Broken;
            }
            Some(item.required)
        }
    };
    let belongs_to = directive(&field.directives, "belongsTo");
    let has_many = directive(&field.directives, "hasMany");
    if let (Some(_), Some(second)) = (belongs_to, has_many) {
        let message = "a field cannot have both `@belongsTo` and `@hasMany`";
        let help = "keep `@hasMany` on the parent's list of children, `@belongsTo` on the child's parent";
        faults.add(second.name.at, "two-relations", message, help);
        return Shape::Broken;
    }
    let kind = match (Scalar::from_name(name), types.get(name)) {
        (Some(scalar), _) => Kind::Scalar(scalar),
        (_, Some((Class::Enum, _))) => Kind::Enum(Arc::from(name)),
        (_, Some((Class::Embedded, _))) => Kind::Embedded(Arc::from(name)),
        (_, Some((Class::Collection, _))) => {
            return relation(class, field, belongs_to, has_many, faults);
        }
        (_, Some((Class::Rollup, _))) => {
            let message = format!("`{name}` is a rollup, which is asked for by a query of its own");
            let help = format!("remove the field; the query is `{}`", lower_camel(name));
            faults.add(at, "rollup-field", message, help);
            return Shape::Broken;
        }
        (_, Some((Class::Interface, _))) => {
            let message = format!("`{name}` is an interface: a field cannot lead to it");
            let help = "lead to one of the types that implement it";
            faults.add(at, "interface-field", message, help);
            return Shape::Broken;
        }
        (None, None) => {
            let message = format!("there is no type `{name}`");
            faults.add(field.ty.name().at, "unknown-type", message, unknown_type_help(name, types));
            return Shape::Broken;
        }
    };
    if let Some(relation) = belongs_to.or(has_many) {
        let message = format!(
            "`@{}` leads to a collection, but `{name}` is {}",
            relation.name.node,
            match kind {
                Kind::Scalar(_) => "a scalar",
                Kind::Enum(_) => "an enum",
                Kind::Embedded(_) => "an embedded type",
            }
        );
        let help = match kind {
            Kind::Scalar(Scalar::Id) => {
                "keep the key as it is, and add a field of the parent's type with `@belongsTo`".to_owned()
            }
            Kind::Embedded(_) => format!("mark `{name}` with `@collection`, or remove the directive"),
            _ => "remove the directive".to_owned(),
        };
        faults.add(relation.name.at, "relation-target", message, help);
    }
    Shape::Stored(FieldType { kind, required: field.ty.required, list })
}

fn relation<'a>(
    class: Class,
    field: &'a FieldDefinition,
    belongs_to: Option<&'a Directive>,
    has_many: Option<&'a Directive>,
    faults: &mut SchemaFaults,
) -> Shape<'a> {
    let (at, target) = (field.ty.at, &field.ty.name().node);
    let is_list = matches!(field.ty.inner, TypeInner::List(_));
    match (class, belongs_to, has_many) {
        (Class::Embedded, ..) => {
            let message = format!("an embedded type cannot lead to the collection `{target}`");
            let help = "put the relation on the type with `@collection`, or hold the id: `ID`";
            faults.add(at, "embedded-relation", message, help);
        }
        (Class::Rollup, ..) => {
            let message = format!("a rollup cannot lead to the collection `{target}`");
            faults.add(at, "rollup-relation", message, "hold the id: `ID`, and name it in `by`");
        }
        (Class::Interface, ..) => return Shape::Leads,
        (_, Some(directive), _) if !is_list => return Shape::BelongsTo(directive),
        (_, Some(_), _) => {
            let message = format!("`@belongsTo` leads to one parent, but `{}` is a list", field.ty);
            let help = format!("write `{target}` or `{target}!`, or use `@hasMany`");
            faults.add(at, "belongs-to-type", message, help);
        }
        (_, _, Some(directive)) if field.ty.to_string() == format!("[{target}!]!") => {
            return Shape::HasMany(directive);
        }
        (_, _, Some(_)) => {
            let message = format!("`@hasMany` leads to a list that is always there, not to `{}`", field.ty);
            faults.add(at, "has-many-type", message, format!("write `[{target}!]!`"));
        }
        _ => {
            let message = format!("`{target}` is a collection, and nothing says how to get there");
            let help = if is_list {
                "add `@hasMany(field: \"...\")` with the children's key".to_owned()
            } else {
                let key = format!("{}Id", lower_camel(&field.name.node));
                format!("add `{key}: ID` and `@belongsTo(field: \"{key}\")`")
            };
            faults.add(at, "missing-relation", message, help);
        }
    }
    Shape::Broken
}

fn unknown_type_help(name: &str, types: &Types<'_>) -> String {
    let elsewhere = match name.to_lowercase().as_str() {
        "integer" | "int32" | "short" => "Int",
        "bigint" | "int64" | "biginteger" => "Long",
        "bool" => "Boolean",
        "text" | "varchar" | "url" | "email" => "String",
        "double" | "number" => "Float",
        "timestamp" | "time" | "instant" => "DateTime",
        "money" | "numeric" | "bigdecimal" => "Decimal",
        "objectid" => "ID",
        "object" | "map" | "any" => "JSON",
        _ => {
            let otherwise = format!(
                "define it, or use a scalar: {}",
                listed(Scalar::ALL.iter().map(|(_, scalar)| *scalar))
            );
            return did_you_mean(name, types.names(), &otherwise);
        }
    };
    format!("write `{elsewhere}`")
}

const VALUE: [&str; 4] = ["range", "length", "pattern", "default"];

/// Directives that say how a field of a rollup is computed.
pub const MEASURES: [&str; 8] = ["count", "countDistinct", "sum", "min", "max", "avg", "mode", "sessions"];

/// Reports known directives that a field of this shape cannot carry.
fn check_directives(class: Class, field: &FieldDefinition, shape: &Shape<'_>, faults: &mut SchemaFaults) {
    for directive in &field.directives {
        let Name { at, node: name } = &directive.name;
        let name = name.as_str();
        let known = Prelude::get().directive(name).is_some();
        let relation = matches!(name, "belongsTo" | "hasMany");
        let (code, message, help) = match (class, shape) {
            _ if !known => continue,
            (Class::Rollup, _) if !MEASURES.contains(&name) => (
                "rollup-directive",
                format!("`@{name}` cannot stand on a field of a rollup, which is computed"),
                "put it on the field of the rows, or remove it",
            ),
            (Class::Rollup, _) => continue,
            _ if MEASURES.contains(&name) => (
                "measure-place",
                format!("`@{name}` is for fields of types with `@rollup`"),
                "move the field to such a type",
            ),
            (Class::Interface, _) => (
                "interface-directive",
                format!("`@{name}` cannot stand on a field of an interface"),
                "put it on the field in each implementing type",
            ),
            (Class::Embedded, _) if !VALUE.contains(&name) && !relation => (
                "embedded-directive",
                format!("`@{name}` cannot stand on a field of an embedded type"),
                match name {
                    "index" => "put `@index(fields: [\"outer.inner\"])` on the type with `@collection`",
                    _ => "put it on a field of the type with `@collection`",
                },
            ),
            (_, Shape::Id) if name != "id" => (
                "id-directive",
                format!("`id` cannot have `@{name}`"),
                "remove it; ids are unique and indexed, and `@id` says how they are made",
            ),
            (_, Shape::BelongsTo(_) | Shape::HasMany(_)) if !relation && name != "access" => (
                "relation-directive",
                format!("`@{name}` cannot stand on a relation, which is not stored"),
                "put it on the key",
            ),
            (_, Shape::Stored(_)) if name == "id" => (
                "misplaced-id",
                "`@id` says how the field `id` is made, and stands there only".to_owned(),
                "remove it",
            ),
            _ => continue,
        };
        faults.add(*at, code, message, help);
    }
}

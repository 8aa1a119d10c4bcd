//! Checks which definitions a file may have, classifies each type, and checks its name.

use std::collections::{HashMap, HashSet};

use crate::schema::Scalar;
use crate::schema::diagnostic::SchemaFaults;
use crate::schema::names::{self, capitalised};
use crate::schema::prelude::Prelude;
use crate::schema::syntax::*;

/// What a type of the file is to oponn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A type with `@collection`.
    Collection,
    /// A type that lives inside documents.
    Embedded,
    /// A type with `@rollup`.
    Rollup,
    /// An interface over collections.
    Interface,
    /// An enum.
    Enum,
}

impl Class {
    /// Whether it has documents, with an id each.
    pub fn is_stored(self) -> bool {
        matches!(self, Class::Collection | Class::Interface)
    }

    /// The class in words.
    pub fn describe(self) -> &'static str {
        match self {
            Class::Collection => "a collection",
            Class::Embedded => "an embedded type",
            Class::Rollup => "a rollup",
            Class::Interface => "an interface",
            Class::Enum => "an enum",
        }
    }
}

/// The types of a file.
#[derive(Debug)]
pub struct Types<'a> {
    /// In the order of the file.
    pub all: Vec<(Class, &'a Definition)>,
    by_name: HashMap<&'a str, usize>,
}

impl<'a> Types<'a> {
    /// The type of a name.
    pub fn get(&self, name: &str) -> Option<(Class, &'a Definition)> {
        self.by_name.get(name).map(|index| self.all[*index])
    }

    /// The types of a class, in the order of the file.
    pub fn of(&self, class: Class) -> impl Iterator<Item = &'a Definition> + '_ {
        self.all.iter().filter(move |(of, _)| *of == class).map(|(_, definition)| *definition)
    }

    /// Names of everything that a field can have as its type.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        Scalar::ALL.iter().map(|(_, name)| *name).chain(self.all.iter().map(|(_, d)| d.name.node.as_str()))
    }
}

/// Sorts the definitions into classes.
pub fn collect<'a>(document: &'a Document, faults: &mut SchemaFaults) -> Types<'a> {
    let mut types = Types { all: Vec::new(), by_name: HashMap::new() };
    for definition in &document.definitions {
        let Some(class) = class(definition, faults) else { continue };
        check_name(definition, faults);
        let name = definition.name.node.as_str();
        if types.by_name.contains_key(name) {
            let message = format!("there are two types `{name}`");
            faults.add(definition.name.at, "duplicate-type", message, "rename one, or merge them");
            continue;
        }
        types.by_name.insert(name, types.all.len());
        types.all.push((class, definition));
        check_members(definition, faults);
    }
    if !types.all.iter().any(|(class, _)| *class == Class::Collection) && faults.is_empty() {
        let help = "mark the types whose documents are stored: `type Book @collection { id: ID! ... }`";
        faults.add(0, "no-collection", "no type has `@collection`, so there would be no API", help);
    }
    types
}

fn class(definition: &Definition, faults: &mut SchemaFaults) -> Option<Class> {
    let Name { at, node: name } = &definition.name;
    let (code, message, help) = match definition.kind {
        DefinitionKind::Object if matches!(name.as_str(), "Query" | "Mutation" | "Subscription") => (
            "root-type",
            format!("`{name}` cannot be written: oponn makes it"),
            "remove it; each type with `@collection` gets its queries and mutations",
        ),
        DefinitionKind::Object if directive(&definition.directives, "collection").is_some() => {
            if let Some(rollup) = directive(&definition.directives, "rollup") {
                let message = format!("`{name}` is a collection, so it cannot be a rollup");
                let help = "keep one of the directives: rollups are computed, not stored";
                faults.add(rollup.name.at, "rollup-collection", message, help);
            }
            return Some(Class::Collection);
        }
        DefinitionKind::Object if directive(&definition.directives, "rollup").is_some() => {
            return Some(Class::Rollup);
        }
        DefinitionKind::Object => return Some(Class::Embedded),
        DefinitionKind::Interface => return Some(Class::Interface),
        DefinitionKind::Enum => return Some(Class::Enum),
        DefinitionKind::Union => (
            "union-type",
            format!("`{name}` is a union, which a schema file cannot have"),
            "write an interface that the types implement",
        ),
        DefinitionKind::Input => (
            "input-type",
            format!("`{name}` is an input type, which a schema file cannot have"),
            "remove it; oponn makes the inputs of every type",
        ),
        DefinitionKind::Scalar if Scalar::from_name(name).is_some() => {
            ("custom-scalar", format!("`{name}` is there without being declared"), "remove the declaration")
        }
        DefinitionKind::Scalar => (
            "custom-scalar",
            format!("`{name}` is a scalar that oponn does not know how to store"),
            "use a scalar of oponn (DateTime, Date, Decimal, Long, UUID, JSON, ...) and `@pattern` or `@range`",
        ),
        DefinitionKind::Schema => (
            "schema-definition",
            "a schema file has no `schema` definition".to_owned(),
            "remove it; oponn makes the root types",
        ),
        DefinitionKind::Directive => (
            "directive-definition",
            format!("`@{name}` cannot be declared: directives are oponn's own"),
            "remove the declaration",
        ),
        DefinitionKind::Extension => (
            "extension",
            match name.as_str() {
                "" => "a schema file has no extensions".to_owned(),
                name => format!("`{name}` is extended, which a schema file cannot do"),
            },
            "write the fields, values and directives in the type itself",
        ),
        DefinitionKind::Executable => (
            "executable-definition",
            "a query or fragment has no place in a schema file".to_owned(),
            "remove it; send it to the API",
        ),
    };
    faults.add(*at, code, message, help);
    None
}

fn check_name(definition: &Definition, faults: &mut SchemaFaults) {
    let Name { at, node: name } = &definition.name;
    if name.starts_with("__") {
        let message = format!("`{name}` begins with `__`, which GraphQL keeps for itself");
        faults.add(*at, "reserved-name", message, "choose a name without leading underscores");
    } else if names::FIXED_TYPES.contains(&name.as_str())
        || Scalar::from_name(name).is_some()
        || Prelude::get().has_type(name)
    {
        let message = format!("the name `{name}` is taken by oponn");
        faults.add(*at, "reserved-name", message, format!("choose another name, for example `My{name}`"));
    } else if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
        let better = capitalised(name.trim_start_matches('_'));
        let better =
            if better.starts_with(|c: char| c.is_ascii_uppercase()) { better } else { format!("T{better}") };
        let message = format!("the type name `{name}` does not begin with a capital letter");
        faults.add(*at, "type-name-case", message, format!("write `{better}`"));
    }
}

fn check_members(definition: &Definition, faults: &mut SchemaFaults) {
    let mut seen = HashSet::new();
    for Name { at, node: name } in definition.fields.iter().map(|field| &field.name) {
        if !seen.insert(name) {
            let message = format!("`{}` has two fields `{name}`", definition.name.node);
            faults.add(*at, "duplicate-field", message, "rename one, or remove it");
        }
        check_field_name(*at, name, faults);
    }
    for Name { at, node: name } in definition.values.iter().map(|value| &value.name) {
        if !seen.insert(name) {
            let message = format!("`{}` has the value `{name}` twice", definition.name.node);
            faults.add(*at, "duplicate-value", message, "remove one");
        }
        if name.starts_with("__") {
            let message = format!("`{name}` begins with `__`, which GraphQL keeps for itself");
            faults.add(*at, "reserved-name", message, "choose a name without leading underscores");
        }
    }
    if definition.fields.is_empty() && definition.values.is_empty() {
        let message = format!("`{}` is empty", definition.name.node);
        let what = if definition.kind == DefinitionKind::Enum { "value" } else { "field" };
        faults.add(definition.name.at, "empty-type", message, format!("give it at least one {what}"));
    }
    let mut seen = HashSet::new();
    for Name { at, node: name } in &definition.implements {
        if !seen.insert(name) {
            let message = format!("`{name}` is implemented twice");
            faults.add(*at, "duplicate-interface", message, "keep one of them");
        }
    }
}

fn check_field_name(at: At, name: &str, faults: &mut SchemaFaults) {
    let (why, help) = match name {
        name if names::RESERVED_FIELDS.contains(&name) => {
            ("joins conditions in filters", "choose a name that says more")
        }
        "_oponn" => ("holds oponn's own bookkeeping in documents", "choose another name"),
        "_id" => ("is where documents keep their id", "write `id: ID!`"),
        name if name.starts_with("__") => {
            ("begins with `__`, which GraphQL keeps for itself", "choose another")
        }
        _ => return,
    };
    faults.add(at, "reserved-name", format!("a field cannot be named `{name}`: it {why}"), help);
}

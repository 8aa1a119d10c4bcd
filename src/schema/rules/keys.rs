//! Unique keys and indexes of a collection.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::shapes::{Owner, Shape};
use super::{did_you_mean, listed};
use crate::schema::diagnostic::{SchemaFaults, quote};
use crate::schema::names::{UNIQUE_ID, capitalised, screaming};
use crate::schema::syntax::*;
use crate::schema::{
    Embedded, Field, FieldType, Filled, Index, Kind, Normalizer, Partition, Scalar, Ttl, UniqueKey,
};

/// Indexes of a collection at the most, the id's aside: MongoDB's bound.
const MAX_INDEXES: usize = 63;

/// The embedded types by name.
type EmbeddedTypes = BTreeMap<Arc<str>, Embedded>;

/// The unique keys: those of fields first, in the order of the file, then those of several fields.
pub fn uniques(owner: &Owner<'_>, fields: &[Field], faults: &mut SchemaFaults) -> Vec<UniqueKey> {
    let mut keys: Vec<UniqueKey> = Vec::new();
    let mut named: HashMap<String, usize> = HashMap::new();
    let mut add = |at: At, key: UniqueKey, faults: &mut SchemaFaults| {
        let name = screaming(&key.name);
        if let Some(same) = named.get(&name) {
            let (code, message) = if keys[*same].fields == key.fields {
                let fields = listed(key.fields.iter().map(|field| &**field));
                ("duplicate-unique", format!("there is a unique key of {fields} already"))
            } else {
                ("unique-name", format!("two unique keys are both called `{name}` in the API"))
            };
            faults.add(at, code, message, "remove one, or rename a field");
        } else if name == UNIQUE_ID {
            let message = format!("a unique key cannot be called `{UNIQUE_ID}`, which stands for the id");
            faults.add(at, "unique-name", message, "rename the field");
        } else {
            named.insert(name, keys.len());
            keys.push(key);
        }
    };
    for member in &owner.members {
        let Some(field) = stored(fields, member.name()) else { continue };
        let mut uses = uses(&member.field.directives, "unique");
        let Some(unique) = uses.next() else { continue };
        if let Some(second) = uses.next() {
            let message = format!("`@unique` stands twice on `{}`", field.name);
            faults.add(second.name.at, "repeated-directive", message, "keep one of them");
        }
        if let Some(fields) = unique.argument("fields") {
            let message = "`fields` belongs to `@unique` on a type";
            let help = "remove the argument, or move the directive to the type";
            faults.add(fields.at, "unique-fields", message, help);
        }
        if check_unique(unique.name.at, field, faults) {
            let name = field.name.to_string();
            let normalize = normalize(unique, &[field], faults);
            add(unique.name.at, UniqueKey { name, fields: vec![field.name.clone()], normalize }, faults);
        }
    }
    for unique in uses(&owner.definition.directives, "unique") {
        let Some(names) = named_fields(owner, unique, 2, faults) else { continue };
        let mut found = Vec::new();
        for name in names {
            if let Some(field) = unique_field(owner, fields, &name, faults) {
                found.push(field);
            }
        }
        if found.len() < unique.argument("fields").map_or(0, |fields| fields.items().len()) {
            continue;
        }
        let mut name = found[0].name.to_string();
        found[1..].iter().for_each(|field| name += &capitalised(&field.name));
        let normalize = normalize(unique, &found, faults);
        let fields = found.iter().map(|field| field.name.clone()).collect();
        add(unique.name.at, UniqueKey { name, fields, normalize }, faults);
    }
    keys
}

/// What makes indexes wanted or needless beside the file's `@index`.
pub struct Wanted<'a> {
    pub uniques: &'a [UniqueKey],
    pub ttl: Option<&'a Ttl>,
    pub partition: Option<&'a Partition>,
}

/// The indexes: those that the file asks for, then those of keys and partitions; none that a unique key makes needless.
pub fn indexes(
    owner: &Owner<'_>,
    fields: &[Field],
    embedded: &EmbeddedTypes,
    &Wanted { uniques, ttl, partition }: &Wanted<'_>,
    faults: &mut SchemaFaults,
) -> Vec<Index> {
    let mut wanted: Vec<Vec<Arc<str>>> = Vec::new();
    let mut seen = HashSet::new();
    let mut add = |at: At, paths: Vec<Arc<str>>, faults: &mut SchemaFaults| {
        if seen.insert(paths.clone()) {
            wanted.push(paths);
        } else {
            let message =
                format!("there is an index of {} already", listed(paths.iter().map(|path| &**path)));
            faults.add(at, "duplicate-index", message, "remove one");
        }
    };
    for member in &owner.members {
        let Some(field) = stored(fields, member.name()) else { continue };
        for index in uses(&member.field.directives, "index") {
            if let Some(fields) = index.argument("fields") {
                let message = "`fields` belongs to `@index` on a type";
                let help = "remove the argument, or move the directive to the type";
                faults.add(fields.at, "index-fields", message, help);
            } else if let Some(reason) = no_index(field) {
                refuse_index(index.name.at, member.name(), reason, faults);
            } else {
                add(index.name.at, vec![field.name.clone()], faults);
            }
        }
    }
    for index in uses(&owner.definition.directives, "index") {
        let Some(names) = named_fields(owner, index, 1, faults) else { continue };
        let mut lists = 0;
        let count = names.len();
        let paths: Vec<Arc<str>> =
            names.iter().filter_map(|name| path(owner, fields, embedded, name, &mut lists, faults)).collect();
        if lists > 1 {
            let message = "an index cannot cover more than one list";
            faults.add(index.name.at, "index-lists", message, "leave out all lists but one");
        } else if paths.len() == count {
            add(index.name.at, paths, faults);
        }
    }
    let keys = fields.iter().filter(|field| field.references.is_some()).map(|field| &field.name);
    for name in keys.chain(ttl.map(|ttl| &ttl.field)) {
        let paths = vec![name.clone()];
        if seen.insert(paths.clone()) {
            wanted.push(paths);
        }
    }
    if let Some(Partition { by, .. }) = partition {
        let finds = |paths: &Vec<Arc<str>>| {
            paths.len() >= by.len() && paths[..by.len()].iter().all(|path| by.contains(path))
        };
        if !by.is_empty() && !wanted.iter().any(finds) {
            wanted.push(by.clone());
        }
    }
    // That of a unique key whose values are kept as they are does as well, if it has no further fields: MongoDB has only
    // those documents in it in which each field has a value, so it does not look there for the others.
    wanted.retain(|paths| !uniques.iter().any(|key| key.normalize.is_empty() && key.fields == *paths));
    if wanted.len() + uniques.len() > MAX_INDEXES {
        let message = format!("`{}` has more than {MAX_INDEXES} indexes and unique keys", owner.name());
        let help = "MongoDB allows 64 in a collection, the id's included; remove some";
        faults.add(owner.definition.name.at, "too-many-indexes", message, help);
    }
    wanted.into_iter().map(|fields| Index { fields }).collect()
}

fn uses<'a>(directives: &'a [Directive], name: &'static str) -> impl Iterator<Item = &'a Directive> {
    directives.iter().filter(move |directive| directive.name.node == name)
}

fn stored<'f>(fields: &'f [Field], name: &str) -> Option<&'f Field> {
    fields.iter().find(|field| &*field.name == name)
}

/// The `fields` argument of a directive on a type.
fn named_fields<'a>(
    owner: &Owner<'_>,
    directive: &'a Directive,
    least: usize,
    faults: &mut SchemaFaults,
) -> Option<Vec<Spanned<&'a str>>> {
    let Name { at, node: name } = &directive.name;
    let code = if name == "unique" { "unique-fields" } else { "index-fields" };
    let Some(value) = directive.argument("fields") else {
        let message = format!("`@{name}` on the type `{}` does not say which fields", owner.name());
        faults.add(*at, code, message, format!("write `@{name}(fields: [\"...\", \"...\"])`"));
        return None;
    };
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    for item in value.items() {
        let text = item.node.as_str()?;
        if !seen.insert(text) {
            let message = format!("the field {} is named twice", quote(text));
            faults.add(item.at, code, message, "name each field once");
            return None;
        }
        names.push(Spanned { at: item.at, node: text });
    }
    if names.len() < least {
        let message =
            format!("`@{name}` on a type needs at least {least} field{}", if least > 1 { "s" } else { "" });
        let help = format!("name more fields, or put `@{name}` on the field itself");
        faults.add(value.at, code, message, help);
        return None;
    }
    Some(names)
}

/// A field of the type by name, for a directive on the type. Reports what is not stored there.
pub(super) fn field_of<'f>(
    owner: &Owner<'_>,
    fields: &'f [Field],
    at: At,
    name: &str,
    faults: &mut SchemaFaults,
) -> Option<&'f Field> {
    let Some(member) = owner.member(name) else {
        let known = owner.names(|shape| matches!(shape, Shape::Stored(_)));
        let help = did_you_mean(name, known, "name a field of the type");
        faults.add(at, "unknown-field", format!("`{}` has no field {}", owner.name(), quote(name)), help);
        return None;
    };
    let (why, help) = match member.shape {
        Shape::Id => ("is unique and indexed by itself", "leave it out"),
        Shape::BelongsTo(_) => ("is a relation, which is not stored", "name its key"),
        Shape::HasMany(_) | Shape::Leads => ("is a relation, which is not stored", "name a stored field"),
        Shape::Stored(_) | Shape::Broken => return stored(fields, name),
    };
    faults.add(at, "key-field", format!("`{name}` {why}"), help);
    None
}

fn unique_field<'f>(
    owner: &Owner<'_>,
    fields: &'f [Field],
    name: &Spanned<&str>,
    faults: &mut SchemaFaults,
) -> Option<&'f Field> {
    let field = field_of(owner, fields, name.at, name.node, faults)?;
    check_unique(name.at, field, faults).then_some(field)
}

fn check_unique(at: At, field: &Field, faults: &mut SchemaFaults) -> bool {
    let reason = match &field.ty {
        _ if field.filled == Filled::Version => "is the document's version",
        FieldType { list: Some(_), .. } => "is a list",
        FieldType { kind: Kind::Embedded(_), .. } => "is an embedded object",
        FieldType { kind: Kind::Scalar(Scalar::Json), .. } => "is JSON",
        _ => return true,
    };
    let message = format!("`{}` cannot be unique: it {reason}", field.name);
    faults.add(at, "unique-type", message, "use `@unique` on single scalars and enums");
    false
}

fn normalize(unique: &Directive, fields: &[&Field], faults: &mut SchemaFaults) -> Vec<Normalizer> {
    let Some(value) = unique.argument("normalize") else { return Vec::new() };
    let mut steps: Vec<Normalizer> = Vec::new();
    for item in value.items() {
        let step = match &item.node {
            Literal::Enum(name) if name == "TRIM" => Normalizer::Trim,
            Literal::Enum(name) if name == "COLLAPSE_SPACES" => Normalizer::CollapseSpaces,
            Literal::Enum(name) if name == "CASEFOLD" => Normalizer::Casefold,
            _ => continue,
        };
        if steps.contains(&step) {
            faults.add(item.at, "repeated-step", "this step is there already", "name each step once");
        } else {
            steps.push(step);
        }
    }
    if !fields.iter().any(|field| field.ty.kind == Kind::Scalar(Scalar::String)) {
        let message = "there is no string to normalise";
        faults.add(value.at, "normalize-type", message, "remove `normalize`, or use it on a `String`");
    }
    steps
}

/// Why the field cannot be indexed, if it cannot.
fn no_index(field: &Field) -> Option<&'static str> {
    match &field.ty.kind {
        _ if field.filled == Filled::Version => Some("is the document's version"),
        Kind::Embedded(_) => Some("is an embedded object"),
        Kind::Scalar(Scalar::Json) => Some("is JSON"),
        _ => None,
    }
}

fn refuse_index(at: At, name: &str, reason: &str, faults: &mut SchemaFaults) {
    let message = format!("{} cannot be indexed: it {reason}", quote(name));
    let help = match reason {
        "is an embedded object" => "put `@index(fields: [\"outer.inner\"])` on the type",
        _ => "remove it",
    };
    faults.add(at, "index-type", message, help);
}

/// A path of an index: a field, or one inside embedded objects. Counts the lists on the way.
fn path(
    owner: &Owner<'_>,
    fields: &[Field],
    embedded: &EmbeddedTypes,
    path: &Spanned<&str>,
    lists: &mut usize,
    faults: &mut SchemaFaults,
) -> Option<Arc<str>> {
    let mut steps = path.node.split('.');
    let mut field = field_of(owner, fields, path.at, steps.next().unwrap_or_default(), faults)?;
    *lists += usize::from(field.ty.list.is_some());
    for step in steps {
        let inside = match &field.ty.kind {
            Kind::Embedded(name) => embedded.get(name),
            _ => None,
        };
        let Some(inner) = inside.and_then(|of| of.field(step)) else {
            let message = format!("`{}` has no field {}", field.name, quote(step));
            let known = inside.iter().flat_map(|of| of.fields.iter()).map(|field| &*field.name);
            let help = did_you_mean(step, known, "name a field of the embedded type");
            faults.add(path.at, "unknown-field", message, help);
            return None;
        };
        field = inner;
        *lists += usize::from(field.ty.list.is_some());
    }
    match no_index(field) {
        None => Some(path.node.into()),
        Some(reason) => {
            refuse_index(path.at, path.node, reason, faults);
            None
        }
    }
}

//! Makes the names of the generated API and of collections, and checks that they are unique.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::shapes::Owner;
use super::types::{Class, Types};
use crate::schema::diagnostic::{SchemaFaults, quote};
use crate::schema::syntax::*;
use crate::schema::words::{lower_camel, plural};
use crate::schema::{ApiNames, Collection, Embedded, Field, Interface, Kind, Rollup, Scalar, names};

/// Ways to order a list at the most: embedded types in embedded types can make very many.
const MAX_ORDERS: usize = 2_000;

/// The names that a collection or interface has in the API.
pub fn names_of(owner: &Owner<'_>, faults: &mut SchemaFaults) -> ApiNames {
    let name = owner.name();
    let given = directive(&owner.definition.directives, "collection").and_then(|d| d.string("plural"));
    let plural = match given {
        Some(given) if is_name(given.node) => names::capitalised(given.node),
        Some(given) => {
            let message = format!("the plural {} is no name", quote(given.node));
            let help = "write letters and digits, beginning with a letter, for example \"People\"";
            faults.add(given.at, "plural-name", message, help);
            plural(name)
        }
        None => plural(name),
    };
    let single = if owner.class == Class::Collection { lower_camel(name) } else { String::new() };
    ApiNames { single, list: lower_camel(&plural), plural }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && text.len() <= 100
}

/// The name of the MongoDB collection or SQLite table.
pub fn collection_name(owner: &Owner<'_>, names: &ApiNames, faults: &mut SchemaFaults) -> Arc<str> {
    const MAX_BYTES: usize = 120;
    let given = directive(&owner.definition.directives, "collection").and_then(|d| d.string("name"));
    let Some(Spanned { at, node: name }) = given else { return names.list.as_str().into() };
    let lower = name.to_lowercase();
    let reason = if name.is_empty() || name.len() > MAX_BYTES {
        Some("must have 1 to 120 bytes")
    } else if name.contains(|c: char| c == '$' || c == '"' || c.is_control()) {
        Some("cannot contain `$`, quotes or control characters")
    } else if name.starts_with('.') || name.ends_with('.') {
        Some("cannot begin or end with a dot")
    } else if ["system.", "sqlite_", "_oponn"].iter().any(|reserved| lower.starts_with(reserved)) {
        Some("cannot begin with `system.`, `sqlite_` or `_oponn`")
    } else {
        None
    };
    if let Some(reason) = reason {
        let message = format!("{} cannot be a collection: the name {reason}", quote(name));
        faults.add(
            at,
            "collection-name",
            message,
            format!("write a plain name, for example \"{}\"", names.list),
        );
    }
    name.into()
}

/// Checks that no two collections share a name in the store.
pub fn check_collections(all: &[(Arc<Collection>, &Owner<'_>)], faults: &mut SchemaFaults) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for (collection, owner) in all {
        // SQLite does not tell capitals from small letters.
        if let Some(other) = seen.insert(collection.collection.to_lowercase(), owner.name()) {
            let at = directive(&owner.definition.directives, "collection")
                .and_then(|d| d.string("name"))
                .map_or(owner.definition.name.at, |name| name.at);
            let message = format!(
                "`{other}` and `{}` share the collection {}",
                owner.name(),
                quote(&collection.collection)
            );
            faults.add(at, "collection-taken", message, "give one of them another `@collection(name: ...)`");
        }
    }
}

/// Names of queries or mutations taken so far, each with the type it was made for.
#[derive(Default)]
struct Space<'a> {
    taken: HashMap<String, &'a str>,
}

impl<'a> Space<'a> {
    /// Takes a name for a type. Types that collide once are not reported again.
    fn take(
        &mut self,
        owner: &'a Name,
        name: String,
        reported: &mut HashSet<(&'a str, &'a str)>,
        faults: &mut SchemaFaults,
    ) {
        let Some(other) = self.taken.get(&name) else {
            self.taken.insert(name, &owner.node);
            return;
        };
        if !reported.insert((other, &owner.node)) {
            return;
        }
        let message = if *other == owner.node {
            format!("two things of `{other}` would be called `{name}` in the API")
        } else {
            format!("both `{other}` and `{}` would make `{name}` in the API", owner.node)
        };
        let help = "rename one of the types, or give another plural: `@collection(plural: \"...\")`";
        faults.add(owner.at, "api-name", message, help);
    }
}

/// Checks that generated types are not called like other types.
pub fn check_types(types: &Types<'_>, faults: &mut SchemaFaults) {
    // What each name is made for: a type of the file, or `None` for a scalar.
    let scalars = Scalar::ALL.iter().flat_map(|(scalar, _)| names::scalar_types(*scalar));
    let mut taken: HashMap<String, Option<&str>> = scalars.map(|name| (name, None)).collect();
    let made_for = |other: &Option<&str>| other.map_or(String::new(), |other| format!(" for `{other}`"));
    for (class, definition) in &types.all {
        let name = definition.name.node.as_str();
        let made = match class {
            Class::Collection => names::collection_types(name),
            Class::Interface => names::interface_types(name),
            Class::Embedded => names::embedded_types(name),
            Class::Rollup => Vec::new(),
            Class::Enum => names::enum_types(name),
        };
        for made in made {
            if let Some(other) = taken.get(&made) {
                let message = format!(
                    "the type `{made}` that oponn makes for `{name}` is there already{}",
                    made_for(other)
                );
                faults.add(definition.name.at, "api-type", message, "rename one of them");
            } else {
                taken.insert(made, Some(name));
            }
        }
    }
    for (_, definition) in &types.all {
        let Name { at, node: name } = &definition.name;
        // Scalars themselves are reported as taken names.
        if let Some(other) = taken.get(name).filter(|_| Scalar::from_name(name).is_none()) {
            let message = format!("oponn makes a type `{name}`{}", made_for(other));
            faults.add(*at, "api-type", message, "choose another name");
        }
    }
}

/// Checks that no two queries and no two mutations have the same name.
pub fn check_fields<'a>(
    collections: &[(Arc<Collection>, &Owner<'a>)],
    interfaces: &[(Interface, &Owner<'a>)],
    rollups: &[(Rollup, &Owner<'a>)],
    faults: &mut SchemaFaults,
) {
    let mut reported = HashSet::new();
    let mut queries = Space::default();
    let mut mutations = Space::default();
    for (collection, owner) in collections {
        let name = &owner.definition.name;
        let ApiNames { single, list, plural } = &collection.names;
        let lookups = collection.uniques.iter().map(|key| names::lookup(single, &key.name));
        for query in [single.clone(), list.clone()].into_iter().chain(lookups) {
            queries.take(name, query, &mut reported, faults);
        }
        let by_key =
            collection.uniques.iter().flat_map(|key| names::mutations_by(&collection.name, &key.name));
        for mutation in names::mutations(&collection.name, plural).into_iter().chain(by_key) {
            mutations.take(name, mutation, &mut reported, faults);
        }
    }
    for (interface, owner) in interfaces {
        queries.take(&owner.definition.name, interface.names.list.clone(), &mut reported, faults);
    }
    for (rollup, owner) in rollups {
        queries.take(&owner.definition.name, rollup.query.clone(), &mut reported, faults);
    }
}

/// Checks that the fields that lists can be ordered by have different names as enum values.
pub fn check_orders(
    owner: &Owner<'_>,
    fields: &[Field],
    embedded: &BTreeMap<Arc<str>, Arc<Embedded>>,
    faults: &mut SchemaFaults,
) {
    if count_orders(fields, embedded, names::ORDER_DEPTH, &mut HashMap::new()) > MAX_ORDERS {
        let message = format!("`{}` could be ordered in more than {MAX_ORDERS} ways", owner.name());
        let help = "use fewer fields in embedded types, or lists of them";
        faults.add(owner.definition.name.at, "too-many-orders", message, help);
        return;
    }
    let mut seen: HashMap<String, String> = HashMap::new();
    for (name, path) in names::order_fields(fields, embedded) {
        let Some(other) = seen.get(&name) else {
            seen.insert(name, path);
            continue;
        };
        // The same field twice is reported as such.
        if *other == path {
            continue;
        }
        let field = path.split('.').next().unwrap_or_default();
        let at = owner.member(field).map_or(owner.definition.name.at, |member| member.field.name.at);
        let message = format!("`{other}` and `{path}` would both be `{name}` in `orderBy`");
        faults.add(at, "order-name", message, "rename one of them");
    }
}

/// How many names [`names::order_fields`] would give, without making them.
fn count_orders<'m>(
    fields: &'m [Field],
    embedded: &'m BTreeMap<Arc<str>, Arc<Embedded>>,
    depth: usize,
    known: &mut HashMap<(&'m str, usize), usize>,
) -> usize {
    let mut count = 1usize;
    for field in fields.iter().filter(|field| field.ty.list.is_none()) {
        let more = match &field.ty.kind {
            Kind::Embedded(_) if depth == 0 => 0,
            Kind::Embedded(name) => match (known.get(&(&**name, depth)), embedded.get(name)) {
                (Some(count), _) => *count,
                (None, None) => 0,
                (None, Some(inner)) => {
                    let count = count_orders(&inner.fields, embedded, depth - 1, known);
                    known.insert((name, depth), count);
                    count
                }
            },
            _ => 1,
        };
        count = count.saturating_add(more);
    }
    count
}

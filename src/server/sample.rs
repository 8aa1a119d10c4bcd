//! A first query for a person who has never seen the schema.

use std::fmt::Write;

use crate::schema::{Collection, Field, Kind, Member, Model, Relation, RelationKind};

/// Number of fields shown of the listed type.
const FIELDS: usize = 4;
/// Number of fields shown of a relation's type.
const RELATED_FIELDS: usize = 2;

/// A query that lists the model's first collection, with its first relation.
pub fn sample_query(model: &Model) -> String {
    let Some(collection) = model.collections.first() else { return "{ __typename }\n".to_owned() };
    let mut query = format!("{{\n  {}(first: 3) {{\n    nodes {{\n      id\n", collection.names.list);
    for name in plain_fields(collection, FIELDS) {
        let _ = writeln!(query, "      {name}");
    }
    let relation = collection.order.iter().find_map(|member| match member {
        Member::Relation(place) => collection.relations.get(*place),
        _ => None,
    });
    if let Some(selection) = relation.and_then(|relation| related(model, relation)) {
        let _ = writeln!(query, "      {selection}");
    }
    query.push_str("    }\n    totalCount\n  }\n}\n");
    query
}

fn related(model: &Model, relation: &Relation) -> Option<String> {
    let target = model.collection(&relation.target)?;
    let mut fields = plain_fields(target, RELATED_FIELDS);
    if fields.is_empty() {
        fields.push("id");
    }
    let fields = fields.join(" ");
    Some(match relation.kind {
        RelationKind::BelongsTo { .. } => format!("{} {{ {fields} }}", relation.name),
        RelationKind::HasMany { .. } => format!("{}(first: 2) {{ nodes {{ {fields} }} }}", relation.name),
    })
}

/// The first fields without fields of their own; foreign keys, which say little to a person, are left out.
fn plain_fields(collection: &Collection, count: usize) -> Vec<&str> {
    let plain = |field: &&Field| !matches!(field.ty.kind, Kind::Embedded(_)) && field.references.is_none();
    collection.fields.iter().filter(plain).take(count).map(|field| &*field.name).collect()
}

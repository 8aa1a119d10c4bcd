//! A model in words: one line per fact, equal for files with equal meaning.

use std::fmt::Write;
use std::sync::Arc;

use bson::Bson;
use sha2::{Digest, Sha256};

use super::{
    Allowed, Collection, Field, FieldType, Grant, Kind, Member, MemberAccess, MemberRule, Model, Relation,
    RelationKind, RollupField,
};

impl Model {
    /// The model as text, for people and for the fingerprint: one fact per line, in the order of the file,
    /// without descriptions.
    pub fn describe(&self) -> String {
        let mut facts = Vec::new();
        for collection in &self.collections {
            describe_collection(collection, &mut facts);
        }
        for interface in &self.interfaces {
            let name = &interface.name;
            facts.push(format!("interface {name} of {}", interface.types.join(", ")));
            facts.push(format!("{name} in the API: {}, {}", interface.names.list, interface.names.plural));
            members(name, &interface.order, &interface.fields, &interface.relations, &mut facts);
        }
        for embedded in self.embedded.values() {
            facts.push(format!("embedded {}", embedded.name));
            facts.extend(embedded.fields.iter().map(|field| describe_field(&embedded.name, field)));
        }
        for rollup in &self.rollups {
            let window = rollup.window.as_ref();
            let window = window.map(|window| format!(", last {} s of {}", window.seconds, window.field));
            facts.push(format!(
                "rollup {} of {} by {}{} in {}, in the API: {}",
                rollup.name,
                rollup.of,
                rollup.by.join(", "),
                window.unwrap_or_default(),
                rollup.time_zone.iana_name().unwrap_or("UTC"),
                rollup.query
            ));
            for RollupField { field, measure } in &rollup.fields {
                facts.push(format!("{} = {measure:?}", describe_field(&rollup.name, field)));
            }
        }
        for of in self.enums.values() {
            let values: Vec<&str> = of.values.iter().map(|(value, _)| &**value).collect();
            facts.push(format!("enum {}: {}", of.name, values.join(" ")));
        }
        facts.iter().fold(String::new(), |text, fact| text + fact + "\n")
    }
}

/// 16 hexadecimal digits that change only with the meaning of the file. The order of types and fields has
/// no meaning.
pub fn fingerprint(model: &Model) -> String {
    let text = model.describe();
    let mut facts: Vec<&str> = text.lines().collect();
    facts.sort_unstable();
    hex::encode(&Sha256::digest(facts.join("\n"))[..8])
}

fn describe_collection(collection: &Collection, facts: &mut Vec<String>) {
    let Collection { name, names, id, client_id, .. } = collection;
    let client = if *client_id { ", clients may give them" } else { "" };
    facts.push(format!("collection {name} in {:?}, ids {id:?}{client}", collection.collection));
    facts.push(format!("{name} in the API: {}, {}, {}", names.single, names.list, names.plural));
    members(name, &collection.order, &collection.fields, &collection.relations, facts);
    for key in &collection.uniques {
        let steps: Vec<String> = key.normalize.iter().map(|step| format!(" {step:?}")).collect();
        facts.push(format!("{name} unique {}: {}{}", key.name, key.fields.join(", "), steps.concat()));
    }
    for index in &collection.indexes {
        facts.push(format!("{name} index {}", index.fields.join(", ")));
    }
    if let Some(ttl) = &collection.ttl {
        facts.push(format!("{name} expires {} s after {}", ttl.seconds, ttl.field));
    }
    if let Some(partition) = &collection.partition {
        facts.push(format!("{name} partition {}, at most {}", partition.by.join(", "), partition.max));
    }
    for (number, grant) in collection.access.iter().enumerate() {
        facts.push(format!("{name} access {number}: {}", describe_grant(grant)));
    }
    for (member, access) in &collection.members {
        describe_member_access(&format!("{name}.{member}"), access, facts);
    }
    for (number, emit) in collection.emits.iter().enumerate() {
        let when = emit.when.as_ref().map(|when| format!(" when {}", when.json()));
        let payload = emit.payload.as_ref().map(|payload| format!(" payload {}", payload.json()));
        facts.push(format!(
            "{name} emits {number}: {:?} to {:?} on {:?}{}{}",
            emit.name,
            emit.sink,
            emit.on,
            when.unwrap_or_default(),
            payload.unwrap_or_default()
        ));
    }
    for interface in &collection.interfaces {
        facts.push(format!("{name} implements {interface}"));
    }
}

fn describe_grant(grant: &Grant) -> String {
    let rules = [
        ("read", &grant.read),
        ("create", &grant.create),
        ("update", &grant.update),
        ("delete", &grant.delete),
    ];
    describe_roles(&grant.roles) + &rules.map(|(action, allowed)| describe_allowed(action, allowed)).concat()
}

fn describe_member_access(name: &str, access: &MemberAccess, facts: &mut Vec<String>) {
    for (action, rules) in [("read", &access.read), ("create", &access.create), ("update", &access.update)] {
        if let Some(rules) = rules {
            let rule =
                |rule: &MemberRule| describe_roles(&rule.roles) + &describe_allowed(action, &rule.allowed);
            let rules: Vec<String> = rules.iter().map(rule).collect();
            facts.push(format!("{name} access to {action}: {}", rules.join(" | ")));
        }
    }
    facts.extend(access.owner.iter().map(|claim| format!("{name} owner {claim:?}")));
}

fn describe_roles(roles: &Option<Vec<Arc<str>>>) -> String {
    roles.as_ref().map_or("everybody".to_owned(), |roles| roles.join(", "))
}

fn describe_allowed(action: &str, allowed: &Allowed) -> String {
    match allowed {
        Allowed::Never => String::new(),
        Allowed::Always => format!("; {action}"),
        Allowed::If(any) => {
            let any: Vec<String> = any.iter().map(|condition| condition.filter.to_string()).collect();
            format!("; {action} if {}", any.join(" or "))
        }
    }
}

fn members(owner: &str, order: &[Member], fields: &[Field], relations: &[Relation], facts: &mut Vec<String>) {
    facts.extend(order.iter().filter_map(|member| match member {
        Member::Id => None,
        Member::Field(index) => Some(describe_field(owner, fields.get(*index)?)),
        Member::Relation(index) => Some(describe_relation(owner, relations.get(*index)?)),
    }));
}

fn describe_field(owner: &str, field: &Field) -> String {
    let mut fact = format!("{owner}.{}: {}", field.name, describe_type(&field.ty));
    let mut add = |what: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(fact, " {what} {value}").expect("writing to a string cannot fail");
        }
    };
    add("to", field.references.as_ref().map(|target| target.to_string()));
    add(
        "filled",
        Some(&field.filled).filter(|by| **by != super::Filled::ByClient).map(|by| format!("{by:?}")),
    );
    // Extended JSON says the same in every version of the library.
    let value = |value: &Option<Bson>| value.clone().map(|value| value.into_canonical_extjson().to_string());
    add("min", value(&field.range.0));
    add("max", value(&field.range.1));
    for bound in &field.parent_bounds {
        let what = match bound.side {
            super::BoundSide::Min => "min of",
            super::BoundSide::Max => "max of",
        };
        add(what, Some(format!("{}.{}", bound.relation, bound.field)));
    }
    add("shortest", field.length.0.map(|length| length.to_string()));
    add("longest", field.length.1.map(|length| length.to_string()));
    add("pattern", field.pattern.as_ref().map(|(text, _)| format!("{text:?}")));
    add("default", value(&field.default));
    fact
}

fn describe_type(ty: &FieldType) -> String {
    let name = match &ty.kind {
        Kind::Scalar(scalar) => scalar.name(),
        Kind::Enum(name) | Kind::Embedded(name) => name,
    };
    let required = if ty.required { "!" } else { "" };
    match ty.list {
        None => format!("{name}{required}"),
        Some(true) => format!("[{name}!]{required}"),
        Some(false) => format!("[{name}]{required}"),
    }
}

fn describe_relation(owner: &str, relation: &Relation) -> String {
    let Relation { name, target, .. } = relation;
    match &relation.kind {
        RelationKind::BelongsTo { field, required } => {
            let required = if *required { "!" } else { "" };
            format!("{owner}.{name} belongs to {target}{required} by {field}")
        }
        RelationKind::HasMany { field, on_delete } => {
            format!("{owner}.{name} has many {target} by their {field}, on delete {on_delete:?}")
        }
    }
}

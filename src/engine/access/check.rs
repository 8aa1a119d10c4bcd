//! Checks the conditions of a model's rules of access, as far as that is possible without a viewer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bson::oid::ObjectId;
use serde_json::{Value as Json, json};

use super::claims::{bound, claims_of, places_of};
use crate::engine::input::{self, FilterLimits};
use crate::engine::{InputFault, Step};
use crate::query::Filter;
use crate::schema::{AccessCondition, CLAIM, Collection, Filled, Model};
use crate::value::VERSION_PATH;

/// A fault: the offset of its place in the file, the rule that is broken, what is wrong, what to write instead.
pub(in crate::engine) type Fault = (usize, &'static str, String, String);

/// What is wrong with the rules.
pub(in crate::engine) fn check(model: &Model) -> Vec<Fault> {
    let mut faults = Vec::new();
    for collection in &model.collections {
        // One that `write` gives to several actions is one.
        let conditions: BTreeMap<usize, &AccessCondition> =
            collection.conditions().map(|condition| (condition.at, condition)).collect();
        conditions.into_values().for_each(|condition| check_one(model, collection, condition, &mut faults));
    }
    faults
}

fn check_one(model: &Model, of: &Arc<Collection>, condition: &AccessCondition, faults: &mut Vec<Fault>) {
    let mut names = BTreeSet::new();
    claims_of(&condition.filter, &mut names);
    let has_claims = !names.is_empty();
    let read = |claim: &Json| {
        let given = bound(&condition.filter, &|_| Some(claim.clone())).unwrap_or_default();
        input::filter(model, &of.name, &given, &FilterLimits::default())
    };
    // A claim can be anything, so it fits a place if some value does. What is wrong with every value is wrong.
    let mut wrong: Option<Vec<InputFault>> = None;
    let (mut filters, mut tried) = (Vec::new(), Vec::new());
    for claim in claims(model) {
        let found = match read(&claim) {
            Ok(filter) => {
                filters.push(filter.canonical());
                Vec::new()
            }
            Err(found) => found,
        };
        tried.push(found.clone());
        wrong = Some(match wrong {
            None => found,
            Some(known) => {
                let always = |fault: &InputFault| found.iter().any(|other| other.path == fault.path);
                known.into_iter().filter(always).collect()
            }
        });
    }
    let wrong = wrong.unwrap_or_default();
    let mut add = |message, help| faults.push((condition.at, "access-condition", message, help));
    for fault in &wrong {
        let through = fault.path.iter().find_map(|step| match step {
            Step::Key(name) => of.relation(name),
            Step::Index(_) => None,
        });
        if let Some(relation) = through {
            let message = format!("`{}` leads to another document", relation.name);
            add(
                message,
                "a rule can only be about the fields of its own document, such as the key".to_owned(),
            );
            continue;
        }
        // What it got was only tried out.
        let message = match fault.message.split_once(", got ") {
            Some((expected, _)) if has_claims => expected.to_owned(),
            _ => fault.message.clone(),
        };
        add(message, format!("write a filter as in `where` of `{}`", of.names.list));
    }
    if !wrong.is_empty() {
        return;
    }
    for name in &names {
        let places = places_of(&condition.filter, name);
        let fits = |found: &Vec<InputFault>| {
            !found.iter().any(|fault| places.iter().any(|place| is_in(fault, place)))
        };
        if !tried.iter().any(fits) {
            let message = format!("no claim fits where \"{CLAIM}{name}\" stands in this condition");
            add(
                message,
                "a claim stands for a value, or for the list of values of `in`, `nin`, `hasAny` or `hasAll`"
                    .to_owned(),
            );
        }
    }
    let says = |which: fn(&Filter) -> bool| !filters.is_empty() && filters.iter().all(which);
    if says(Filter::is_none) {
        let message = format!("no {} can satisfy this condition", of.name);
        add(message, "correct it, or write `false`".to_owned());
    }
    if says(Filter::is_all) {
        let message = format!("every {} satisfies this condition", of.name);
        add(message, "correct it, or write `true`".to_owned());
    }
    if let Some(version) = of.fields.iter().find(|field| field.filled == Filled::Version)
        && filters.iter().any(|filter| filter.names(VERSION_PATH))
    {
        let message =
            format!("`{}` counts the changes, so that every change would break this condition", version.name);
        add(message, "a rule can be about any other field".to_owned());
    }
}

/// Whether a fault is at a place in a condition, or inside it.
fn is_in(fault: &InputFault, place: &[String]) -> bool {
    let mut steps = fault.path.iter().map(|step| match step {
        Step::Key(key) => key.clone(),
        Step::Index(index) => index.to_string(),
    });
    place.iter().all(|key| steps.next().as_ref() == Some(key))
}

/// Values of which each place of a filter takes one.
fn claims(model: &Model) -> Vec<Json> {
    let scalars = [
        json!("x"),
        json!(1),
        json!(true),
        json!("2024-05-01"),
        json!("2024-05-01T00:00:00Z"),
        json!("1.5"),
        json!("0190163d-8694-739b-aea5-966c26f8ad91"),
        json!(ObjectId::from_bytes([1; 12]).to_hex()),
    ];
    let values = model.enums.values().filter_map(|of| of.values.first()).map(|(value, _)| json!(&**value));
    let scalars: Vec<Json> = scalars.into_iter().chain(values).collect();
    scalars.iter().map(|scalar| json!([scalar])).chain(scalars.clone()).collect()
}

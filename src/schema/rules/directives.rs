//! Checks directives against the prelude: known, in a valid place, once, with existing arguments of the
//! declared types.

use std::collections::HashSet;

use super::{did_you_mean, listed};
use crate::schema::diagnostic::{SchemaFaults, quote};
use crate::schema::prelude::Prelude;
use crate::schema::syntax::*;

/// Checks every use of a directive.
pub fn check(document: &Document, faults: &mut SchemaFaults) {
    for definition in &document.definitions {
        let location = match definition.kind {
            DefinitionKind::Object => "OBJECT",
            DefinitionKind::Interface => "INTERFACE",
            DefinitionKind::Enum => "ENUM",
            // Reported as a whole.
            _ => continue,
        };
        check_place(&definition.directives, location, faults);
        for field in &definition.fields {
            check_place(&field.directives, "FIELD_DEFINITION", faults);
        }
        for value in &definition.values {
            check_place(&value.directives, "ENUM_VALUE", faults);
        }
    }
}

fn check_place(uses: &[Directive], location: &str, faults: &mut SchemaFaults) {
    let mut seen = HashSet::new();
    for directive in uses {
        let Name { at, node: name } = &directive.name;
        let Some(signature) = Prelude::get().directive(name) else {
            let message = format!("there is no directive `@{name}`");
            let help = did_you_mean(name, Prelude::get().directives(), "docs/schema.md lists all directives");
            faults.add(*at, "unknown-directive", message, help.replace("mean `", "mean `@"));
            continue;
        };
        if !signature.locations.iter().any(|allowed| allowed == location) {
            let places: Vec<&str> = signature.locations.iter().map(|place| place_name(place)).collect();
            let message = format!("`@{name}` cannot stand on {}", place_name(location));
            faults.add(
                *at,
                "misplaced-directive",
                message,
                format!("`@{name}` goes on {}", places.join(" or ")),
            );
            continue;
        }
        if !seen.insert(name) && !signature.repeatable {
            let message = format!("`@{name}` stands here twice");
            faults.add(*at, "repeated-directive", message, "keep one of them");
        }
        check_arguments(directive, signature, faults);
    }
}

fn place_name(location: &str) -> &'static str {
    match location {
        "OBJECT" => "a type",
        "INTERFACE" => "an interface",
        "ENUM" => "an enum",
        "ENUM_VALUE" => "a value of an enum",
        _ => "a field",
    }
}

fn check_arguments(directive: &Directive, signature: &Signature, faults: &mut SchemaFaults) {
    let name = &directive.name.node;
    let mut seen = HashSet::new();
    for argument in &directive.arguments {
        let Name { at, node: given } = &argument.name;
        let Some((_, ty)) = signature.arguments.iter().find(|(known, _)| known.node == *given) else {
            let known = || signature.arguments.iter().map(|(known, _)| known.node.as_str());
            let otherwise = match signature.arguments.len() {
                0 => format!("`@{name}` takes none"),
                _ => format!("`@{name}` takes {}", listed(known())),
            };
            let message = format!("`@{name}` has no argument `{given}`");
            faults.add(*at, "unknown-argument", message, did_you_mean(given, known(), &otherwise));
            continue;
        };
        if !seen.insert(given) {
            let message = format!("the argument `{given}` is given twice");
            faults.add(*at, "repeated-argument", message, "keep one of them");
        }
        check_value(&argument.value, ty, given, faults);
    }
    for (known, ty) in &signature.arguments {
        if ty.required && !directive.arguments.iter().any(|argument| argument.name.node == known.node) {
            let message = format!("`@{name}` needs the argument `{}`", known.node);
            let help = format!("write `@{name}({}: ...)`", known.node);
            faults.add(directive.name.at, "missing-argument", message, help);
        }
    }
}

fn check_value(value: &Spanned<Literal>, ty: &TypeRef, argument: &str, faults: &mut SchemaFaults) {
    let wrong = |expected: String, faults: &mut SchemaFaults| {
        let message = format!("`{argument}` must be {expected}, not {}", value.node.describe());
        faults.add(value.at, "wrong-argument", message, format!("write {expected} after `{argument}:`"));
    };
    let name = match (&value.node, &ty.inner) {
        (Literal::Null, _) if !ty.required => return,
        (_, TypeInner::List(item)) => {
            value.items().iter().for_each(|value| check_value(value, item, argument, faults));
            return;
        }
        (_, TypeInner::Named(name)) => name.node.as_str(),
    };
    if let Some(known) = Prelude::get().enum_values(name) {
        let known: Vec<&str> = known.collect();
        match &value.node {
            Literal::Enum(given) if known.contains(&given.as_str()) => {}
            Literal::Enum(given) => {
                let otherwise = format!("write one of {}", listed(known.iter().copied()));
                let help = did_you_mean(given, known.iter().copied(), &otherwise);
                faults.add(
                    value.at,
                    "wrong-argument",
                    format!("`{argument}` cannot be {}", quote(given)),
                    help,
                );
            }
            _ => wrong(format!("one of {}", listed(known.iter().copied())), faults),
        }
        return;
    }
    match (name, &value.node) {
        ("String", Literal::String(_)) | ("Boolean", Literal::Boolean(_)) => {}
        ("Int", Literal::Int(digits)) if digits.parse::<i32>().is_ok() => {}
        ("AnyValue", other) if !matches!(other, Literal::Variable | Literal::Null) => {}
        ("AccessRule", Literal::Boolean(_) | Literal::Object(_) | Literal::List(_)) => {}
        ("EventCondition" | "RollupWindow", Literal::Object(_)) => {}
        // A variable in it, or in its place, is reported with its content.
        ("EventPayload", _) => {}
        (_, Literal::Null) => {
            let message = format!("`{argument}` cannot be null");
            faults.add(value.at, "wrong-argument", message, "give a value, or remove the directive");
        }
        ("String", _) => wrong("a string in quotes".to_owned(), faults),
        ("Boolean", _) => wrong("`true` or `false`".to_owned(), faults),
        ("Int", _) => wrong("an integer of 32 bits".to_owned(), faults),
        ("RollupWindow", _) => wrong("a field and a time in braces".to_owned(), faults),
        ("EventCondition", _) => wrong("a condition in braces".to_owned(), faults),
        ("AccessRule", _) => {
            wrong("`true`, `false`, a condition, or a list of conditions".to_owned(), faults)
        }
        _ => wrong("a value".to_owned(), faults),
    }
}

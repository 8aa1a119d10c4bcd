//! The events that changes of documents are: `@emit`.
//!
//! What conditions and payloads say of documents is only read here; `oponn check` has the engine check it.

use super::shapes::Owner;
use super::template::Reading;
use super::types::Class;
use crate::schema::diagnostic::{SchemaFaults, quote};
use crate::schema::syntax::*;
use crate::schema::{Emit, EmitOn};

/// Characters of a name at the most.
const LONGEST: usize = 100;

const CONDITION: Reading = Reading {
    code: "event-condition",
    variable: VARIABLE,
    repeated: "keep one, or write `and: [{...}, {...}]`",
    text: |_| Ok(()),
};

const PAYLOAD: Reading =
    Reading { code: "event-payload", variable: VARIABLE, repeated: "keep one", text: |_| Ok(()) };

const VARIABLE: (&str, &str) = (
    "an event has no variables",
    "write a value of the document in quotes: \"$after.name\", \"$before.name\" or \"$document.name\"",
);

/// Checks that no embedded type has events.
pub fn check_places(owners: &[Owner<'_>], faults: &mut SchemaFaults) {
    for owner in owners.iter().filter(|owner| owner.class == Class::Embedded) {
        for emit in uses(owner) {
            let message = format!("`@emit` has no effect on `{}`, {}", owner.name(), owner.class.describe());
            let help = "move it to the types with `@collection` whose documents change";
            faults.add(emit.name.at, "event-place", message, help);
        }
    }
}

/// The events of a collection.
pub fn emits(owner: &Owner<'_>, faults: &mut SchemaFaults) -> Vec<Emit> {
    uses(owner).filter_map(|emit| read(emit, faults)).collect()
}

fn uses<'a>(owner: &Owner<'a>) -> impl Iterator<Item = &'a Directive> {
    owner.definition.directives.iter().filter(|directive| directive.name.node == "emit")
}

fn read(emit: &Directive, faults: &mut SchemaFaults) -> Option<Emit> {
    let when = emit.argument("when").filter(|given| matches!(given.node, Literal::Object(_)));
    let when = when.map(|given| CONDITION.template(given, faults));
    // Nothing at all can be a payload too.
    let payload = emit.arguments.iter().find(|argument| argument.name.node == "payload");
    let payload = payload.map(|argument| PAYLOAD.template(&argument.value, faults));
    let on = on(emit, faults);
    let name = emit.string("name").filter(|name| checked(name, "name", |_| true, faults));
    let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    let sink = emit.string("to").filter(|name| checked(name, "to", plain, faults))?;
    Some(Emit {
        at: emit.name.at,
        name: name?.node.into(),
        sink: sink.node.into(),
        sink_at: sink.at,
        on,
        when: when.map_or(Some(None), |when| when.map(Some))?,
        payload: payload.map_or(Some(None), |payload| payload.map(Some))?,
    })
}

fn checked(
    name: &Spanned<&str>,
    argument: &str,
    fits: impl Fn(&str) -> bool,
    faults: &mut SchemaFaults,
) -> bool {
    let right = !name.node.trim().is_empty() && name.node.chars().count() <= LONGEST && fits(name.node);
    if !right {
        let message = format!("`{argument}` cannot be {}", quote(name.node));
        let help = match argument {
            "to" => "write the name of a sink, in letters, digits, `_` and `-`: 100 at the most",
            _ => "write a name of 1 to 100 characters",
        };
        faults.add(name.at, "event-name", message, help);
    }
    right
}

fn on(emit: &Directive, faults: &mut SchemaFaults) -> Vec<EmitOn> {
    let Some(given) = emit.argument("on") else { return EmitOn::ALL.to_vec() };
    if given.items().is_empty() {
        let help = "name the changes: CREATE, UPDATE, DELETE; or leave `on` out for all of them";
        faults.add(given.at, "event-on", "this names no change", help);
    }
    let named = |on: &EmitOn| {
        given.items().iter().any(|item| matches!(&item.node, Literal::Enum(name) if name == on.name()))
    };
    EmitOn::ALL.into_iter().filter(named).collect()
}

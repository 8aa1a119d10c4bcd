//! Rules and viewers at random, and what the rules say, worked out without oponn.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::support::dice::Dice;

mod fields;

pub use fields::Type;

/// A condition of a rule.
#[derive(Clone, Debug)]
pub enum Condition {
    Owner,
    Team,
    Public,
    Level,
    Tag,
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

use Condition::*;

impl Condition {
    pub fn draw(dice: &mut Dice, depth: usize) -> Condition {
        let inner = |dice: &mut Dice| Box::new(Condition::draw(dice, depth + 1));
        match dice.roll(if depth < 2 { 8 } else { 5 }) {
            0 => Owner,
            1 => Team,
            2 => Public,
            3 => Level,
            4 => Tag,
            5 => Not(inner(dice)),
            6 => And(inner(dice), inner(dice)),
            _ => Or(inner(dice), inner(dice)),
        }
    }

    /// As it is written in a schema file.
    pub fn text(&self) -> String {
        match self {
            Owner => r#"{owner: {eq: "$viewer.sub"}}"#.to_owned(),
            Team => r#"{team: {in: "$viewer.teams"}}"#.to_owned(),
            Public => "{public: {eq: true}}".to_owned(),
            Level => r#"{level: {lte: "$viewer.level"}}"#.to_owned(),
            Tag => r#"{tags: {hasAny: "$viewer.tags"}}"#.to_owned(),
            Not(inner) => format!("{{not: {}}}", inner.text()),
            And(a, b) => format!("{{and: [{}, {}]}}", a.text(), b.text()),
            Or(a, b) => format!("{{or: [{}, {}]}}", a.text(), b.text()),
        }
    }

    /// Whether the viewer has all the claims that it names, in types that fit.
    fn fits(&self, claims: &Json) -> bool {
        let texts = |name: &str| claims[name].as_array().is_some_and(|all| all.iter().all(Json::is_string));
        match self {
            Owner => claims["sub"].is_string(),
            Team => texts("teams"),
            Public => true,
            Level => claims["level"].is_i64(),
            Tag => texts("tags"),
            Not(inner) => inner.fits(claims),
            And(a, b) | Or(a, b) => a.fits(claims) && b.fits(claims),
        }
    }

    fn holds(&self, doc: &Json, claims: &Json) -> bool {
        let has = |name: &str, value: &Json| claims[name].as_array().is_some_and(|all| all.contains(value));
        match self {
            Owner => doc["owner"] == claims["sub"],
            Team => has("teams", &doc["team"]),
            Public => doc["public"] == true,
            Level => {
                doc["level"].as_i64().is_some_and(|level| level <= claims["level"].as_i64().unwrap_or(0))
            }
            Tag => doc["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| has("tags", tag))),
            Not(inner) => !inner.holds(doc, claims),
            And(a, b) => a.holds(doc, claims) && b.holds(doc, claims),
            Or(a, b) => a.holds(doc, claims) || b.holds(doc, claims),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    Read,
    Create,
    Update,
    Delete,
}

pub const ACTIONS: [(Action, &str); 4] = [
    (Action::Read, "read"),
    (Action::Create, "create"),
    (Action::Update, "update"),
    (Action::Delete, "delete"),
];

/// One `@access`: its roles, and for each action `None` for everything, or conditions.
#[derive(Clone, Debug)]
pub struct Grant {
    roles: Option<Vec<&'static str>>,
    rules: BTreeMap<Action, Option<Vec<Condition>>>,
}

impl Grant {
    pub fn draw(dice: &mut Dice) -> Grant {
        let roles = roles(dice);
        let mut rules = BTreeMap::new();
        for (action, _) in ACTIONS {
            let rule = match dice.roll(4) {
                0 if action == Action::Read => None,
                0 => continue,
                1 => Some(vec![Condition::draw(dice, 0), Condition::draw(dice, 0)]),
                _ => Some(vec![Condition::draw(dice, 0)]),
            };
            rules.insert(action, rule);
        }
        Grant { roles, rules }
    }

    pub fn text(&self) -> String {
        let roles = roles_text(&self.roles);
        let rule = |(action, name): &(Action, &str)| {
            let rule = self.rules.get(action)?;
            let value = rule.as_ref().map_or("true".to_owned(), |any| {
                format!("[{}]", any.iter().map(Condition::text).collect::<Vec<_>>().join(", "))
            });
            Some(format!("{name}: {value}"))
        };
        let rules: Vec<String> = ACTIONS.iter().filter_map(rule).collect();
        format!("@access({roles} {})", rules.join(" "))
    }
}

fn roles(dice: &mut Dice) -> Option<Vec<&'static str>> {
    match dice.roll(3) {
        0 => None,
        1 => Some(vec![dice.one_of(&["a", "b"])]),
        _ => Some(vec!["a", "b"]),
    }
}

fn roles_text(roles: &Option<Vec<&'static str>>) -> String {
    roles.as_ref().map(|roles| format!("roles: {roles:?}")).unwrap_or_default()
}

/// How far roles alone allow something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    Never,
    Sometimes,
    Always,
}

/// A viewer, with a token.
pub struct Viewer {
    pub roles: Vec<&'static str>,
    pub claims: Json,
    pub token: String,
}

impl Viewer {
    pub fn draw(dice: &mut Dice) -> Viewer {
        let roles: Vec<&str> = ["a", "b", "c"].into_iter().filter(|_| dice.once_in(2)).collect();
        let mut claims = json!({});
        let some = |dice: &mut Dice, from: &[&str]| -> Json {
            from.iter().filter(|_| dice.once_in(2)).map(|text| json!(text)).collect()
        };
        // Now and then a claim is missing, or is of a type that fits nothing.
        if !dice.once_in(6) {
            claims["sub"] = json!(dice.one_of(&["u0", "u1", "u2"]));
        }
        if !dice.once_in(6) {
            claims["teams"] = some(dice, &["t0", "t1", "t2"]);
        }
        if !dice.once_in(6) {
            claims["level"] = if dice.once_in(6) { json!("x") } else { json!(dice.roll(5)) };
        }
        if !dice.once_in(6) {
            claims["tags"] = if dice.once_in(6) { json!("x") } else { some(dice, &["x", "y"]) };
        }
        Viewer { token: super::token(&roles, claims.clone()), roles, claims }
    }

    /// Whether a rule for these roles is for the viewer.
    fn is_meant(&self, roles: &Option<Vec<&'static str>>) -> bool {
        roles.as_ref().is_none_or(|roles| roles.iter().any(|role| self.roles.contains(role)))
    }

    /// Whether one of the conditions holds for a document.
    fn satisfies(&self, any: &[Condition], doc: &Json) -> bool {
        any.iter().any(|one| one.fits(&self.claims) && one.holds(doc, &self.claims))
    }

    /// What the rules of a type for the viewer say of an action.
    fn rules<'g>(&self, action: Action, ty: &'g Type) -> impl Iterator<Item = &'g Option<Vec<Condition>>> {
        let own = ty.grants.iter().filter(|grant| self.is_meant(&grant.roles));
        own.filter_map(move |grant| grant.rules.get(&action))
    }

    /// How far the viewer's roles allow an action on documents of a type; what cannot be read cannot be written.
    pub fn reach(&self, action: Action, ty: &Type) -> Reach {
        let reach = |action| {
            let all = self.rules(action, ty);
            let one = |any: &Option<_>| if any.is_none() { Reach::Always } else { Reach::Sometimes };
            all.map(one).max().unwrap_or(Reach::Never)
        };
        reach(action).min(reach(Action::Read))
    }

    /// Whether the rules of a type allow an action on a document; what cannot be read cannot be written.
    pub fn may(&self, action: Action, ty: &Type, doc: &Json) -> bool {
        let allowed = |action| {
            self.rules(action, ty).any(|any| any.as_ref().is_none_or(|any| self.satisfies(any, doc)))
        };
        allowed(Action::Read) && (action == Action::Read || allowed(action))
    }

    /// How far the viewer's roles allow an action on a field of a type.
    pub fn field(&self, action: Action, ty: &Type, field: &str) -> Reach {
        ty.field(field).reach(self, action)
    }

    /// Whether the viewer may do this to the field of a document, on which the viewer may act.
    pub fn may_field(&self, action: Action, ty: &Type, field: &str, doc: &Json) -> bool {
        ty.field(field).may(self, action, doc)
    }
}

//! Rules of single fields at random, and what they say.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Action, Condition, Grant, Reach, Viewer, roles, roles_text};
use crate::support::dice::Dice;

const ACTIONS: [(Action, &str); 3] =
    [(Action::Read, "read"), (Action::Create, "create"), (Action::Update, "update")];

/// What one `@access` of a field allows: `None` for everything, or conditions.
type Allowed = Option<Vec<Condition>>;

/// One `@access` of a field.
#[derive(Clone, Debug)]
struct Rule {
    roles: Option<Vec<&'static str>>,
    rules: BTreeMap<Action, Allowed>,
}

/// The rules of a field or relation.
#[derive(Clone, Debug, Default)]
pub struct Field {
    rules: Vec<Rule>,
    /// Whether it is filled with the viewer's `sub`.
    pub is_owner: bool,
}

impl Field {
    fn draw(dice: &mut Dice, name: &str) -> Field {
        let is_owner = name == "owner" && dice.once_in(2);
        let actions = if matches!(name, "doc" | "parts") { &ACTIONS[..1] } else { &ACTIONS };
        let count = if dice.once_in(3) { 1 + dice.roll(2) } else { 0 };
        let mut rules = Vec::new();
        for _ in 0..count {
            let mut rule = Rule { roles: roles(dice), rules: BTreeMap::new() };
            for (action, _) in actions {
                let allowed = match dice.roll(4) {
                    0 => Some(Vec::new()),
                    1 => None,
                    2 => Some(vec![Condition::draw(dice, 1)]),
                    _ => continue,
                };
                rule.rules.insert(*action, allowed);
            }
            rules.push(rule);
        }
        rules.retain(|rule| !rule.rules.is_empty());
        Field { rules, is_owner }
    }

    fn text(&self) -> String {
        let mut text = if self.is_owner { " @owner(claim: \"sub\")".to_owned() } else { String::new() };
        for Rule { roles, rules } in &self.rules {
            let value = |allowed: &Allowed| match allowed {
                None => "true".to_owned(),
                Some(any) if any.is_empty() => "false".to_owned(),
                Some(any) => format!("[{}]", any.iter().map(Condition::text).collect::<Vec<_>>().join(", ")),
            };
            let rule =
                |(action, name): &(Action, &str)| Some(format!("{name}: {}", value(rules.get(action)?)));
            let rules: Vec<String> = ACTIONS.iter().filter_map(rule).collect();
            text += &format!(" @access({} {})", roles_text(roles), rules.join(" "));
        }
        text
    }

    /// What the rules for a viewer say of an action; `None` if nothing narrows it.
    fn of(&self, viewer: &Viewer, action: Action) -> Option<Vec<&Allowed>> {
        let is_narrowed = self.rules.iter().any(|rule| rule.rules.contains_key(&action));
        let is_filled = self.is_owner && action != Action::Read;
        if !is_narrowed && !is_filled {
            return None;
        }
        let own = self.rules.iter().filter(|rule| viewer.is_meant(&rule.roles));
        Some(own.filter_map(|rule| rule.rules.get(&action)).collect())
    }

    /// How far the viewer's roles allow an action.
    pub fn reach(&self, viewer: &Viewer, action: Action) -> Reach {
        let Some(all) = self.of(viewer, action) else { return Reach::Always };
        let reach = |allowed: &&Allowed| match allowed {
            None => Reach::Always,
            Some(any) if any.is_empty() => Reach::Never,
            Some(_) => Reach::Sometimes,
        };
        all.iter().map(reach).max().unwrap_or(Reach::Never)
    }

    /// Whether the viewer may do this to the field of a document.
    pub fn may(&self, viewer: &Viewer, action: Action, doc: &Json) -> bool {
        let Some(all) = self.of(viewer, action) else { return true };
        all.iter().any(|allowed| allowed.as_ref().is_none_or(|any| viewer.satisfies(any, doc)))
    }
}

/// A collection type: the rules of its documents and of its fields.
#[derive(Clone, Debug)]
pub struct Type {
    pub grants: Vec<Grant>,
    fields: BTreeMap<&'static str, Field>,
}

impl Type {
    pub fn draw(dice: &mut Dice, fields: &[&'static str]) -> Type {
        let grants = (0..1 + dice.roll(3)).map(|_| Grant::draw(dice)).collect();
        let fields = fields.iter().map(|name| (*name, Field::draw(dice, name))).collect();
        Type { grants, fields }
    }

    /// The rules of its documents, as they are written in a schema file.
    pub fn text(&self) -> String {
        self.grants.iter().map(Grant::text).collect::<Vec<_>>().join(" ")
    }

    /// The rules of a field, as they are written in a schema file.
    pub fn field_text(&self, name: &str) -> String {
        self.fields.get(name).map_or_else(String::new, Field::text)
    }

    pub fn field(&self, name: &str) -> &Field {
        static OPEN: Field = Field { rules: Vec::new(), is_owner: false };
        self.fields.get(name).unwrap_or(&OPEN)
    }
}

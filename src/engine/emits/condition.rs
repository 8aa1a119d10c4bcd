//! Reads the condition of an event: the language of filters, in which operands may be values of the documents.
//!
//! What has no such operand is read as a filter, by the one reader that there is for filters.

use serde_json::{Map, Value as Json, json};

use super::Reader;
use super::place::{Found, Named, Place};
use crate::engine::Step;
use crate::engine::input::{self, FilterLimits};
use crate::query::Filter;
use crate::query::emit::{Compare, Condition, Reference};
use crate::schema::{Field, Kind, Template};

const CODE: &str = "event-condition";

/// The operators that compare with values of the documents.
const OPERATORS: [(&str, Compare); 6] = [
    ("eq", Compare::Eq),
    ("ne", Compare::Ne),
    ("lt", Compare::Lt),
    ("lte", Compare::Lte),
    ("gt", Compare::Gt),
    ("gte", Compare::Gte),
];
/// The operators that compare with several values.
const OF_LISTS: [&str; 2] = ["in", "nin"];

/// An object of conditions: where it stands, and what its names mean.
struct Scope<'a> {
    within: &'a Template,
    /// Its path in the template.
    path: Vec<String>,
    /// The embedded fields that lead to it, as they are written.
    names: Vec<String>,
    fields: &'a [Field],
}

impl Reader<'_> {
    /// The condition of the event.
    pub(super) fn condition(&mut self, template: &Template) -> Condition {
        let of = self.of;
        let scope = Scope { within: template, path: Vec::new(), names: Vec::new(), fields: &of.fields };
        let condition = self.object(&scope, template.json());
        if self.faults.is_empty()
            && let Some(holds) = always(&condition)
        {
            let (message, help) = match holds {
                true => ("every change satisfies this condition", "correct it, or leave `when` out"),
                false => ("no change can satisfy this condition", "correct it, or remove the event"),
            };
            self.fault(template, &[], CODE, message.to_owned(), help);
        }
        condition
    }

    fn object(&mut self, scope: &Scope<'_>, given: &Json) -> Condition {
        let Json::Object(conditions) = given else { return self.constant(scope, given.clone()) };
        let mut all = Vec::new();
        for (key, value) in conditions {
            let inner = |step: Option<usize>| {
                let steps = [Some(key.clone()), step.map(|index| index.to_string())];
                let path = scope.path.iter().cloned().chain(steps.into_iter().flatten()).collect();
                Scope { within: scope.within, path, names: scope.names.clone(), fields: scope.fields }
            };
            all.push(match (key.as_str(), value) {
                ("and" | "or", Json::Array(items)) => {
                    let parts = items.iter().enumerate();
                    let parts = parts.map(|(index, item)| self.object(&inner(Some(index)), item)).collect();
                    if key == "and" { Condition::All(parts) } else { Condition::Any(parts) }
                }
                ("not", Json::Object(_)) => Condition::Not(Box::new(self.object(&inner(None), value))),
                ("and" | "or" | "not", _) => self.constant(scope, json!({ key: value })),
                _ => self.field(scope, key, value),
            });
        }
        Condition::All(all)
    }

    fn field(&mut self, scope: &Scope<'_>, name: &str, given: &Json) -> Condition {
        let of_id = name == "id" && scope.names.is_empty();
        let field = scope.fields.iter().find(|field| *field.name == *name);
        let (Some(operators), true) = (given.as_object(), of_id || field.is_some()) else {
            return self.constant(scope, json!({ name: given }));
        };
        let path: Vec<String> = scope.path.iter().cloned().chain([name.to_owned()]).collect();
        let names: Vec<String> = scope.names.iter().cloned().chain([name.to_owned()]).collect();
        if let Some(Field { ty, .. }) = field
            && let (Kind::Embedded(inner), None) = (&ty.kind, ty.list)
        {
            let fields = self.model.embedded.get(inner).map_or(&[][..], |inner| &inner.fields);
            let compares = |(key, operand): (&String, &Json)| {
                ["eq", "ne"].contains(&key.as_str())
                    && names_values(operand)
                    && fields.iter().all(|field| *field.name != **key)
            };
            if operators.is_empty() || !operators.iter().all(compares) {
                return self.object(&Scope { within: scope.within, path, names, fields }, given);
            }
        }
        let (comparing, constant): (Vec<_>, Vec<_>) =
            operators.iter().partition(|(_, operand)| names_values(operand));
        let mut all = Vec::new();
        if !constant.is_empty() || comparing.is_empty() {
            let rest: Map<String, Json> =
                constant.iter().map(|(name, value)| ((*name).clone(), (*value).clone())).collect();
            all.push(self.constant(scope, json!({ name: rest })));
        }
        for (operator, operand) in comparing {
            let place: Vec<String> = path.iter().cloned().chain([operator.clone()]).collect();
            if operators.contains_key("mode") {
                let message = "`mode` has no effect on values of the document".to_owned();
                self.fault(scope.within, &place, CODE, message, "leave `mode` out");
            }
            let own = Place::new(self.model, self.of).find(&names.join("."));
            if let Ok(own) = own {
                all.push(self.compared(scope.within, &place, &own, operator, operand));
            }
        }
        Condition::All(all)
    }

    /// A value of the document, compared with other values of the documents.
    fn compared(
        &mut self,
        within: &Template,
        path: &[String],
        own: &Found,
        operator: &str,
        operand: &Json,
    ) -> Condition {
        let compare = OPERATORS.iter().find(|(name, _)| *name == operator).map(|(_, compare)| *compare);
        match (compare, operand) {
            (Some(compare), Json::String(text)) => self.one(within, path, own, compare, text),
            (None, Json::Array(items)) if OF_LISTS.contains(&operator) => {
                let mut any = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let path: Vec<String> = path.iter().cloned().chain([index.to_string()]).collect();
                    match item {
                        Json::String(text) if names_values(item) => {
                            any.push(self.one(within, &path, own, Compare::Eq, text));
                        }
                        _ => {
                            let message = "this list has values of the document and others".to_owned();
                            let help = "write two lists: `or: [{... in: [...]}, {... in: [...]}]`";
                            self.fault(within, &path, CODE, message, help);
                        }
                    }
                }
                let any = Condition::Any(any);
                if operator == "nin" { Condition::Not(Box::new(any)) } else { any }
            }
            _ => {
                let message = format!("`{operator}` does not compare with values of the document");
                self.fault(within, path, CODE, message, "compare by eq, ne, in, nin, lt, lte, gt or gte");
                Condition::All(Vec::new())
            }
        }
    }

    fn one(
        &mut self,
        within: &Template,
        path: &[String],
        own: &Found,
        compare: Compare,
        text: &str,
    ) -> Condition {
        let nothing = Condition::All(Vec::new());
        let (side, name) = match self.named(text, within, path, CODE) {
            Some(Named::Of(side, Some(name))) => (side, name),
            Some(Named::Of(_, None)) => {
                let message = format!("{text:?} is a whole document, which no value compares with");
                self.fault(within, path, CODE, message, "name a value of it: \"$before.name\"");
                return nothing;
            }
            _ => return nothing,
        };
        let found = match Place::new(self.model, self.of).find(name) {
            Ok(found) => found,
            Err((message, help)) => {
                self.fault(within, path, CODE, message, &help);
                return nothing;
            }
        };
        if found.class != own.class {
            let message = format!("this never compares with `{name}`, which is of another type");
            self.fault(within, path, CODE, message, "compare values of the same type");
        } else if !matches!(compare, Compare::Eq | Compare::Ne) && !own.is_ordered() {
            let message = "only eq and ne compare lists, JSON and embedded values".to_owned();
            self.fault(within, path, CODE, message, "write `ne` for what has become another value");
        }
        Condition::Compare(own.path.clone(), compare, Reference { side, path: found.path })
    }

    /// A part of the condition without values of the documents: a filter.
    fn constant(&mut self, scope: &Scope<'_>, given: Json) -> Condition {
        let mut given = given;
        self.unescape(scope.within, &mut scope.path.clone(), &mut given);
        let wrapped = scope.names.iter().rev().fold(given, |inner, name| json!({ name: inner }));
        match input::filter(self.model, &self.of.name, &wrapped, &FilterLimits::default()) {
            Ok(filter) => Condition::Filter(filter.canonical()),
            Err(faults) => {
                for fault in faults {
                    let steps = fault.path.iter().skip(scope.names.len()).map(|step| match step {
                        Step::Key(key) => key.clone(),
                        Step::Index(index) => index.to_string(),
                    });
                    let path: Vec<String> = scope.path.iter().cloned().chain(steps).collect();
                    let at = scope.within.at(&path);
                    if self.faults.iter().any(|known| known.0 == at) {
                        // What is no constant fits nothing.
                        continue;
                    }
                    let relation = path.last().and_then(|name| self.of.relation(name));
                    let (message, help) = match relation {
                        Some(relation) => (
                            format!("`{}` leads to another document", relation.name),
                            "a condition is about the fields of its own document, such as the key".to_owned(),
                        ),
                        None => (
                            fault.message.clone(),
                            format!("write a filter as in `where` of `{}`", self.of.names.list),
                        ),
                    };
                    self.fault(scope.within, &path, CODE, message, &help);
                }
                Condition::Filter(Filter::none())
            }
        }
    }

    /// Takes texts that begin with `$$` for what they stand for; no other text may begin with `$`.
    fn unescape(&mut self, within: &Template, path: &mut Vec<String>, json: &mut Json) {
        match json {
            Json::String(text) => match self.named(&text.clone(), within, path, CODE) {
                Some(Named::Escaped(rest)) => *text = rest.to_owned(),
                Some(Named::Of(..)) => {
                    let message = format!("{text:?} cannot stand here");
                    let help = "compare a field of the document itself with it, by eq, ne, in, nin, lt, lte, gt or gte";
                    self.fault(within, path, CODE, message, help);
                }
                _ => {}
            },
            Json::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    path.push(index.to_string());
                    self.unescape(within, path, item);
                    path.pop();
                }
            }
            Json::Object(fields) => {
                for (name, value) in fields {
                    path.push(name.clone());
                    self.unescape(within, path, value);
                    path.pop();
                }
            }
            _ => {}
        }
    }
}

/// Whether an operand is a value of a document, or a list with one.
fn names_values(operand: &Json) -> bool {
    match operand {
        Json::String(text) => matches!(super::place::named(text), Some(Named::Of(..))),
        Json::Array(items) => items.iter().any(|item| item.is_string() && names_values(item)),
        _ => false,
    }
}

/// What a condition says of every change alike.
fn always(condition: &Condition) -> Option<bool> {
    let junction = |parts: &[Condition], decides: bool| {
        let said: Vec<Option<bool>> = parts.iter().map(always).collect();
        match said.contains(&Some(decides)) {
            true => Some(decides),
            false => said.iter().all(Option::is_some).then_some(!decides),
        }
    };
    match condition {
        Condition::All(parts) => junction(parts, false),
        Condition::Any(parts) => junction(parts, true),
        Condition::Not(inner) => always(inner).map(|holds| !holds),
        Condition::Filter(filter) if filter.is_all() => Some(true),
        Condition::Filter(filter) if filter.is_none() => Some(false),
        Condition::Filter(_) | Condition::Compare(..) => None,
    }
}

//! Literals of directives as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::schema::Template;
use crate::schema::diagnostic::{SchemaFaults, quote};
use crate::schema::syntax::*;

/// How the literals of one argument are read.
pub struct Reading {
    /// The rule that faults break.
    pub code: &'static str,
    /// What is wrong with a variable, and what to write instead.
    pub variable: (&'static str, &'static str),
    /// What to do about a key that is given twice.
    pub repeated: &'static str,
    /// Whether a text is allowed; else what is wrong with it, and what to write instead.
    pub text: fn(&str) -> Result<(), (String, &'static str)>,
}

impl Reading {
    /// The literal as JSON; `None`, and faults, if there is none.
    pub fn json(&self, literal: &Spanned<Literal>, faults: &mut SchemaFaults) -> Option<Json> {
        self.part(literal, &mut Vec::new(), &mut BTreeMap::new(), faults)
    }

    /// The literal with the places of its parts; `None`, and faults, if there is none.
    pub fn template(&self, literal: &Spanned<Literal>, faults: &mut SchemaFaults) -> Option<Template> {
        let mut places = BTreeMap::new();
        let json = self.part(literal, &mut Vec::new(), &mut places, faults)?;
        Some(Template::new(json, places))
    }

    fn part(
        &self,
        literal: &Spanned<Literal>,
        path: &mut Vec<String>,
        places: &mut BTreeMap<Vec<String>, At>,
        faults: &mut SchemaFaults,
    ) -> Option<Json> {
        places.insert(path.clone(), literal.at);
        let mut wrong = |message: String, help: &str| {
            faults.add(literal.at, self.code, message, help);
            None
        };
        match &literal.node {
            Literal::Null => Some(Json::Null),
            Literal::Boolean(value) => Some(Json::Bool(*value)),
            Literal::Int(text) | Literal::Float(text) => match serde_json::from_str(text) {
                Ok(number) => Some(number),
                Err(_) => wrong(format!("{} is no number", quote(text)), "write it with fewer digits"),
            },
            Literal::String(text) => match (self.text)(text) {
                Ok(()) => Some(Json::String(text.clone())),
                Err((message, help)) => wrong(message, help),
            },
            Literal::Enum(text) => Some(Json::String(text.clone())),
            Literal::Variable => wrong(self.variable.0.to_owned(), self.variable.1),
            Literal::List(items) => {
                // Looks at every item, to find all faults.
                let mut all = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    path.push(index.to_string());
                    all.push(self.part(item, path, places, faults));
                    path.pop();
                }
                all.into_iter().collect::<Option<Vec<_>>>().map(Json::Array)
            }
            Literal::Object(fields) => {
                let mut object = Map::new();
                let mut complete = true;
                for (name, value) in fields {
                    path.push(name.node.clone());
                    let value = self.part(value, path, places, faults);
                    path.pop();
                    match value {
                        Some(value) if !object.contains_key(&name.node) => {
                            drop(object.insert(name.node.clone(), value))
                        }
                        Some(_) => {
                            let message = format!("{} is given twice", quote(&name.node));
                            faults.add(name.at, self.code, message, self.repeated);
                            complete = false;
                        }
                        None => complete = false,
                    }
                }
                complete.then_some(Json::Object(object))
            }
        }
    }
}

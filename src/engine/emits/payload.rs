//! Reads what an event tells.

use serde_json::Value as Json;

use super::Reader;
use super::place::{Named, Place};
use crate::query::emit::{Part, Reference};
use crate::schema::Template;

const CODE: &str = "event-payload";

impl Reader<'_> {
    /// What the event tells.
    pub(super) fn payload(&mut self, template: &Template) -> Part {
        self.part(template, template.json(), &mut Vec::new())
    }

    fn part(&mut self, within: &Template, json: &Json, path: &mut Vec<String>) -> Part {
        let mut inside = |reader: &mut Self, key: String, json: &Json| {
            path.push(key);
            let part = reader.part(within, json, path);
            path.pop();
            part
        };
        match json {
            Json::Array(items) => {
                let items = items.iter().enumerate();
                Part::List(items.map(|(index, item)| inside(self, index.to_string(), item)).collect())
            }
            Json::Object(fields) => Part::Object(
                fields
                    .iter()
                    .map(|(name, value)| (name.clone(), inside(self, name.clone(), value)))
                    .collect(),
            ),
            Json::String(text) => match self.named(text, within, path, CODE) {
                None | Some(Named::Nothing) => Part::Constant(json.clone()),
                Some(Named::Escaped(rest)) => Part::Constant(rest.into()),
                Some(Named::Of(side, None)) => {
                    Part::Document(side, Place::new(self.model, self.of).document())
                }
                Some(Named::Of(side, Some(name))) => match Place::new(self.model, self.of).find(name) {
                    Ok(found) => Part::Value(Reference { side, path: found.path }, found.shape),
                    Err((message, help)) => {
                        self.fault(within, path, CODE, message, &help);
                        Part::Constant(Json::Null)
                    }
                },
            },
            constant => Part::Constant(constant.clone()),
        }
    }
}

//! What variables take, in JSON Schema: their types, and the rules of the fields that their values go to.

use std::collections::{BTreeMap, HashMap};

use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::schema::{ExtendedType, InputObjectType};
use bson::Bson;
use serde_json::{Map, Value as Json, json};

use super::scalars::nullable;
use super::usage::Place;
use super::{SCHEMAS, scalars};
use crate::schema::{Collection, Field, IdKind, Kind, Model, Scalar, names};

/// Describes what variables take.
pub struct Inputs<'a> {
    model: &'a Model,
    schema: &'a Schema,
    /// Maximum rows of a page.
    page_max: u64,
    /// What is known of fields of input objects and of arguments, by the type and the field, and the argument if it is one.
    rules: HashMap<(String, String, Option<String>), Rule<'a>>,
    /// Types that are described under names; `None` while they are being described.
    types: BTreeMap<String, Option<Json>>,
}

/// What goes to a place.
#[derive(Clone, Copy)]
enum Rule<'a> {
    /// The value of a field.
    Field(&'a Field),
    /// The id of a document.
    Id(IdKind),
}

impl<'a> Inputs<'a> {
    /// Describes what operations on the API of a model take.
    pub fn new(model: &'a Model, schema: &'a Schema, page_max: u64) -> Inputs<'a> {
        let mut inputs = Inputs { model, schema, page_max, rules: HashMap::new(), types: BTreeMap::new() };
        for collection in &model.collections {
            inputs.collection(collection);
        }
        for embedded in model.embedded.values() {
            for field in &embedded.fields {
                inputs.rule(&names::input(&embedded.name), &field.name, None, Rule::Field(field));
            }
        }
        inputs
    }

    /// What a variable of a type takes whose value goes to these places.
    pub fn variable(&mut self, ty: &Type, places: &[Place]) -> Json {
        let mut all: Vec<Json> = Vec::new();
        for place in places {
            let argument = place.argument.as_ref().map(ToString::to_string);
            let rows = argument.as_deref().and_then(|argument| self.rows(argument));
            let rule = self.rules.get(&(place.of.to_string(), place.field.to_string(), argument)).copied();
            let described = match (rule, place.is_item) {
                (Some(Rule::Field(field)), true) => self.item(field),
                (Some(Rule::Field(field)), false) => self.field(field),
                (Some(Rule::Id(kind)), _) => scalars::id(kind),
                (None, _) => match rows {
                    Some(rows) => rows,
                    None => continue,
                },
            };
            if !all.contains(&described) {
                all.push(described);
            }
        }
        let described = match all.len() {
            0 => self.of_type(&ty.clone().non_null()),
            1 => all.remove(0),
            _ => json!({ "allOf": all }),
        };
        let takes_null = !ty.is_non_null() && places.iter().all(|place| self.takes_null(place));
        if takes_null { nullable(described) } else { described }
    }

    /// What an argument of a page takes that counts rows.
    fn rows(&self, argument: &str) -> Option<Json> {
        let most = match argument {
            "first" | "last" => self.page_max,
            "offset" => i32::MAX as u64,
            _ => return None,
        };
        Some(json!({ "type": "integer", "format": "int32", "minimum": 0, "maximum": most }))
    }

    /// The types that were described under names.
    pub fn finish(self) -> BTreeMap<String, Json> {
        self.types.into_iter().filter_map(|(name, described)| Some((name, described?))).collect()
    }

    fn rule(&mut self, of: &str, field: &str, argument: Option<&str>, rule: Rule<'a>) {
        self.rules.insert((of.to_owned(), field.to_owned(), argument.map(str::to_owned)), rule);
    }

    fn collection(&mut self, collection: &'a Collection) {
        let name = &*collection.name;
        for field in &collection.fields {
            self.rule(&names::input(name), &field.name, None, Rule::Field(field));
            self.rule(&names::patch(name), &field.name, None, Rule::Field(field));
        }
        let id = Rule::Id(collection.id);
        self.rule(&names::input(name), "id", None, id);
        self.rule(names::QUERY, &collection.names.single, Some("id"), id);
        self.rule(names::MUTATION, &names::update(name), Some("id"), id);
        self.rule(names::MUTATION, &names::delete(name), Some("id"), id);
        for key in &collection.uniques {
            let roots = [
                (names::QUERY, names::lookup(&collection.names.single, &key.name)),
                (names::MUTATION, names::update_by(name, &key.name)),
                (names::MUTATION, names::delete_by(name, &key.name)),
            ];
            for field in key.fields.iter().filter_map(|field| collection.field(field)) {
                // A document is looked for by any value of the type: rules of the field are for what is stored.
                let rule = match (&field.ty.kind, &field.references) {
                    (Kind::Scalar(Scalar::Id), Some(of)) => {
                        self.model.collection(of).map(|of| Rule::Id(of.id))
                    }
                    _ => None,
                };
                for (of, root) in roots.iter().filter(|_| rule.is_some()) {
                    self.rules.extend(
                        rule.map(|rule| {
                            (((*of).to_owned(), root.clone(), Some(field.name.to_string())), rule)
                        }),
                    );
                }
            }
        }
    }

    /// Whether null may be given for what goes to a place.
    fn takes_null(&self, place: &Place) -> bool {
        let argument = place.argument.as_ref().map(ToString::to_string);
        match self.rules.get(&(place.of.to_string(), place.field.to_string(), argument)) {
            Some(Rule::Field(field)) if place.is_item => field.ty.list == Some(false),
            Some(Rule::Field(field)) => !field.ty.required,
            Some(Rule::Id(_)) => false,
            None => true,
        }
    }

    /// What a field takes, null aside.
    fn field(&mut self, field: &Field) -> Json {
        let Some(required) = field.ty.list else {
            let mut described = self.item(field);
            set_length(&mut described, field, ["minLength", "maxLength"]);
            return described;
        };
        let item = self.item(field);
        let item = if required { item } else { nullable(item) };
        let mut described = json!({ "type": "array", "items": item });
        set_length(&mut described, field, ["minItems", "maxItems"]);
        described
    }

    /// What one value of a field takes, null and length aside.
    fn item(&mut self, field: &Field) -> Json {
        let mut described = match &field.ty.kind {
            Kind::Scalar(Scalar::Id) => {
                let of = field.references.as_deref().and_then(|of| self.model.collection(of));
                of.map_or_else(|| scalars::taken(Scalar::Id), |of| scalars::id(of.id))
            }
            Kind::Scalar(scalar) => scalars::taken(*scalar),
            Kind::Enum(name) => self.named(name),
            Kind::Embedded(name) => self.named(&names::input(name)),
        };
        let Some(rules) = described.as_object_mut() else { return described };
        for (name, bound) in [("minimum", &field.range.0), ("maximum", &field.range.1)] {
            let number = match bound {
                Some(Bson::Int32(bound)) => Some(json!(bound)),
                Some(Bson::Int64(bound)) => Some(json!(bound)),
                Some(Bson::Double(bound)) => Some(json!(bound)),
                _ => None,
            };
            rules.extend(number.map(|number| (name.to_owned(), number)));
        }
        if let Some((pattern, _)) = &field.pattern {
            rules.insert("pattern".to_owned(), json!(pattern));
        }
        described
    }

    /// What a type of the API takes.
    fn of_type(&mut self, ty: &Type) -> Json {
        let described = match ty.is_list() {
            true => json!({ "type": "array", "items": self.of_type(ty.item_type()) }),
            false => self.named(ty.inner_named_type()),
        };
        if ty.is_non_null() { described } else { nullable(described) }
    }

    fn named(&mut self, name: &str) -> Json {
        match self.schema.types.get(name) {
            Some(ExtendedType::Enum(ty)) => {
                json!({ "type": "string", "enum": ty.values.keys().map(|value| value.as_str()).collect::<Vec<_>>() })
            }
            Some(ExtendedType::InputObject(ty)) => {
                if !self.types.contains_key(name) {
                    self.types.insert(name.to_owned(), None);
                    let described = self.object(ty);
                    self.types.insert(name.to_owned(), Some(described));
                }
                json!({ "$ref": format!("{SCHEMAS}{name}") })
            }
            _ => Scalar::from_name(name).map_or_else(|| json!({}), scalars::taken),
        }
    }

    fn object(&mut self, ty: &InputObjectType) -> Json {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for field in ty.fields.values() {
            let place =
                Place { of: ty.name.clone(), field: field.name.clone(), argument: None, is_item: false };
            let mut described = self.variable(&field.ty, &[place]);
            if let (Some(text), Some(rules)) = (&field.description, described.as_object_mut()) {
                rules.insert("description".to_owned(), json!(text.as_str()));
            }
            properties.insert(field.name.to_string(), described);
            if field.ty.is_non_null() && field.default_value.is_none() {
                required.push(json!(field.name.as_str()));
            }
        }
        let mut described =
            json!({ "type": "object", "properties": properties, "additionalProperties": false });
        if !required.is_empty() {
            described["required"] = Json::Array(required);
        }
        if ty.directives.has("oneOf") {
            (described["minProperties"], described["maxProperties"]) = (json!(1), json!(1));
        }
        described
    }
}

fn set_length(described: &mut Json, field: &Field, names: [&str; 2]) {
    let Some(rules) = described.as_object_mut() else { return };
    for (name, bound) in names.into_iter().zip([field.length.0, field.length.1]) {
        rules.extend(bound.map(|bound| (name.to_owned(), json!(bound))));
    }
}

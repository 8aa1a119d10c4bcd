//! The routes described in OpenAPI 3.1.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::problem::status_of;
use super::route::{From, Input, NO_CONTENT, Routes, Served};
use crate::metrics::{ErrorCode, Label};
use crate::operations::Method;

/// What is said of an API beside its routes.
#[derive(Clone, Debug)]
pub(in crate::server) struct About {
    /// The name of the API.
    pub(in crate::server) title: String,
    /// Its version.
    pub(in crate::server) version: String,
    /// Whether whoever asks has to say who they are; `None` where nobody is asked.
    pub(in crate::server) required_identity: Option<bool>,
    /// Whether clients have quotas.
    pub(in crate::server) has_quotas: bool,
}

const PROBLEM: &str = "Problem";

impl Routes {
    /// The description of the routes.
    pub(super) fn openapi(&self, about: &About) -> Json {
        let (mut paths, mut schemas) = (Map::new(), BTreeMap::new());
        for route in self.all() {
            schemas.extend(route.signature.types.clone());
            let path = paths.entry(&route.template).or_insert_with(|| json!({}));
            let method = route.method.as_str().to_ascii_lowercase();
            let described = operation(route, about);
            if method == "get" {
                path["head"] = head(&described);
            }
            path[method] = described;
        }
        schemas.insert(PROBLEM.to_owned(), problem());
        let mut components = json!({ "schemas": schemas });
        let mut described = json!({
            "openapi": "3.1.0",
            "info": { "title": about.title, "version": about.version },
            "paths": paths,
        });
        if let Some(required) = about.required_identity {
            components["securitySchemes"] = json!({
                "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                "key": { "type": "apiKey", "in": "header", "name": "x-api-key" },
            });
            let mut ways = vec![json!({ "token": [] }), json!({ "key": [] })];
            if !required {
                ways.push(json!({}));
            }
            described["security"] = Json::Array(ways);
        }
        described["components"] = components;
        described
    }
}

fn operation(route: &Served, about: &About) -> Json {
    let parameters: Vec<Json> = route.inputs.iter().filter_map(parameter).collect();
    let mut described = json!({ "operationId": &*route.name, "responses": responses(route, about) });
    if !parameters.is_empty() {
        described["parameters"] = Json::Array(parameters);
    }
    if let Some(body) = request_body(route) {
        described["requestBody"] = body;
    }
    described
}

/// What a HEAD of a path is: a GET without its body.
fn head(get: &Json) -> Json {
    let mut head = get.clone();
    head["operationId"] = json!(format!("{}Head", get["operationId"].as_str().unwrap_or_default()));
    if let Some(responses) = head["responses"].as_object_mut() {
        for response in responses.values_mut().filter_map(Json::as_object_mut) {
            response.remove("content");
        }
    }
    head
}

fn parameter(input: &Input) -> Option<Json> {
    let (place, name) = match &input.from {
        From::Path(_) => ("path", input.variable.name.as_str()),
        From::Query(name) => ("query", name.as_str()),
        From::Header(name) => ("header", name.as_str()),
        From::Member | From::Body => return None,
    };
    let is_required = input.variable.required || place == "path";
    let mut schema = as_text(input.variable.schema.clone());
    if place == "path" {
        not_empty(&mut schema);
    }
    if let (Some(default), Some(fields)) = (&input.variable.default, schema.as_object_mut()) {
        fields.insert("default".to_owned(), default.clone());
    }
    Some(json!({ "name": name, "in": place, "required": is_required, "schema": schema }))
}

/// What a value that is written as text takes: no null, and a string where other values would do as well.
fn as_text(mut schema: Json) -> Json {
    let Some(fields) = schema.as_object_mut() else { return schema };
    if let Some(items) = fields.get_mut("items") {
        *items = as_text(items.take());
    }
    if let Some(Json::Array(all)) = fields.get("anyOf")
        && let [first, null] = &all[..]
        && null["type"] == "null"
    {
        return as_text(first.clone());
    }
    if let Some(Json::Array(values)) = fields.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Json::Array(types)) = fields.get("type") {
        let types: Vec<Json> = types.iter().filter(|ty| **ty != "null").cloned().collect();
        let text = json!("string");
        let ty = if types.contains(&text) { text } else { types.first().cloned().unwrap_or_default() };
        if ty == "string" {
            fields.remove("minimum");
            fields.remove("maximum");
        }
        fields.insert("type".to_owned(), ty);
    }
    schema
}

/// An empty part of a path is none.
fn not_empty(schema: &mut Json) {
    if let Some(fields) = schema.as_object_mut()
        && fields.get("type").is_some_and(|ty| ty == "string")
        && !fields.contains_key("enum")
        && !fields.contains_key("minLength")
    {
        fields.insert("minLength".to_owned(), json!(1));
    }
}

fn request_body(route: &Served) -> Option<Json> {
    let content = |schema: Json, required: bool| json!({ "required": required, "content": { "application/json": { "schema": schema } } });
    if let Some(whole) = route.inputs.iter().find(|input| input.from == From::Body) {
        return Some(content(whole.variable.schema.clone(), whole.variable.required));
    }
    let members: Vec<&Input> = route.inputs.iter().filter(|input| input.from == From::Member).collect();
    if members.is_empty() {
        return None;
    }
    let mut properties = Map::new();
    for Input { variable, .. } in &members {
        let mut schema = variable.schema.clone();
        if let (Some(default), Some(fields)) = (&variable.default, schema.as_object_mut()) {
            fields.insert("default".to_owned(), default.clone());
        }
        properties.insert(variable.name.clone(), schema);
    }
    let required: Vec<&str> = members
        .iter()
        .filter(|input| input.variable.required)
        .map(|input| input.variable.name.as_str())
        .collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    Some(content(schema, !required.is_empty()))
}

fn responses(route: &Served, about: &About) -> Json {
    let mut responses: BTreeMap<u16, Json> = BTreeMap::new();
    let is_read = route.method == Method::Get;
    let mut schema = route.shape.to_schema();
    if route.empty.is_some() {
        schema = route.shape.without_null();
    }
    let mut success = json!({ "description": "What was asked for." });
    if route.status == NO_CONTENT {
        success = json!({ "description": "Done." });
    } else {
        success["content"] = json!({ "application/json": { "schema": schema } });
    }
    if is_read {
        let tag =
            json!({ "description": "Tells this content from any other.", "schema": { "type": "string" } });
        success["headers"] = json!({ "etag": tag });
        responses.insert(304, json!({ "description": "What the sender has, by `if-none-match`." }));
    }
    responses.insert(route.status, success);
    match route.empty {
        Some(status) if status >= 400 => drop(responses.insert(status, told("There is no such thing."))),
        Some(NO_CONTENT) => drop(responses.insert(NO_CONTENT, json!({ "description": "There is nothing." }))),
        Some(status) => {
            let content = json!({ "application/json": { "schema": { "type": "null" } } });
            responses
                .entry(status)
                .or_insert(json!({ "description": "There is nothing.", "content": content }));
        }
        None => {}
    }
    for (status, text) in failures(route, about) {
        responses.entry(status).or_insert_with(|| told(&text));
    }
    let responses = responses.into_iter().map(|(status, response)| (status.to_string(), response));
    Json::Object(responses.collect())
}

/// The statuses with which a route can fail, and why.
fn failures(route: &Served, about: &About) -> BTreeMap<u16, String> {
    let has_body = route.inputs.iter().any(|input| matches!(input.from, From::Member | From::Body));
    let is_write = !route.signature.is_query;
    let mut codes: BTreeSet<(u16, &str)> = BTreeSet::new();
    let mut add = |code: ErrorCode| {
        let own = route.errors.iter().find(|(own, _)| *own == code).map(|(_, status)| *status);
        codes.insert((own.unwrap_or_else(|| status_of(code)), code.as_str()));
    };
    let mut all = vec![
        ErrorCode::BadUserInput,
        ErrorCode::TooComplex,
        ErrorCode::Internal,
        ErrorCode::Unavailable,
        ErrorCode::Overloaded,
        ErrorCode::Timeout,
        // Pages of other sites, and rules of access.
        ErrorCode::Forbidden,
    ];
    if is_write {
        all.extend([
            ErrorCode::NotFound,
            ErrorCode::Conflict,
            ErrorCode::VersionMismatch,
            ErrorCode::OutOfRange,
        ]);
    }
    if about.required_identity.is_some() || !route.claims.is_empty() {
        all.push(ErrorCode::Unauthenticated);
    }
    if about.has_quotas {
        all.push(ErrorCode::RateLimited);
    }
    all.into_iter().for_each(&mut add);
    route.errors.iter().for_each(|(code, _)| add(*code));
    let mut failures: BTreeMap<u16, String> = BTreeMap::new();
    for (status, code) in codes {
        let text = failures.entry(status).or_default();
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&format!("`{code}`"));
    }
    if route.status != NO_CONTENT {
        failures.entry(406).or_insert_with(|| "The sender does not accept JSON.".to_owned());
    }
    if has_body || route.method.has_body() {
        for (status, text) in
            [(408, "The body took too long."), (413, "The body is too large."), (415, "The body is no JSON.")]
        {
            failures.entry(status).or_insert_with(|| text.to_owned());
        }
    }
    failures
}

fn told(text: &str) -> Json {
    let schema = json!({ "$ref": format!("#/components/schemas/{PROBLEM}") });
    json!({ "description": text, "content": { "application/problem+json": { "schema": schema } } })
}

fn problem() -> Json {
    let text = |text: &str| json!({ "type": "string", "description": text });
    json!({
        "type": "object",
        "description": "What goes wrong, as RFC 9457 has it.",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": text("`about:blank`: `status` and `code` say all."),
            "title": text("The meaning of the status."),
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": text("What is wrong, and what to do."),
            "code": text("What kind of error it is; it does not change."),
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["detail", "code"],
                    "properties": {
                        "detail": text("What is wrong."),
                        "code": text("What kind of error it is."),
                        "in": { "enum": ["path", "query", "header", "body"] },
                        "parameter": text("The name of the parameter."),
                        "pointer": text("The place in the body, as a JSON pointer."),
                    },
                },
            },
        },
    })
}

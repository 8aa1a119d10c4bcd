//! The description of the routes: for programs as OpenAPI, for people as a page made from it.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::Value as Json;

use super::{About, RouteLabel, Routes};
use crate::server::ServerState;
use crate::server::html::escaped;

/// Where the descriptions are.
pub(in crate::server) const FOR_PROGRAMS: &str = "/openapi.json";
pub(in crate::server) const FOR_PEOPLE: &str = "/openapi";

/// Nothing is loaded, and nothing runs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
    color-scheme:light dark}code,pre{font:14px/1.5 ui-monospace,monospace}pre{overflow:auto;padding:.75rem;\
    border:1px solid #8884}h2{border-top:1px solid #8884;padding-top:1rem}td,th{text-align:left;padding:.1rem \
    1rem .1rem 0;vertical-align:top}b{color:#07c}";

/// Both descriptions, made once.
pub(in crate::server) struct Described {
    openapi: Bytes,
    page: Bytes,
}

impl Described {
    /// Describes the routes.
    pub(in crate::server) fn new(routes: &Routes, about: &About) -> Described {
        let openapi = routes.openapi(about);
        Described { page: page(&openapi).into(), openapi: openapi.to_string().into() }
    }
}

/// `GET /openapi.json`
pub(in crate::server) async fn openapi(State(state): State<Arc<ServerState>>) -> Response {
    sent("application/json", state.described.openapi.clone())
}

/// `GET /openapi`
pub(in crate::server) async fn people(State(state): State<Arc<ServerState>>) -> Response {
    sent("text/html; charset=utf-8", state.described.page.clone())
}

fn sent(media: &'static str, body: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let mut response = (headers, body).into_response();
    response.extensions_mut().insert(RouteLabel::Rest);
    response
}

fn page(openapi: &Json) -> String {
    let mut out = String::new();
    write_page(openapi, &mut out).expect("writing to a string cannot fail");
    out
}

fn write_page(openapi: &Json, out: &mut String) -> std::fmt::Result {
    let title = escaped(text(&openapi["info"]["title"]));
    write!(
        out,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=\
                 device-width\"><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>"
    )?;
    write!(
        out,
        "<p>Version {}. For programs: <a href=\"openapi.json\">OpenAPI</a>.</p>",
        escaped(text(&openapi["info"]["version"]))
    )?;
    for (path, methods) in members(&openapi["paths"]) {
        for (method, route) in members(methods).filter(|(method, _)| *method != "head") {
            write!(out, "<h2><code><b>{}</b> {}</code></h2>", method.to_ascii_uppercase(), escaped(path))?;
            write_route(route, out)?;
        }
    }
    write!(out, "<h2>Types</h2>")?;
    for (name, schema) in members(&openapi["components"]["schemas"]) {
        write!(out, "<h3 id=\"{0}\">{0}</h3><pre>{1}</pre>", escaped(name), pretty(schema))?;
    }
    write!(out, "</html>")
}

fn write_route(route: &Json, out: &mut String) -> std::fmt::Result {
    write!(out, "<p>Operation <code>{}</code></p>", escaped(text(&route["operationId"])))?;
    let parameters = route["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    if !parameters.is_empty() {
        write!(out, "<table><tr><th>Parameter<th>In<th>Required<th>Type</tr>")?;
        for parameter in parameters {
            let required = if parameter["required"] == true { "yes" } else { "no" };
            write!(
                out,
                "<tr><td><code>{}</code><td>{}<td>{required}<td><code>{}</code></tr>",
                escaped(text(&parameter["name"])),
                escaped(text(&parameter["in"])),
                escaped(&parameter["schema"].to_string()),
            )?;
        }
        write!(out, "</table>")?;
    }
    let body = &route["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        write!(out, "<p>Body</p><pre>{}</pre>", pretty(body))?;
    }
    write!(out, "<table><tr><th>Status<th>Meaning</tr>")?;
    for (status, response) in members(&route["responses"]) {
        write!(out, "<tr><td>{status}<td>{}</tr>", escaped(text(&response["description"])))?;
    }
    write!(out, "</table>")?;
    for (status, response) in members(&route["responses"]) {
        let schema = &response["content"]["application/json"]["schema"];
        if !schema.is_null() {
            write!(out, "<p>{status}</p><pre>{}</pre>", pretty(schema))?;
        }
    }
    Ok(())
}

fn members(object: &Json) -> impl Iterator<Item = (&String, &Json)> {
    object.as_object().into_iter().flatten()
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}

fn pretty(value: &Json) -> String {
    escaped(&serde_json::to_string_pretty(value).unwrap_or_default())
}

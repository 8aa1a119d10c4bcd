//! Turns the text of an HTTP request into GraphQL requests.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use super::document_id::DocumentId;
use super::fault::RequestFault;
use crate::graphql::ApiRequest;
use crate::value::json;

/// The content of a POST.
pub(super) enum Requests {
    One(Asked),
    Batch(Vec<Asked>),
}

/// One request as the client sent it.
pub(super) struct Asked {
    pub(super) request: ApiRequest,
    /// Whether the request has a text; otherwise an id stands for it, or the operation's name.
    pub(super) has_text: bool,
    pub(super) ids: Vec<DocumentId>,
}

/// The requests in the body of a POST.
pub(super) fn from_body(body: &[u8], batch_max: Option<usize>) -> Result<Requests, RequestFault> {
    let json = json::parse(body)
        .map_err(|error| RequestFault::bad_request(format!("The body is not valid JSON: {error}.")))?;
    match (json, batch_max) {
        (Json::Object(fields), _) => request(fields).map(Requests::One),
        (Json::Array(_), None) => Err(RequestFault::bad_request(
            "Several operations in one request are turned off here; send one JSON object with `query`.",
        )),
        (Json::Array(items), Some(max)) if items.is_empty() || items.len() > max => {
            let message = format!("A request may carry 1 to {max} operations; this one has {}.", items.len());
            Err(RequestFault::bad_request(message))
        }
        (Json::Array(items), Some(_)) => {
            let item = |item| match item {
                Json::Object(fields) => request(fields),
                _ => Err(RequestFault::bad_request("Each operation has to be a JSON object with `query`.")),
            };
            items.into_iter().map(item).collect::<Result<_, _>>().map(Requests::Batch)
        }
        _ => Err(RequestFault::bad_request("The body has to be a JSON object with `query`.")),
    }
}

/// The request in the query string of a GET.
pub(super) fn from_query(text: &str) -> Result<Asked, RequestFault> {
    let mut fields = Map::new();
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        let value = match name.as_ref() {
            "variables" | "extensions" if !value.is_empty() => parameter(&name, value)?,
            // An empty parameter counts as left out.
            "variables" | "extensions" | "operationName" if value.is_empty() => Json::Null,
            _ => Json::String(value.into_owned()),
        };
        if fields.insert(name.clone().into_owned(), value).is_some() {
            return Err(RequestFault::bad_request(format!(
                "The parameter `{name}` is given more than once."
            )));
        }
    }
    let mut asked = request(fields)?;
    asked.request.read_only = true;
    Ok(asked)
}

fn parameter(name: &str, value: Cow<'_, str>) -> Result<Json, RequestFault> {
    json::parse(value.as_bytes()).map_err(|error| {
        RequestFault::bad_request(format!("The parameter `{name}` is not valid JSON: {error}."))
    })
}

/// Parses one request. Ignores unknown members, as the specification demands, and all extensions but the one that
/// names the text by its hash; still, `extensions` has to be an object.
fn request(mut fields: Map<String, Json>) -> Result<Asked, RequestFault> {
    let extensions = object(&mut fields, "extensions")?;
    let query = match fields.remove("query") {
        None | Some(Json::Null) => None,
        Some(Json::String(query)) => Some(query),
        Some(_) => return Err(RequestFault::bad_request("`query` has to be a string.")),
    };
    let ids = DocumentId::all(&mut fields, &extensions, query.as_ref().is_some_and(|text| !text.is_empty()))?;
    // Clients that send only an id leave the text out in these ways.
    let query = query.filter(|text| !text.is_empty() || ids.is_empty());
    let operation_name = match fields.remove("operationName") {
        None | Some(Json::Null) => None,
        Some(Json::String(name)) => Some(name),
        Some(_) => return Err(RequestFault::bad_request("`operationName` has to be a string or null.")),
    };
    let variables = object(&mut fields, "variables")?;
    let has_text = query.is_some();
    let query = query.unwrap_or_default();
    let request = ApiRequest { query, operation_name, variables, ..ApiRequest::default() };
    Ok(Asked { request, has_text, ids })
}

fn object(fields: &mut Map<String, Json>, name: &str) -> Result<Map<String, Json>, RequestFault> {
    match fields.remove(name) {
        None | Some(Json::Null) => Ok(Map::new()),
        Some(Json::Object(object)) => Ok(object),
        Some(_) => Err(RequestFault::bad_request(format!("`{name}` has to be an object or null."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_text() {
        let body = br#"{"query": "q", "variables": {"price": 12345678901234567890.10}}"#;
        let Ok(Requests::One(asked)) = from_body(body, None) else { panic!("one request") };
        assert_eq!(asked.request.variables["price"].to_string(), "12345678901234567890.10");
    }

    #[test]
    fn deep_nesting_is_refused() {
        let body = format!(r#"{{"query": "q", "variables": {}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert!(from_body(body.as_bytes(), None).is_err());
    }
}

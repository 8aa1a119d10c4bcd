//! Problem details: what goes wrong, told as RFC 9457 has it.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value as Json, json};

use super::route::{From, Served};
use crate::metrics::{ErrorCode, Label};
use crate::server::fault::RequestFault;

/// The media type of problems.
const MEDIA: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Something that goes wrong with a request.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    /// Each fault of the request, and where it is.
    errors: Vec<Json>,
    /// Further members.
    more: Vec<(String, Json)>,
}

/// The usual status of an error.
pub(super) fn status_of(code: ErrorCode) -> u16 {
    match code {
        ErrorCode::BadUserInput | ErrorCode::OutOfRange | ErrorCode::TooComplex => 400,
        ErrorCode::Unauthenticated => 401,
        ErrorCode::Forbidden => 403,
        ErrorCode::NotFound => 404,
        ErrorCode::Conflict => 409,
        ErrorCode::VersionMismatch => 412,
        ErrorCode::RateLimited => 429,
        ErrorCode::Unavailable | ErrorCode::Overloaded => 503,
        ErrorCode::Timeout => 504,
        ErrorCode::Internal
        | ErrorCode::PersistedQueryNotFound
        | ErrorCode::PersistedQueryNotSupported
        | ErrorCode::PersistedQueryNotInList
        | ErrorCode::QueryNotInSafelist => 500,
    }
}

impl Problem {
    /// A problem with a request that a fault is.
    pub(super) fn of_fault(fault: &RequestFault) -> Problem {
        let mut more = Vec::new();
        more.extend(fault.error_id.as_ref().map(|id| ("errorId".to_owned(), json!(id))));
        let (status, code) = (fault.status, fault.code.as_str());
        Problem { status, code, detail: fault.message.clone(), errors: Vec::new(), more }
    }

    /// The result that is not there.
    pub(super) fn empty(status: u16) -> Problem {
        let detail = "There is nothing here for what was asked.".to_owned();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::NOT_FOUND);
        Problem { status, code: ErrorCode::NotFound.as_str(), detail, errors: Vec::new(), more: Vec::new() }
    }

    /// What the errors of a GraphQL response say of a request to a route. The first one decides on the status.
    pub(super) fn of_response(route: &Served, response: &[u8]) -> Problem {
        let response: Json = serde_json::from_slice(response).unwrap_or_default();
        let errors = response["errors"].as_array().map_or(&[][..], Vec::as_slice);
        let code_of = |error: &Json| error["extensions"]["code"].as_str().and_then(ErrorCode::parse);
        let code = errors.first().and_then(code_of).unwrap_or(ErrorCode::Internal);
        let own = route.errors.iter().find(|(own, _)| *own == code).map(|(_, status)| *status);
        let status = StatusCode::from_u16(own.unwrap_or_else(|| status_of(code)));
        let mut told: Vec<Json> = errors.iter().map(|error| of_error(route, error)).collect();
        let detail = match &told[..] {
            [one] => one["detail"].as_str().unwrap_or_default().to_owned(),
            _ => format!("{} things are wrong; `errors` has each.", told.len()),
        };
        let mut more = Vec::new();
        if let Some(Json::Object(extensions)) = errors.first().map(|error| &error["extensions"]) {
            let told = |name: &str| Some((name.to_owned(), extensions.get(name)?.clone()));
            more.extend(["errorId", "version", "retryAfter", "field"].into_iter().filter_map(told));
        }
        // A single one that has no place says no more than the problem.
        if matches!(&told[..], [one] if one.as_object().is_some_and(|one| one.len() == 2)) {
            told.clear();
        }
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Problem { status, code: code.as_str(), detail, errors: told, more }
    }

    /// A fault in what a request gives for a variable.
    pub(super) fn of_input(name: &str, from: &From, message: &str) -> Problem {
        let place = match from {
            From::Path(_) | From::Query(_) | From::Header(_) => place(from, name, &[]),
            From::Member | From::Body => pointer(&[]),
        };
        let detail = message.to_owned();
        let code = ErrorCode::BadUserInput.as_str();
        let mut error = json!({ "detail": message, "code": code });
        if let Some(fields) = error.as_object_mut() {
            fields.extend(place);
        }
        Problem { status: StatusCode::BAD_REQUEST, code, detail, errors: vec![error], more: Vec::new() }
    }

    /// The answer that tells it.
    pub(super) fn response(self) -> Response {
        let Problem { status, code, detail, errors, more } = self;
        let title = status.canonical_reason().unwrap_or("Error");
        let mut body = json!({
            "type": "about:blank",
            "title": title,
            "status": status.as_u16(),
            "detail": detail,
            "code": code,
        });
        if let Some(fields) = body.as_object_mut() {
            fields.extend(more);
            if !errors.is_empty() {
                fields.insert("errors".to_owned(), Json::Array(errors));
            }
        }
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, MEDIA);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// A single error: what it says, and where in the request its cause is.
fn of_error(route: &Served, error: &Json) -> Json {
    let mut told = json!({ "detail": error["message"], "code": error["extensions"]["code"] });
    let path = error["extensions"]["argument"].as_array().map_or(&[][..], Vec::as_slice);
    let variable = match path.first().and_then(Json::as_str).and_then(|first| first.strip_prefix('$')) {
        Some(name) => Some((name.to_owned(), &path[1..])),
        // The cause is an argument of a field at the root, into which a variable went.
        None => {
            let root = error["path"][0].as_str().unwrap_or_default();
            route.signature.variable_at(root, path).map(|(name, taken)| (name.to_owned(), &path[taken..]))
        }
    };
    // Whoever sends requests to routes knows of no variables.
    if let (Some((name, _)), Some(text)) = (&variable, error["message"].as_str())
        && let Some(rest) = text.strip_prefix('$').filter(|rest| rest.starts_with(name.as_str()))
    {
        told["detail"] = json!(rest);
    }
    let input = variable.as_ref().and_then(|(name, rest)| {
        let input = route.inputs.iter().find(|input| input.variable.name == *name)?;
        Some((input, *rest))
    });
    if let (Some((input, rest)), Some(fields)) = (input, told.as_object_mut()) {
        fields.extend(place(&input.from, &input.variable.name, rest));
    }
    told
}

/// Where in a request a value is.
fn place(from: &From, name: &str, rest: &[Json]) -> Vec<(String, Json)> {
    let parameter = |place: &str, name: &str| {
        vec![("in".to_owned(), json!(place)), ("parameter".to_owned(), json!(name))]
    };
    match from {
        From::Path(_) => parameter("path", name),
        From::Query(outside) => parameter("query", outside),
        From::Header(header) => parameter("header", header.as_str()),
        From::Member => {
            let path: Vec<Json> = [json!(name)].into_iter().chain(rest.iter().cloned()).collect();
            pointer(&path)
        }
        From::Body => pointer(rest),
    }
}

/// A place in the body (RFC 6901).
fn pointer(path: &[Json]) -> Vec<(String, Json)> {
    let step = |step: &Json| match step {
        Json::String(name) => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
        other => format!("/{other}"),
    };
    let pointer: String = path.iter().map(step).collect();
    vec![("in".to_owned(), json!("body")), ("pointer".to_owned(), json!(format!("#{pointer}")))]
}

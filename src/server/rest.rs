//! Saved operations as routes of HTTP.
//!
//! A route is another way to ask a question of the API: the operation goes through the same executor, kept answers,
//! quotas and rules of access as over GraphQL, and only the part of the data that the route names is sent.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method as HttpMethod, StatusCode, header};
use axum::response::Response;
use axum::routing::{any, get};
use serde_json::Map;

use super::choice::Sender;
use super::fault::{RETRY_AFTER, RequestFault};
use super::negotiate::{accepts, prefers_gzip, require_json};
use super::own_page::require_own_page;
use super::{ServerState, choice, claims, packed, quota, upload};
use crate::graphql::{ApiReply, ApiRequest, Outcome, Single};
use crate::metrics::{Route as RouteLabel, SavedUse};
use crate::operations::Method;
use crate::quota::Unit;

mod openapi;
pub(super) mod page;
mod parameters;
mod problem;
mod route;

pub(super) use openapi::About;
pub use route::{RouteFault, Routes};

use problem::Problem;
use route::{NO_CONTENT, Served};

/// The routes as they are served.
pub(super) fn router(routes: &Routes) -> Router<Arc<ServerState>> {
    let mut router = Router::new();
    if !routes.is_empty() {
        router =
            router.route(page::FOR_PROGRAMS, get(page::openapi)).route(page::FOR_PEOPLE, get(page::people));
    }
    for (pattern, path) in &routes.paths {
        let path: Arc<[Arc<Served>]> = path.clone().into();
        let handle = move |State(state): State<Arc<ServerState>>, request: Request| {
            let path = path.clone();
            async move { handle(&state, &path, request).await }
        };
        router = router.route(pattern, any(handle));
    }
    router
}

/// Answers a request to a path.
async fn handle(state: &ServerState, path: &[Arc<Served>], request: Request) -> Response {
    let mut response = match found(path, request.method()) {
        Some(route) => answer(state, route, request).await.unwrap_or_else(Problem::response),
        None => other_method(path, request.method()),
    };
    response.extensions_mut().insert(RouteLabel::Rest);
    response
}

/// The route of a path with a method.
fn found<'p>(path: &'p [Arc<Served>], method: &HttpMethod) -> Option<&'p Served> {
    let name = if *method == HttpMethod::HEAD { "GET" } else { method.as_str() };
    path.iter().find(|route| route.method.as_str() == name).map(|route| &**route)
}

/// The answer to a method that no route of a path has.
fn other_method(path: &[Arc<Served>], method: &HttpMethod) -> Response {
    let allow = allow(path);
    let mut response = match *method == HttpMethod::OPTIONS {
        true => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        false => {
            let message = format!("{method} cannot be used here; use {allow}.");
            let fault = RequestFault::new(StatusCode::METHOD_NOT_ALLOWED, message);
            Problem::of_fault(&fault).response()
        }
    };
    if let Ok(allow) = HeaderValue::try_from(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// The methods that a path allows.
fn allow(path: &[Arc<Served>]) -> String {
    let mut methods: Vec<&str> = path.iter().map(|route| route.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.join(", ")
}

async fn answer(state: &ServerState, route: &Served, request: Request) -> Result<Response, Problem> {
    let of_fault = |fault: RequestFault| Problem::of_fault(&fault);
    let headers = request.headers();
    if route.status != NO_CONTENT && !accepts(headers, "application/json") {
        let fault = RequestFault::new(StatusCode::NOT_ACCEPTABLE, "Accept application/json.");
        return Err(of_fault(fault));
    }
    require_own_page(&state.options, request.uri(), headers).map_err(of_fault)?;
    let sender = match choice::sender(state, headers).await {
        Ok(sender) => sender,
        Err(fault) => return Ok(refused(&fault)),
    };
    let answered = carry_out(state, route, &sender, request).await;
    let mut response = answered.unwrap_or_else(Problem::response);
    if let Some(allowance) = &sender.allowance {
        quota::tell(allowance, response.headers_mut());
    }
    Ok(response)
}

/// A problem with the headers that the fault calls for.
fn refused(fault: &RequestFault) -> Response {
    let mut response = Problem::of_fault(fault).response();
    fault.add_headers(response.headers_mut());
    response
}

async fn carry_out(
    state: &ServerState,
    route: &Served,
    sender: &Sender,
    request: Request,
) -> Result<Response, Problem> {
    if let Some(allowance) = &sender.allowance
        && let Err(refusal) = allowance.take(Unit::Requests, 1).await
    {
        return Ok(refused(&RequestFault::over_quota(&refusal)));
    }
    let mut variables = parameters::of_head(route, request.uri(), request.headers())?;
    let (parts, body) = request.into_parts();
    // The body keeps its room until the request has been answered.
    let _upload = match route.method.has_body() {
        true => Some(take_body(state, route, &parts.headers, body, &mut variables).await?),
        false => None,
    };
    let viewer = sender.viewer.as_deref();
    claims::fill(&route.claims, viewer, &mut variables).map_err(|fault| Problem::of_fault(&fault))?;
    state.engine().metrics().graphql_saved(SavedUse::Route);
    let asked = ApiRequest {
        query: route.text.as_ref().to_owned(),
        operation_name: Some(route.name.as_ref().to_owned()),
        variables,
        // As the description has it.
        single: Single::Fault,
        caller: sender.caller.clone(),
        read_only: false,
        patient: false,
        allowance: sender.allowance.clone(),
        tells_cost: false,
        part: Some(route.part.clone()),
    };
    let reply = state.api.execute(asked).await;
    Ok(respond(state, route, &reply, &parts.headers))
}

async fn take_body(
    state: &ServerState,
    route: &Served,
    headers: &HeaderMap,
    body: Body,
    variables: &mut Map<String, serde_json::Value>,
) -> Result<upload::Upload, Problem> {
    let of_fault = |fault: RequestFault| Problem::of_fault(&fault);
    let upload = upload::read(state, headers, body).await.map_err(of_fault)?;
    if !upload.bytes.is_empty() {
        require_json(headers).map_err(of_fault)?;
    }
    parameters::of_body(route, &upload.bytes, variables)?;
    Ok(upload)
}

fn respond(state: &ServerState, route: &Served, reply: &ApiReply, asked: &HeaderMap) -> Response {
    if reply.has_errors {
        let mut response = Problem::of_response(route, reply.body.plain()).response();
        let later = match reply.outcome {
            Outcome::Overloaded => Some(HeaderValue::from_static(RETRY_AFTER)),
            Outcome::OverQuota { retry_after } => Some(retry_after.into()),
            Outcome::Executed | Outcome::Rejected | Outcome::Forbidden | Outcome::NotAllowed => None,
        };
        if let Some(later) = later {
            response.headers_mut().insert(header::RETRY_AFTER, later);
        }
        return response;
    }
    let empty = route.empty.filter(|_| **reply.body.plain() == *b"null");
    if let Some(status) = empty.filter(|status| *status >= 400) {
        return Problem::empty(status).response();
    }
    let status = StatusCode::from_u16(empty.unwrap_or(route.status)).unwrap_or(StatusCode::OK);
    if status == StatusCode::NO_CONTENT {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        return response;
    }
    let is_read = route.method == Method::Get;
    let tag = is_read.then(|| reply.body.tag());
    let mut response = match &tag {
        Some(tag) if status == StatusCode::OK && is_known(asked, tag) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        }
        _ => full(state, reply, status, asked),
    };
    let headers = response.headers_mut();
    let caching = match tag {
        Some(tag) => {
            if let Ok(tag) = HeaderValue::try_from(&*tag) {
                headers.insert(header::ETAG, tag);
            }
            // To be kept by whoever asked, and looked after each time.
            "private, no-cache"
        }
        None => "no-store",
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept, accept-encoding, authorization"));
    response
}

/// The answer with its body.
fn full(state: &ServerState, reply: &ApiReply, status: StatusCode, asked: &HeaderMap) -> Response {
    let gzip = packed(&reply.body, prefers_gzip(asked));
    let is_packed = gzip.is_some();
    let bytes = gzip.unwrap_or_else(|| reply.body.plain().clone());
    let bytes = state.unread.count(bytes, state.engine());
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// Whether the client has what has this tag (RFC 9110, section 13.1.2).
fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let values = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|own| own.trim() == "*" || opaque(own) == opaque(tag))
}

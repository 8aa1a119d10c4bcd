//! GraphQL over HTTP, as the specification of that name says.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use bytes::{BufMut, Bytes, BytesMut};

use super::body::{self, Requests};
use super::fault::Fault;
use super::negotiate::{Media, prefers_gzip, require_json};
use super::{COMPRESS_FROM, State, choice};
use crate::graphql::{Api, ApiReply, ApiRequest, Outcome};
use crate::metrics::{GraphqlKind, GraphqlOutcome};

/// Answers a request to `/graphql`.
pub(super) async fn handle(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let media = match Media::negotiate(request.headers()) {
        Ok(media) => media,
        Err(fault) => return refuse(&state, fault, Media::GraphqlResponse),
    };
    match answer(&state, request, media).await {
        Ok(response) => response,
        Err(fault) => refuse(&state, fault, media),
    }
}

async fn answer(state: &State, request: Request, media: Media) -> Result<Response, Fault> {
    let api = choice::of(state, request.headers())?;
    let gzip = prefers_gzip(request.headers());
    let requests = if request.method() == Method::POST {
        require_json(request.headers())?;
        check_length(request.headers(), state.options.body_limit)?;
        let body = body::read(request.into_body(), &state.options).await?;
        body::from_body(&body, state.options.batch_max)?
    } else if request.method() == Method::GET {
        Requests::One(body::from_query(request.uri().query().unwrap_or_default())?)
    } else {
        let message = format!("{} cannot be used here; use POST, or GET for queries.", request.method());
        return Err(Fault::method("GET, POST", message));
    };
    Ok(match requests {
        Requests::One(request) => one(api.execute(request).await, media, gzip),
        Requests::Batch(requests) => batch(api, requests, media).await,
    })
}

/// Refuses at once what says that it is too large, before its body is sent.
fn check_length(headers: &HeaderMap, limit: usize) -> Result<(), Fault> {
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match length.is_some_and(|length| length > limit as u64) {
        true => Err(body::too_large(limit)),
        false => Ok(()),
    }
}

fn one(reply: ApiReply, media: Media, gzip: bool) -> Response {
    let status = match (reply.outcome, media) {
        (Outcome::NotAllowed, _) => StatusCode::METHOD_NOT_ALLOWED,
        (Outcome::Rejected, Media::GraphqlResponse) => StatusCode::BAD_REQUEST,
        (Outcome::Rejected, Media::Json) | (Outcome::Executed, _) => StatusCode::OK,
    };
    let large = gzip && reply.body.plain().len() as u64 >= COMPRESS_FROM;
    let mut response = match large.then(|| reply.body.gzip()).flatten() {
        // Compressed before, and not to be compressed anew for everybody.
        Some(gzip) => {
            let mut response = respond(status, gzip, media);
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
            response
        }
        None => respond(status, reply.body.plain().clone(), media),
    };
    if reply.outcome == Outcome::NotAllowed {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

/// One after the other, so that mutations happen in the order in which they stand.
async fn batch(api: &Api, requests: Vec<ApiRequest>, media: Media) -> Response {
    let mut bodies = BytesMut::new();
    for (place, request) in requests.into_iter().enumerate() {
        bodies.put_u8(if place == 0 { b'[' } else { b',' });
        bodies.extend_from_slice(api.execute(request).await.body.plain());
    }
    bodies.put_u8(b']');
    respond(StatusCode::OK, bodies.freeze(), media)
}

fn respond(status: StatusCode, body: Bytes, media: Media) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media.content_type());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

fn refuse(state: &State, fault: Fault, media: Media) -> Response {
    let metrics = state.engine().metrics();
    metrics.graphql_request(GraphqlKind::Unknown, GraphqlOutcome::Rejected);
    metrics.graphql_error(fault.code);
    fault.response(media)
}

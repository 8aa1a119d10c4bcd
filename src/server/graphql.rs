//! GraphQL over HTTP, as the specification of that name prescribes.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, Bytes, BytesMut};

use super::body::{self, Asked, Requests};
use super::choice::Sender;
use super::fault::{RETRY_AFTER, RequestFault};
use super::media::Media;
use super::negotiate::{asks_for_websocket, prefers_gzip, prefers_html, require_json};
use super::own_page::require_own_page;
use super::{ServerState, choice, packed, quota, upload};
use crate::graphql::{ApiReply, Outcome};
use crate::metrics::{ErrorCode, GraphqlKind, GraphqlOutcome};
use crate::quota::Unit;

/// The methods that `/graphql` allows.
const ALLOW: &str = "GET, HEAD, POST, OPTIONS";

/// Answers a request to `/graphql`.
pub(super) async fn handle(State(state): State<Arc<ServerState>>, request: Request) -> Response {
    // Preflight requests of other origins have been answered before this.
    if request.method() == Method::OPTIONS {
        return (StatusCode::NO_CONTENT, [(header::ALLOW, ALLOW)]).into_response();
    }
    let by_get = matches!(*request.method(), Method::GET | Method::HEAD);
    if by_get && !state.options.only_saved && prefers_html(request.headers()) {
        return to_the_editor(request.uri());
    }
    let media = match Media::negotiate(request.headers()) {
        Ok(media) => media,
        Err(fault) => return refuse(&state, fault, Media::GraphqlResponse),
    };
    let sender = match admit(&state, request.uri(), request.headers(), by_get).await {
        Ok(sender) => sender,
        Err(fault) => return refuse(&state, fault, media),
    };
    let mut response = match answer(&state, &sender, request, media, by_get).await {
        Ok(response) => response,
        Err(fault) => refuse(&state, fault, media),
    };
    if let Some(allowance) = &sender.allowance {
        quota::tell(allowance, response.headers_mut());
    }
    response
}

/// Who sends a request, if it may be sent.
async fn admit(
    state: &ServerState,
    uri: &Uri,
    headers: &HeaderMap,
    by_get: bool,
) -> Result<Sender, RequestFault> {
    // Before anybody is asked who they are: a browser would answer for its user.
    if by_get {
        require_own_page(&state.options, uri, headers)?;
    }
    choice::sender(state, headers).await
}

async fn answer(
    state: &ServerState,
    sender: &Sender,
    request: Request,
    media: Media,
    by_get: bool,
) -> Result<Response, RequestFault> {
    // Before the body is read.
    count(sender).await?;
    let gzip = prefers_gzip(request.headers());
    if by_get {
        if asks_for_websocket(request.headers()) {
            let message = "There are no subscriptions in this API yet, so nothing speaks WebSocket here; send \
                           queries and mutations by POST.";
            return Err(RequestFault::bad_request(message));
        }
        let asked = body::from_query(request.uri().query().unwrap_or_default())?;
        return Ok(one(state, carry_out(state, sender, asked, false).await?, media, gzip));
    }
    if request.method() != Method::POST {
        let message = format!("{} cannot be used here; use POST, or GET for queries.", request.method());
        return Err(RequestFault::method(ALLOW, message));
    }
    require_json(request.headers())?;
    let (parts, body) = request.into_parts();
    // The body keeps its room until the request has been answered: what is made of the body is larger still.
    let upload = upload::read(state, &parts.headers, body).await?;
    Ok(match body::from_body(&upload.bytes, state.options.batch_max)? {
        Requests::One(asked) => one(state, carry_out(state, sender, asked, false).await?, media, gzip),
        Requests::Batch(all) => Box::pin(batch(state, sender, all, media, gzip)).await,
    })
}

/// Counts an operation.
async fn count(sender: &Sender) -> Result<(), RequestFault> {
    let Some(allowance) = &sender.allowance else { return Ok(()) };
    allowance.take(Unit::Requests, 1).await.map_err(|refusal| RequestFault::over_quota(&refusal))
}

/// Carries out one operation; `patient` when earlier operations of the same request have run.
async fn carry_out(
    state: &ServerState,
    sender: &Sender,
    asked: Asked,
    patient: bool,
) -> Result<ApiReply, RequestFault> {
    let viewer = sender.viewer.as_deref();
    let (mut request, new_text) = state.documents.resolve(asked, viewer, state.engine().metrics())?;
    (request.caller, request.patient) = (sender.caller.clone(), patient);
    (request.allowance, request.tells_cost) = (sender.allowance.clone(), sender.tells_cost);
    let reply = state.api.execute(request).await;
    if let Some(text) = new_text
        && reply.outcome == Outcome::Executed
    {
        state.documents.keep(text);
    }
    Ok(reply)
}

/// Redirects a browser to the editor, with the query if there is one. The address is relative: a proxy in front may
/// have put a path before all paths here.
fn to_the_editor(uri: &Uri) -> Response {
    let place = uri.query().and_then(|query| HeaderValue::try_from(format!("./?{query}")).ok());
    let place = place.unwrap_or_else(|| HeaderValue::from_static("./"));
    let headers = [
        (header::LOCATION, place),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::VARY, HeaderValue::from_static("accept")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

fn one(state: &ServerState, reply: ApiReply, media: Media, gzip: bool) -> Response {
    let status = match (reply.outcome, media) {
        (Outcome::NotAllowed, _) => StatusCode::METHOD_NOT_ALLOWED,
        (Outcome::Overloaded, _) => StatusCode::SERVICE_UNAVAILABLE,
        (Outcome::OverQuota { .. }, _) => StatusCode::TOO_MANY_REQUESTS,
        (Outcome::Forbidden, Media::GraphqlResponse) => StatusCode::FORBIDDEN,
        (Outcome::Rejected, Media::GraphqlResponse) => StatusCode::BAD_REQUEST,
        (Outcome::Forbidden | Outcome::Rejected, Media::Json) | (Outcome::Executed, _) => StatusCode::OK,
    };
    let mut response = match packed(&reply.body, gzip) {
        Some(gzip) => {
            let mut response = respond(state, status, gzip, media);
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
            response
        }
        None => respond(state, status, reply.body.plain().clone(), media),
    };
    let wanted = match reply.outcome {
        Outcome::NotAllowed => Some((header::ALLOW, HeaderValue::from_static("POST"))),
        Outcome::Overloaded => Some((header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER))),
        Outcome::OverQuota { retry_after } => Some((header::RETRY_AFTER, retry_after.into())),
        Outcome::Executed | Outcome::Rejected | Outcome::Forbidden => None,
    };
    if let Some((name, value)) = wanted {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Carries operations out one after the other, so mutations happen in the order given. Once the answers take up all
/// their bytes, the remaining operations are not carried out. When the first is turned away, all are.
async fn batch(state: &ServerState, sender: &Sender, all: Vec<Asked>, media: Media, gzip: bool) -> Response {
    let (mut bodies, limit) = (BytesMut::new(), state.options.batch_answers);
    for (place, asked) in all.into_iter().enumerate() {
        bodies.put_u8(if place == 0 { b'[' } else { b',' });
        if bodies.len() > limit {
            let message = format!(
                "This was not carried out: the answers before it take up all of the {limit} bytes that those to \
                 one request may have; ask for less, or send it on its own."
            );
            let fault = RequestFault { code: ErrorCode::TooComplex, ..RequestFault::bad_request(message) };
            bodies.extend_from_slice(rejected(state, &fault).as_bytes());
            continue;
        }
        // The first was counted when the request came.
        let counted = if place > 0 { count(sender).await } else { Ok(()) };
        let reply = match counted {
            Ok(()) => carry_out(state, sender, asked, place > 0).await,
            Err(fault) => Err(fault),
        };
        match reply {
            // The others would only be turned away too. Once one has been carried out, its answer must be given.
            Ok(reply) if place == 0 && reply.outcome.is_for_later() => {
                return one(state, reply, media, gzip);
            }
            Ok(reply) => bodies.extend_from_slice(reply.body.plain()),
            Err(fault) => bodies.extend_from_slice(rejected(state, &fault).as_bytes()),
        }
    }
    bodies.put_u8(b']');
    respond(state, StatusCode::OK, bodies.freeze(), media)
}

fn respond(state: &ServerState, status: StatusCode, body: Bytes, media: Media) -> Response {
    let body = state.unread.count(body, state.engine());
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media.content_type());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

fn refuse(state: &ServerState, fault: RequestFault, media: Media) -> Response {
    rejected(state, &fault);
    fault.response(media)
}

/// The answer to an operation that was not carried out.
fn rejected(state: &ServerState, fault: &RequestFault) -> String {
    let metrics = state.engine().metrics();
    metrics.graphql_request(GraphqlKind::Unknown, GraphqlOutcome::Rejected);
    metrics.graphql_error(fault.code);
    fault.body()
}

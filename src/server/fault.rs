//! Answers to requests that never become a GraphQL operation; always well-formed GraphQL errors.

use std::any::Any;
use std::fmt::Write as _;

use axum::body::Body;
use axum::http::Uri;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::media::Media;
use crate::metrics::{ErrorCode, Label};
use crate::quota::Refusal;

/// Seconds after which a client that was turned away may retry.
pub(super) const RETRY_AFTER: &str = "1";

/// Characters of a name from outside that a message repeats.
const SHOWN: usize = 80;

/// A name from outside as a message repeats it, cut if it is long.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(SHOWN).collect()
}

/// What is wrong with a request, and how to put it right.
#[derive(Debug)]
pub(super) struct RequestFault {
    pub(super) status: StatusCode,
    pub(super) code: ErrorCode,
    pub(super) message: String,
    /// The header that the status calls for: the allowed methods, when to retry.
    pub(super) header: Option<(HeaderName, &'static str)>,
    /// For status 500: the id under which the log has the cause.
    pub(super) error_id: Option<String>,
    /// For status 429: the seconds after which the client may come again.
    pub(super) retry_after: Option<u64>,
}

impl RequestFault {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> RequestFault {
        let code = ErrorCode::BadUserInput;
        RequestFault {
            status,
            code,
            message: message.into(),
            header: None,
            error_id: None,
            retry_after: None,
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> RequestFault {
        RequestFault::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn method(allow: &'static str, message: impl Into<String>) -> RequestFault {
        let header = Some((header::ALLOW, allow));
        RequestFault { header, ..RequestFault::new(StatusCode::METHOD_NOT_ALLOWED, message) }
    }

    /// The fault of a request that may succeed if retried in a while.
    pub(super) fn overloaded(message: impl Into<String>) -> RequestFault {
        let (code, header) = (ErrorCode::Overloaded, Some((header::RETRY_AFTER, RETRY_AFTER)));
        RequestFault { code, header, ..RequestFault::new(StatusCode::SERVICE_UNAVAILABLE, message) }
    }

    /// The fault of a request whose sender has taken its whole quota.
    pub(super) fn over_quota(refusal: &Refusal) -> RequestFault {
        let (code, retry_after) = (refusal.code(), refusal.retry_after());
        RequestFault {
            code,
            retry_after,
            ..RequestFault::new(StatusCode::TOO_MANY_REQUESTS, refusal.to_string())
        }
    }

    /// The GraphQL response.
    pub(super) fn body(&self) -> String {
        let mut extensions = json!({ "code": self.code.as_str() });
        if let Some(id) = &self.error_id {
            extensions["errorId"] = json!(id);
        }
        if let Some(seconds) = self.retry_after {
            extensions["retryAfter"] = json!(seconds);
        }
        json!({ "errors": [{ "message": self.message, "extensions": extensions }] }).to_string()
    }

    pub(super) fn response(self, media: Media) -> Response {
        let mut response = Response::new(Body::from(self.body()));
        *response.status_mut() = self.status;
        response.headers_mut().insert(header::CONTENT_TYPE, media.content_type());
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        self.add_headers(response.headers_mut());
        response
    }

    /// Adds the headers that the status calls for.
    pub(super) fn add_headers(&self, headers: &mut HeaderMap) {
        if let Some((name, value)) = &self.header {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
    }
}

impl IntoResponse for RequestFault {
    fn into_response(self) -> Response {
        self.response(Media::Json)
    }
}

/// The answer for unknown paths.
pub(super) async fn nothing_here(uri: Uri) -> RequestFault {
    let mut message = String::from("There is nothing at ");
    let _ = write!(message, "{}; the API is at /graphql.", uri.path());
    RequestFault { code: ErrorCode::NotFound, ..RequestFault::new(StatusCode::NOT_FOUND, message) }
}

/// The answer for unknown paths of the admin listener.
pub(super) async fn nothing_to_administer() -> RequestFault {
    let message =
        "There is nothing here but /healthz, /readyz, /metrics and /cache; the API is at another address.";
    RequestFault { code: ErrorCode::NotFound, ..RequestFault::new(StatusCode::NOT_FOUND, message) }
}

/// The answer on connections past the bound, for everything but probes.
pub(super) async fn no_place() -> RequestFault {
    RequestFault::overloaded("The server has as many connections as it may; come again in a while.")
}

/// The answer for known paths with a wrong method.
pub(super) async fn wrong_method(method: Method) -> RequestFault {
    RequestFault::method("GET, HEAD", format!("{method} cannot be used here; use GET."))
}

/// The answer when a handler panicked: the client gets an id, the log the cause.
pub(super) fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let cause = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    let error_id = uuid::Uuid::new_v4().simple().to_string();
    tracing::error!(error_id, cause, "a request panicked");
    RequestFault {
        code: ErrorCode::Internal,
        error_id: Some(error_id),
        ..RequestFault::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The server failed; the log has more under the error id.",
        )
    }
    .into_response()
}

//! GraphQL's response: the JSON around the data of an answer.

use bytes::Bytes;
use serde_json::Value as Json;

use super::body::Body;
use super::error::ApiError;
use super::{ApiReply, Outcome};

/// The part of the response before the data.
pub(super) const OPENING: &[u8] = b"{\"data\":";

/// Closes a response that has been written up to its last brace, with or without data; only its errors are missing.
/// They come first, as the specification advises, so that readers see them.
pub(super) fn close(mut json: Vec<u8>, errors: &[ApiError], outcome: Outcome) -> ApiReply {
    if !errors.is_empty() {
        let all = Json::Array(errors.iter().map(ApiError::to_json).collect());
        let comma = if json.len() > 1 { "," } else { "" };
        json.splice(1..1, format!("\"errors\":{all}{comma}").into_bytes());
    }
    json.push(b'}');
    ApiReply { body: Body::once(Bytes::from(json)), outcome, has_errors: !errors.is_empty() }
}

/// The reply to a request that has no data.
pub(super) fn refuse(errors: &[ApiError], outcome: Outcome) -> ApiReply {
    let data = if outcome == Outcome::Executed { [OPENING, b"null"].concat() } else { b"{".to_vec() };
    close(data, errors, outcome)
}

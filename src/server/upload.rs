//! Reads request bodies within their bounds: on size, on time, and on the memory of all bodies together.

use std::io::Read;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use flate2::bufread::MultiGzDecoder;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::fault::RequestFault;
use super::{ServerOptions, ServerState, share};
use crate::metrics::Bound;

/// A body, and the room that it takes up.
pub(super) struct Upload {
    pub(super) bytes: Bytes,
    /// Of the share of its connection, and of the room for all.
    held: [Option<OwnedSemaphorePermit>; 2],
}

/// The room for all bodies.
pub(super) struct Room(Arc<Semaphore>);

impl Room {
    /// Room for `options.bodies` bytes, but at least for one body of the maximum size.
    pub(super) fn new(options: &ServerOptions) -> Room {
        // A compressed body is in memory in both forms for a while.
        let bytes = options.bodies.max(options.body_limit.saturating_mul(2));
        Room(Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))))
    }
}

/// How a body is encoded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
}

/// Reads the body of a request.
pub(super) async fn read(
    state: &ServerState,
    headers: &HeaderMap,
    body: Body,
) -> Result<Upload, RequestFault> {
    let (coding, options) = (coding(headers)?, &state.options);
    check_length(headers, options.body_limit)?;
    let collected = collect(state, body);
    let Ok(upload) = tokio::time::timeout(options.body_timeout, collected).await else {
        return Err(RequestFault::new(StatusCode::REQUEST_TIMEOUT, "The body took too long to arrive."));
    };
    match coding {
        Coding::Identity => upload,
        Coding::Gzip => unpack(state, upload?),
    }
}

fn coding(headers: &HeaderMap) -> Result<Coding, RequestFault> {
    let Some(name) = headers.get(header::CONTENT_ENCODING) else { return Ok(Coding::Identity) };
    let is = |coding: &str| name.as_bytes().trim_ascii().eq_ignore_ascii_case(coding.as_bytes());
    let several = headers.get_all(header::CONTENT_ENCODING).iter().nth(1).is_some();
    match several {
        false if is("gzip") || is("x-gzip") => Ok(Coding::Gzip),
        false if is("identity") => Ok(Coding::Identity),
        _ => {
            let message = "Send the body as it is, or packed once with gzip.";
            let fault = RequestFault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
            Err(RequestFault { header: Some((header::ACCEPT_ENCODING, "gzip")), ..fault })
        }
    }
}

/// Refuses a body whose declared length is too large, before it is sent.
fn check_length(headers: &HeaderMap, limit: usize) -> Result<(), RequestFault> {
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match length.is_some_and(|length| length > limit as u64) {
        true => Err(too_large(limit)),
        false => Ok(()),
    }
}

fn too_large(limit: usize) -> RequestFault {
    let message = format!("The body is too large; it may have {limit} bytes.");
    RequestFault::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

async fn collect(state: &ServerState, mut body: Body) -> Result<Upload, RequestFault> {
    let limit = state.options.body_limit;
    let mut upload = Upload { bytes: Bytes::new(), held: [None, None] };
    // Most bodies come in one piece, which is not copied.
    let mut pieces = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| RequestFault::bad_request("The body ended early."))?;
        let Ok(data) = frame.into_data() else { continue };
        let length = upload.bytes.len() + pieces.len() + data.len();
        if length > limit {
            return Err(too_large(limit));
        }
        upload.reserve(state, length)?;
        if upload.bytes.is_empty() && pieces.is_empty() {
            upload.bytes = data;
        } else {
            pieces.extend_from_slice(&std::mem::take(&mut upload.bytes));
            pieces.extend_from_slice(&data);
        }
    }
    if !pieces.is_empty() {
        upload.bytes = pieces.freeze();
    }
    Ok(upload)
}

/// Decompresses a body; the same limit holds for the result.
fn unpack(state: &ServerState, mut upload: Upload) -> Result<Upload, RequestFault> {
    let (packed, limit) = (upload.bytes.clone(), state.options.body_limit);
    let mut plain = Vec::new();
    let mut decoder = MultiGzDecoder::new(&*packed).take(limit as u64 + 1);
    decoder
        .read_to_end(&mut plain)
        .map_err(|_| RequestFault::bad_request("The body is not what its `content-encoding` says: gzip."))?;
    if plain.len() > limit {
        return Err(too_large(limit));
    }
    upload.reserve(state, packed.len() + plain.len())?;
    upload.bytes = plain.into();
    Ok(upload)
}

impl Upload {
    /// Takes up room until the upload holds room for this many bytes in all.
    fn reserve(&mut self, state: &ServerState, bytes: usize) -> Result<(), RequestFault> {
        let held: usize = self.held.iter().flatten().map(OwnedSemaphorePermit::num_permits).sum();
        let Some(more) = bytes.checked_sub(held).filter(|more| *more > 0) else { return Ok(()) };
        let free = share::bodies(more);
        let more = more - free.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let counted = u32::try_from(more).ok().and_then(|more| {
            let room = &state.room.0;
            room.clone().try_acquire_many_owned(more).ok()
        });
        let Some(counted) = counted else {
            state.engine().metrics().http_bound(Bound::Bodies);
            let message =
                "The server has as many large bodies at hand as it may; send this one again in a while.";
            return Err(RequestFault::overloaded(message));
        };
        for (held, more) in self.held.iter_mut().zip([free, Some(counted)]) {
            match (held, more) {
                (Some(held), Some(more)) => held.merge(more),
                (held, more) => *held = held.take().or(more),
            }
        }
        Ok(())
    }
}

//! Automatic persisted queries: clients send the hash of a text, and the text itself only when this server does not
//! know it yet.
//!
//! Only texts that were executed are kept, so that nobody can fill the room with texts that are no operations. Each
//! server keeps its own: another server behind the same load balancer has to be sent the text once more.

use std::sync::Arc;

use axum::http::StatusCode;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use super::fault::RequestFault;
use super::text_hash::TextHash;
use crate::metrics::{ErrorCode, KeptKind, KeptResult, Metrics};

/// Bytes kept for each text besides the text, roughly.
const OVERHEAD: u64 = 128;
/// One text takes up at most one part in this many of the room.
const SHARE: u64 = 16;
/// Number of parts with locks of their own; the largest text has to fit into one of them.
const SHARDS: usize = 8;

/// The texts that clients may name by their hashes.
pub(super) struct Texts {
    /// The texts by hash; none when persisted queries are turned off.
    kept: Option<Cache<TextHash, Arc<str>, Weight>>,
    /// Maximum bytes of one text.
    largest: u64,
}

/// A text to keep once it has been executed.
pub(super) struct NewText(TextHash, Arc<str>);

impl Texts {
    /// Room for `bytes` bytes; 0 turns persisted queries off.
    pub(super) fn new(bytes: u64) -> Texts {
        let kept = (bytes > 0).then(|| {
            let options = OptionsBuilder::new()
                .estimated_items_capacity(usize::try_from(bytes / 1_024).unwrap_or(0).max(1))
                .weight_capacity(bytes)
                .shards(SHARDS)
                .build()
                .expect("all that has to be given is given");
            Cache::with_options(options, Weight, DefaultHashBuilder::default(), DefaultLifecycle::default())
        });
        Texts { kept, largest: bytes / SHARE }
    }

    /// The text with a hash.
    pub(super) fn get(&self, hash: TextHash, metrics: &Metrics) -> Result<Arc<str>, RequestFault> {
        let kept = self.kept.as_ref().ok_or_else(not_supported)?;
        let text = kept.get(&hash);
        let result = if text.is_some() { KeptResult::Hit } else { KeptResult::Miss };
        metrics.graphql_kept(KeptKind::Persisted, result);
        text.ok_or_else(not_found)
    }

    /// A text with this hash, if it is new and may be kept.
    pub(super) fn new_text(&self, hash: TextHash, text: &str) -> Option<NewText> {
        let kept = self.kept.as_ref()?;
        let is_new = text.len() as u64 + OVERHEAD <= self.largest && kept.peek(&hash).is_none();
        is_new.then(|| NewText(hash, text.into()))
    }

    /// Keeps a text that was executed.
    pub(super) fn keep(&self, NewText(hash, text): NewText) {
        if let Some(kept) = &self.kept {
            kept.insert(hash, text);
        }
    }
}

/// Clients recognise both errors by their messages and codes, and expect them with status 200.
fn not_found() -> RequestFault {
    let code = ErrorCode::PersistedQueryNotFound;
    RequestFault { code, ..RequestFault::new(StatusCode::OK, "PersistedQueryNotFound") }
}

fn not_supported() -> RequestFault {
    let code = ErrorCode::PersistedQueryNotSupported;
    RequestFault { code, ..RequestFault::new(StatusCode::OK, "PersistedQueryNotSupported") }
}

#[derive(Clone)]
struct Weight;

impl Weighter<TextHash, Arc<str>> for Weight {
    fn weight(&self, _: &TextHash, text: &Arc<str>) -> u64 {
        text.len() as u64 + OVERHEAD
    }
}

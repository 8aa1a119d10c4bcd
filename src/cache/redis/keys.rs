//! The names of everything in Redis, all derived from a [`Tag`], and the notation of numbers and stamps there.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::cache::CacheError;
use crate::query::BatchKey;
use crate::value::{EntityRef, Id, Stamp, Time};

/// An id longer than this is hashed in its key.
const LONGEST_ID: usize = 128;

/// A hash tag, and the keys under it. Keys of one tag share a slot of a Redis Cluster, so a script may use
/// any of them together, but never keys of two tags. Each tag has its own meta hash, and so its own epoch,
/// journal and generations. Today a deployment has one tag; no code that is given a [`Tag`] relies on that.
#[derive(Clone)]
pub(super) struct Tag {
    deployment: Arc<str>,
    prefix: Arc<str>,
}

impl Tag {
    /// The tag of a deployment. The name must not be able to end the tag early or act as a pattern.
    pub fn of(deployment: &str) -> Result<Tag, CacheError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if deployment.is_empty() || deployment.len() > 64 || !deployment.chars().all(plain) {
            return Err(CacheError::Internal(format!(
                "{deployment:?} cannot be the name of a deployment: use 1 to 64 letters, digits, '-', '_' or '.'"
            )));
        }
        Ok(Tag { deployment: deployment.into(), prefix: format!("{{oponn:{deployment}}}:").into() })
    }

    /// Whether a key is under this tag.
    pub fn has(&self, key: &[u8]) -> bool {
        key.starts_with(self.prefix.as_bytes())
    }

    /// The deployment whose keys are under the tag.
    pub fn deployment(&self) -> &str {
        &self.deployment
    }

    /// The prefix of all keys under the tag.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The meta hash.
    pub fn meta(&self) -> String {
        format!("{}m", self.prefix)
    }

    /// The voucher.
    pub fn voucher(&self) -> String {
        format!("{}v", self.prefix)
    }

    /// What has been taken from an account.
    pub fn account(&self, name: &str) -> String {
        format!("{}a:{name}", self.prefix)
    }

    /// The prefix of a type's entity keys.
    pub fn entities(&self, ty: &str) -> String {
        format!("{}e:{ty}:", self.prefix)
    }

    /// An entity. The letter distinguishes ids of different kinds with the same text.
    pub fn entity(&self, entity: &EntityRef) -> String {
        let kind = match entity.id {
            Id::Int(_) => 'i',
            Id::String(_) => 's',
            Id::Uuid(_) => 'u',
            Id::ObjectId(_) => 'o',
        };
        let (of_type, id) = (self.entities(&entity.ty), entity.id.to_string());
        if id.len() > LONGEST_ID {
            let hash = hex::encode(Sha256::digest(id.as_bytes()));
            return format!("{of_type}{}{hash}", kind.to_ascii_uppercase());
        }
        format!("{of_type}{kind}{id}")
    }

    /// A type's table index.
    pub fn index(&self, ty: &str) -> String {
        format!("{}x:{ty}", self.prefix)
    }

    /// A ready batch, or partition.
    pub fn ready(&self, key: BatchKey, partition: bool) -> String {
        format!("{}{}:{key}", self.prefix, if partition { 'h' } else { 'b' })
    }

    /// A fill under way.
    pub fn pending(&self, key: BatchKey) -> String {
        format!("{}p:{key}", self.prefix)
    }

    /// Rows staged for a batch.
    pub fn staged(&self, key: BatchKey, token: u64) -> String {
        format!("{}w:{key}:{token:x}", self.prefix)
    }
}

/// A number in the form that the scripts compare.
pub(super) fn hex(number: u64) -> String {
    format!("{number:016x}")
}

/// Parses the output of [`hex()`].
pub(super) fn number(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() == 16)?;
    u64::from_str_radix(text, 16).ok()
}

/// A version number in the form that the scripts compare: the sign bit is flipped, so negative numbers sort first.
pub(super) fn version(v: i64) -> String {
    hex(v.cast_unsigned() ^ (1 << 63))
}

/// A stamp in the form that the scripts compare.
pub(super) fn stamp(stamp: Stamp) -> String {
    hex(stamp.t.0) + &version(stamp.v)
}

/// Parses the output of [`stamp`].
pub(super) fn read_stamp(text: &[u8]) -> Option<Stamp> {
    let (t, v) = text.split_at_checked(16)?;
    Some(Stamp { t: Time(number(t)?), v: (number(v)? ^ (1 << 63)).cast_signed() })
}

/// The field of the meta hash for a slot of the floor table.
pub(super) fn floor(slot: usize) -> String {
    format!("f{slot}")
}

//! The names of everything in Redis, all made from a [`Tag`], and how numbers and stamps are written there.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::cache::CacheError;
use crate::query::BatchKey;
use crate::value::{EntityRef, Id, Stamp, Time};

/// Ids whose text is longer stand in a key as a hash.
const LONGEST_ID: usize = 128;

/// A hash tag, and the keys under it. Keys of one tag share a slot of a Redis Cluster, so a script may use any
/// of them together, and keys of two tags never. Each tag has a meta hash of its own, and with it an epoch, a
/// journal and generations. Today a deployment has one tag; nothing that is given a [`Tag`] relies on that.
#[derive(Clone)]
pub(super) struct Tag {
    prefix: Arc<str>,
}

impl Tag {
    /// The tag of a deployment. Its name must not be able to end the tag early or to be a pattern.
    pub fn of(deployment: &str) -> Result<Tag, CacheError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if deployment.is_empty() || deployment.len() > 64 || !deployment.chars().all(plain) {
            return Err(CacheError::Internal(format!(
                "{deployment:?} cannot be the name of a deployment: use 1 to 64 letters, digits, '-', '_' or '.'"
            )));
        }
        Ok(Tag { prefix: format!("{{oponn:{deployment}}}:").into() })
    }

    /// Whether a key is under this tag.
    pub fn has(&self, key: &[u8]) -> bool {
        key.starts_with(self.prefix.as_bytes())
    }

    /// What all keys under the tag begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The meta hash.
    pub fn meta(&self) -> String {
        format!("{}m", self.prefix)
    }

    /// What the keys of a type's entities begin with.
    pub fn entities(&self, ty: &str) -> String {
        format!("{}e:{ty}:", self.prefix)
    }

    /// An entity. The letter keeps ids of different kinds with the same text apart.
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

    /// The table index of a type.
    pub fn index(&self, ty: &str) -> String {
        format!("{}x:{ty}", self.prefix)
    }

    /// A ready batch.
    pub fn ready(&self, key: BatchKey) -> String {
        format!("{}b:{key}", self.prefix)
    }

    /// A fill under way.
    pub fn pending(&self, key: BatchKey) -> String {
        format!("{}p:{key}", self.prefix)
    }

    /// Rows on their way into a batch.
    pub fn staged(&self, key: BatchKey, token: u64) -> String {
        format!("{}w:{key}:{token:x}", self.prefix)
    }
}

/// A number as the scripts compare it.
pub(super) fn hex(number: u64) -> String {
    format!("{number:016x}")
}

/// Reads what [`hex()`] wrote.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() == 16)?;
    u64::from_str_radix(text, 16).ok()
}

/// A version number as the scripts compare it: with the sign turned, the negative ones come first.
pub(super) fn version(v: i64) -> String {
    hex(v.cast_unsigned() ^ (1 << 63))
}

/// A stamp as the scripts compare it.
pub(super) fn stamp(stamp: Stamp) -> String {
    hex(stamp.t.0) + &version(stamp.v)
}

/// Reads what [`stamp`] wrote.
pub(super) fn read_stamp(text: &[u8]) -> Option<Stamp> {
    let (t, v) = text.split_at_checked(16)?;
    Some(Stamp { t: Time(number(t)?), v: (number(v)? ^ (1 << 63)).cast_signed() })
}

/// The field of the meta hash for a slot of the floor table.
pub(super) fn floor(slot: usize) -> String {
    format!("f{slot}")
}

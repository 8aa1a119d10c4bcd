//! The hash by which a client names the text of a persisted query.

use sha2::{Digest, Sha256};

/// The SHA-256 of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TextHash([u8; 32]);

impl TextHash {
    /// The hash in hexadecimal digits, with or without `sha256:` before them.
    pub(super) fn parse(id: &str) -> Option<TextHash> {
        let mut hash = [0; 32];
        hex::decode_to_slice(id.strip_prefix("sha256:").unwrap_or(id), &mut hash).ok()?;
        Some(TextHash(hash))
    }

    /// The hash of a text.
    pub(super) fn of_text(text: &str) -> TextHash {
        TextHash(Sha256::digest(text.as_bytes()).into())
    }
}

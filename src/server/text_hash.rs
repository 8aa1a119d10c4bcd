//! The hash by which a client names the text of a persisted query.

use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use super::fault::RequestFault;

/// The SHA-256 of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TextHash([u8; 32]);

impl TextHash {
    /// The hash in the extensions of a request.
    pub(super) fn of(extensions: &Map<String, Json>) -> Result<Option<TextHash>, RequestFault> {
        let fields = match extensions.get("persistedQuery") {
            None | Some(Json::Null) => return Ok(None),
            Some(Json::Object(fields)) => fields,
            Some(_) => {
                return Err(RequestFault::bad_request("`extensions.persistedQuery` has to be an object."));
            }
        };
        if fields.get("version").and_then(Json::as_u64) != Some(1) {
            return Err(RequestFault::bad_request("`extensions.persistedQuery.version` has to be 1."));
        }
        let mut hash = [0; 32];
        let text = fields.get("sha256Hash").and_then(Json::as_str);
        match text.map(|text| hex::decode_to_slice(text, &mut hash)) {
            Some(Ok(())) => Ok(Some(TextHash(hash))),
            _ => Err(RequestFault::bad_request(
                "`extensions.persistedQuery.sha256Hash` has to be the SHA-256 of the document in hexadecimal digits.",
            )),
        }
    }

    /// The hash of a text.
    pub(super) fn of_text(text: &str) -> TextHash {
        TextHash(Sha256::digest(text.as_bytes()).into())
    }
}

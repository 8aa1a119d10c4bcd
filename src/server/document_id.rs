//! The ids by which requests name documents instead of sending them, wherever clients put them.

use serde_json::{Map, Value as Json};

use super::fault::RequestFault;

/// An id in a request.
#[derive(Clone, Debug)]
pub(super) struct DocumentId {
    pub(super) member: Member,
    pub(super) id: String,
}

/// Where an id stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    /// Apollo's.
    Hash,
    /// That of GraphQL over HTTP.
    DocumentId,
    /// Relay's.
    DocId,
    /// Relay's too; other clients number their requests by it.
    Id,
}

impl Member {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Member::Hash => "extensions.persistedQuery.sha256Hash",
            Member::DocumentId => "documentId",
            Member::DocId => "doc_id",
            Member::Id => "id",
        }
    }
}

impl DocumentId {
    /// The ids in a request with these members and extensions.
    pub(super) fn all(
        fields: &mut Map<String, Json>,
        extensions: &Map<String, Json>,
        has_text: bool,
    ) -> Result<Vec<DocumentId>, RequestFault> {
        let mut found = Vec::new();
        found.extend(hash(extensions)?.map(|id| DocumentId { member: Member::Hash, id }));
        for member in [Member::DocumentId, Member::DocId, Member::Id] {
            match fields.remove(member.as_str()) {
                None | Some(Json::Null) => {}
                Some(Json::String(id)) if id.is_empty() => {}
                Some(Json::String(id)) => found.push(DocumentId { member, id }),
                Some(_) if member == Member::Id && has_text => {}
                Some(_) => {
                    let message = format!("`{}` has to be a string, the id of a document.", member.as_str());
                    return Err(RequestFault::bad_request(message));
                }
            }
        }
        Ok(found)
    }
}

fn hash(extensions: &Map<String, Json>) -> Result<Option<String>, RequestFault> {
    let fields = match extensions.get("persistedQuery") {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::Object(fields)) => fields,
        Some(_) => return Err(RequestFault::bad_request("`extensions.persistedQuery` has to be an object.")),
    };
    if fields.get("version").and_then(Json::as_u64) != Some(1) {
        return Err(RequestFault::bad_request("`extensions.persistedQuery.version` has to be 1."));
    }
    match fields.get("sha256Hash").and_then(Json::as_str) {
        Some(id) => Ok(Some(id.to_owned())),
        None => Err(no_hash()),
    }
}

/// The fault of a hash that is none, and is not the id of a saved document.
pub(super) fn no_hash() -> RequestFault {
    RequestFault::bad_request(
        "`extensions.persistedQuery.sha256Hash` has to be the SHA-256 of the document in hexadecimal digits.",
    )
}

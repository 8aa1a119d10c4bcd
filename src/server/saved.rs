//! Finds the document that a request means: the text in it, a saved document, or a text kept for its hash. Refuses what
//! is not saved on a server for saved operations only.

use std::sync::Arc;

use axum::http::StatusCode;

use super::body::Asked;
use super::claims;
use super::document_id::{DocumentId, Member, no_hash};
use super::fault::{RequestFault, shown};
use super::persisted::{NewText, Texts};
use super::text_hash::TextHash;
use crate::graphql::ApiRequest;
use crate::metrics::{ErrorCode, Metrics, SavedUse};
use crate::operations::{Document, Operations};
use crate::viewer::Viewer;

/// What whoever runs the server has to do to save an operation.
const DEPLOY: &str = "add the client's manifest to `api.operations_manifests`, or the operation to a file in \
                      `api.operations_folder`, and restart the servers before the client is released";

/// The documents that requests may mean.
pub(super) struct Documents {
    saved: Arc<Operations>,
    /// Whether only saved ones are carried out.
    only_saved: bool,
    texts: Texts,
}

impl Documents {
    /// Saved documents, and room for so many bytes of texts that clients may name by their hashes.
    pub(super) fn new(saved: Arc<Operations>, only_saved: bool, persisted: u64) -> Documents {
        Documents { saved, only_saved, texts: Texts::new(persisted) }
    }

    /// The request with its text, and the text if it is new and may be kept for its hash.
    pub(super) fn resolve(
        &self,
        asked: Asked,
        viewer: Option<&Viewer>,
        metrics: &Metrics,
    ) -> Result<(ApiRequest, Option<NewText>), RequestFault> {
        let Asked { request, has_text, ids } = asked;
        match has_text {
            true => self.with_text(request, &ids, viewer, metrics),
            false => self.without_text(request, &ids, viewer, metrics).map(|request| (request, None)),
        }
    }

    /// Keeps a text that was executed.
    pub(super) fn keep(&self, text: NewText) {
        self.texts.keep(text);
    }

    fn with_text(
        &self,
        request: ApiRequest,
        ids: &[DocumentId],
        viewer: Option<&Viewer>,
        metrics: &Metrics,
    ) -> Result<(ApiRequest, Option<NewText>), RequestFault> {
        ids.iter().try_for_each(|id| self.fits(id, &request.query))?;
        let saved = self.saved.by_text(&request.query);
        metrics.graphql_saved(if saved.is_some() { SavedUse::Text } else { SavedUse::Other });
        if let Some(document) = saved {
            return Ok((of(document, viewer, request)?, None));
        }
        if self.only_saved {
            return Err(not_saved());
        }
        let hash = ids.iter().find(|id| id.member == Member::Hash).and_then(|id| TextHash::parse(&id.id));
        let new = hash.and_then(|hash| self.texts.new_text(hash, &request.query));
        Ok((request, new))
    }

    fn without_text(
        &self,
        mut request: ApiRequest,
        ids: &[DocumentId],
        viewer: Option<&Viewer>,
        metrics: &Metrics,
    ) -> Result<ApiRequest, RequestFault> {
        if let Some(first) = ids.first()
            && let Some(other) = ids.iter().find(|other| other.id != first.id)
        {
            return Err(RequestFault::bad_request(format!(
                "`{}` and `{}` are different ids; send one of them.",
                first.member.as_str(),
                other.member.as_str()
            )));
        }
        let (saved, by) = match (ids.first(), request.operation_name.as_deref()) {
            (Some(id), _) => (self.saved.by_id(&id.id), SavedUse::Id),
            (None, Some(name)) if self.only_saved || self.saved.has_names() => {
                (self.saved.by_name(name), SavedUse::Name)
            }
            (None, _) => return Err(RequestFault::bad_request(MISSING)),
        };
        if let Some(document) = saved {
            metrics.graphql_saved(by);
            return of(document, viewer, request);
        }
        let hash = ids.iter().find(|id| id.member == Member::Hash && !self.only_saved);
        let Some(hash) = hash else {
            metrics.graphql_saved(SavedUse::Unknown);
            return Err(unknown(ids.first(), request.operation_name.as_deref()));
        };
        let text = self.texts.get(TextHash::parse(&hash.id).ok_or_else(no_hash)?, metrics);
        metrics.graphql_saved(if text.is_ok() { SavedUse::Other } else { SavedUse::Unknown });
        request.query = text?.as_ref().to_owned();
        Ok(request)
    }

    /// Refuses an id that stands for another text than the one beside it.
    fn fits(&self, id: &DocumentId, text: &str) -> Result<(), RequestFault> {
        let fits = match (self.saved.by_id(&id.id), TextHash::parse(&id.id)) {
            (Some(document), _) => **document.written() == *text,
            (None, Some(hash)) if id.member != Member::Id => hash == TextHash::of_text(text),
            (None, None) if id.member == Member::Hash => return Err(no_hash()),
            (None, _) => true,
        };
        match (fits, id.member) {
            (true, _) => Ok(()),
            (false, Member::Hash) => Err(RequestFault::bad_request(
                "`extensions.persistedQuery.sha256Hash` is not the SHA-256 of `query`; send that of exactly this text.",
            )),
            (false, member) => Err(RequestFault::bad_request(format!(
                "`{}` is the id of another document than `query`; send one of them.",
                member.as_str()
            ))),
        }
    }
}

const MISSING: &str = "`query` is missing; it has to be the GraphQL document.";

/// The request for a saved document. However it was asked for, it is the same question, so it has the same answer.
fn of(
    document: &Document,
    viewer: Option<&Viewer>,
    mut request: ApiRequest,
) -> Result<ApiRequest, RequestFault> {
    claims::fill(document.claims(), viewer, &mut request.variables)?;
    if request.query != **document.text() {
        request.query = document.text().as_ref().to_owned();
    }
    if request.operation_name.is_none() {
        request.operation_name = document.only().map(|name| name.as_ref().to_owned());
    }
    Ok(request)
}

/// Apollo's clients send the text when a hash is not known, but not for this code: the text would be refused too.
fn unknown(id: Option<&DocumentId>, name: Option<&str>) -> RequestFault {
    let what = match (id, name) {
        (Some(id), _) => format!("There is no saved document with the id `{}`", shown(&id.id)),
        (None, name) => {
            format!("There is no saved operation of the name `{}` in a file", shown(name.unwrap_or_default()))
        }
    };
    let (code, message) = (ErrorCode::PersistedQueryNotInList, format!("{what}: {DEPLOY}."));
    RequestFault { code, ..RequestFault::new(StatusCode::NOT_FOUND, message) }
}

fn not_saved() -> RequestFault {
    let message = format!(
        "Only saved operations are carried out here (`api.operations` is `saved`), and this text is not one of them, \
         byte for byte: {DEPLOY}."
    );
    let code = ErrorCode::QueryNotInSafelist;
    RequestFault { code, ..RequestFault::new(StatusCode::FORBIDDEN, message) }
}

/// The answer in place of the editor, which asks for the schema, and for whatever is written into it.
pub(super) async fn no_editor() -> RequestFault {
    let message = "There is no GraphiQL here, as only saved operations are carried out (`api.operations` is `saved`); \
                   the API is at /graphql.";
    RequestFault { code: ErrorCode::NotFound, ..RequestFault::new(StatusCode::NOT_FOUND, message) }
}

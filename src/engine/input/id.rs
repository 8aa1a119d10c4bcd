//! Ids: new ones, and those that clients give.

use serde_json::Value as Json;

use crate::schema::{Collection, IdKind};
use crate::value::Id;

/// The id that a client means. The message says what the type's ids look like.
pub fn id(collection: &Collection, given: &Json) -> Result<Id, String> {
    let _ = (collection, given);
    unimplemented!()
}

/// A new id.
pub fn new_id(kind: IdKind) -> Id {
    let _ = kind;
    unimplemented!()
}

//! Ids: new ones, and those given by clients.

use bson::oid::ObjectId;
use serde_json::Value as Json;
use uuid::Uuid;

use super::scalar::{id_text, shown, uuid};
use crate::schema::{Collection, IdKind};
use crate::value::Id;

/// The maximum length of a string id, in bytes.
const LONGEST: usize = 1_024;

/// Parses an id given by a client. The error says what the type's ids look like.
pub fn id(collection: &Collection, given: &Json) -> Result<Id, String> {
    of_kind(collection.id, given).ok_or_else(|| {
        format!("expected an id of {}, {}, got {}", collection.name, form(collection.id), shown(given))
    })
}

/// The id, if the value can be an id of this kind.
pub fn of_kind(kind: IdKind, given: &Json) -> Option<Id> {
    let text = id_text(given)?;
    match kind {
        IdKind::ObjectId => ObjectId::parse_str(&text).ok().map(Id::ObjectId),
        IdKind::Uuid => uuid(&text).map(Id::Uuid),
        IdKind::String => {
            (!text.is_empty() && text.len() <= LONGEST).then(|| Id::String(text.as_str().into()))
        }
    }
}

/// What ids of the kind look like.
pub fn form(kind: IdKind) -> &'static str {
    match kind {
        IdKind::ObjectId => "24 hexadecimal digits",
        IdKind::Uuid => "a UUID like \"01890a5d-ac96-774b-bcce-b302099a8057\"",
        IdKind::String => "a string of 1 to 1024 bytes",
    }
}

/// A new id.
pub fn new_id(kind: IdKind) -> Id {
    match kind {
        IdKind::ObjectId => Id::ObjectId(ObjectId::new()),
        IdKind::Uuid => Id::Uuid(Uuid::now_v7()),
        IdKind::String => Id::String(Uuid::now_v7().to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_reads_its_own_form() {
        let oid = "65a1b2c3d4e5f60718293a4b";
        let uuid = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert_eq!(of_kind(IdKind::ObjectId, &json!(oid)).map(|id| id.to_string()).as_deref(), Some(oid));
        assert_eq!(
            of_kind(IdKind::ObjectId, &json!(oid.to_uppercase())),
            of_kind(IdKind::ObjectId, &json!(oid))
        );
        assert_eq!(of_kind(IdKind::Uuid, &json!(uuid)).map(|id| id.to_string()).as_deref(), Some(uuid));
        assert_eq!(of_kind(IdKind::String, &json!(7)), Some(Id::String("7".into())));
        for (kind, given) in [
            (IdKind::ObjectId, json!(uuid)),
            (IdKind::ObjectId, json!("")),
            (IdKind::ObjectId, json!(null)),
            (IdKind::Uuid, json!(oid)),
            (IdKind::String, json!("")),
            (IdKind::String, json!("x".repeat(1_025))),
            (IdKind::String, json!(true)),
        ] {
            assert_eq!(of_kind(kind, &given), None, "{given}");
        }
    }

    #[test]
    fn new_ids_are_of_their_kind_and_differ() {
        for kind in [IdKind::ObjectId, IdKind::Uuid, IdKind::String] {
            let (one, other) = (new_id(kind), new_id(kind));
            assert_ne!(one, other);
            assert_eq!(of_kind(kind, &json!(one.to_string())), Some(one));
        }
    }
}

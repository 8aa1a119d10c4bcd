//! The values that all other layers share: documents, their ids, the stamps that order their versions, and
//! the changes that writes make to them.
//!
//! A [`Doc`] stays BSON bytes from the store to the response: only requested fields are parsed.

use std::fmt;
use std::sync::Arc;

use bson::oid::ObjectId;
use bson::raw::{RawBsonRef, RawDocument};
use bson::spec::ElementType;
use bson::{Bson, Document};
use bytes::Bytes;

pub mod json;
pub mod moment;
pub mod plain;

/// The sub-document that holds oponn's own bookkeeping in every stored document.
pub const BOOKKEEPING: &str = "_oponn";
/// Path of the version number, which every write through oponn increments. Absent means 0.
pub const VERSION_PATH: &str = "_oponn.v";
/// Path under which normalised unique keys are kept: `_oponn.u.<field>`.
pub const UNIQUE_PATH: &str = "_oponn.u";

/// Whether a path is of oponn's bookkeeping.
pub fn is_bookkeeping(path: &str) -> bool {
    path.strip_prefix(BOOKKEEPING).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The id of a document. Ordered as MongoDB orders values of these types.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Id {
    /// A 64-bit integer, for documents of other programs.
    Int(i64),
    /// Any string.
    String(Arc<str>),
    /// A UUID, stored as BSON binary of subtype 4.
    Uuid(uuid::Uuid),
    /// MongoDB's own id type.
    ObjectId(ObjectId),
}

impl Id {
    /// The id in a stored value; `None` if its type cannot be an id.
    pub fn from_raw(value: RawBsonRef<'_>) -> Option<Id> {
        match value {
            RawBsonRef::ObjectId(oid) => Some(Id::ObjectId(oid)),
            RawBsonRef::String(text) => Some(Id::String(text.into())),
            RawBsonRef::Int32(n) => Some(Id::Int(n.into())),
            RawBsonRef::Int64(n) => Some(Id::Int(n)),
            RawBsonRef::Binary(binary) if binary.subtype == bson::spec::BinarySubtype::Uuid => {
                uuid::Uuid::from_slice(binary.bytes).ok().map(Id::Uuid)
            }
            _ => None,
        }
    }

    /// The id in a BSON value; `None` if its type cannot be an id.
    pub fn from_bson(value: &Bson) -> Option<Id> {
        match value {
            Bson::ObjectId(oid) => Some(Id::ObjectId(*oid)),
            Bson::String(text) => Some(Id::String(text.as_str().into())),
            Bson::Int32(n) => Some(Id::Int((*n).into())),
            Bson::Int64(n) => Some(Id::Int(*n)),
            Bson::Binary(binary) if binary.subtype == bson::spec::BinarySubtype::Uuid => {
                uuid::Uuid::from_slice(&binary.bytes).ok().map(Id::Uuid)
            }
            _ => None,
        }
    }

    /// The id as a stored value.
    pub fn to_bson(&self) -> Bson {
        match self {
            Id::Int(n) => Bson::Int64(*n),
            Id::String(text) => Bson::String(text.to_string()),
            Id::Uuid(uuid) => Bson::Binary(bson::Binary {
                subtype: bson::spec::BinarySubtype::Uuid,
                bytes: uuid.as_bytes().to_vec(),
            }),
            Id::ObjectId(oid) => Bson::ObjectId(*oid),
        }
    }
}

/// The id as text, for clients and cache keys.
impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Int(n) => n.fmt(f),
            Id::String(text) => f.write_str(text),
            Id::Uuid(uuid) => uuid.fmt(f),
            Id::ObjectId(oid) => f.write_str(&oid.to_hex()),
        }
    }
}

/// One entity: the name of its collection type and its id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityRef {
    /// Name of the collection type in the schema, for example `Book`.
    pub ty: Arc<str>,
    /// The document's `_id`.
    pub id: Id,
}

/// An immutable document as BSON bytes. Clones share the bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Doc(Bytes);

impl Doc {
    /// Levels that a stored document may nest. MongoDB takes no more than about 180.
    pub const DEPTH: usize = 200;

    /// Takes BSON bytes. Fails if they are not framed as a BSON document.
    pub fn from_bytes(bytes: Bytes) -> Result<Doc, bson::error::Error> {
        RawDocument::from_bytes(&bytes)?;
        Ok(Doc(bytes))
    }

    /// Takes the BSON bytes that a store has of a document, whichever program wrote them. Fails also if they nest more than
    /// [`Doc::DEPTH`] levels deep: readers of documents are recursive.
    pub fn from_store(bytes: Bytes) -> Result<Doc, bson::error::Error> {
        let doc = Doc::from_bytes(bytes)?;
        match nests_within(doc.raw(), Doc::DEPTH) {
            true => Ok(doc),
            false => Err(serde::de::Error::custom(format!("it nests more than {} levels deep", Doc::DEPTH))),
        }
    }

    /// Encodes a document. Fails if a key contains a NUL.
    pub fn encode(document: &Document) -> Result<Doc, bson::error::Error> {
        Ok(Doc(Bytes::from(document.to_vec()?)))
    }

    /// The document's elements.
    pub fn raw(&self) -> &RawDocument {
        RawDocument::from_bytes(&self.0).expect("the framing was checked when the Doc was made")
    }

    /// The BSON bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// A parsed copy. Fails if an element is malformed.
    pub fn decode(&self) -> Result<Document, bson::error::Error> {
        // Not through serde, which reads a stored document such as `{ $oid: "..." }` as an ObjectId.
        Document::try_from(self.raw())
    }

    /// The `_id`; `None` if oponn does not support its type.
    pub fn id(&self) -> Option<Id> {
        self.raw().get("_id").ok().flatten().and_then(Id::from_raw)
    }

    /// The version number in `_oponn.v`; 0 for a document that another program wrote.
    pub fn version(&self) -> i64 {
        let bookkeeping = match self.raw().get(BOOKKEEPING) {
            Ok(Some(RawBsonRef::Document(doc))) => doc,
            _ => return 0,
        };
        match bookkeeping.get("v") {
            Ok(Some(RawBsonRef::Int32(v))) => v.into(),
            Ok(Some(RawBsonRef::Int64(v))) => v,
            _ => 0,
        }
    }
}

/// Whether all elements that can be read nest at most so many levels deep.
fn nests_within(document: &RawDocument, levels: usize) -> bool {
    document.iter_elements().map_while(Result::ok).all(|element| {
        // Most elements need not be read.
        let nests = match element.element_type() {
            ElementType::EmbeddedDocument | ElementType::Array | ElementType::JavaScriptCodeWithScope => {
                element.value()
            }
            _ => return true,
        };
        let inner = match nests {
            Ok(RawBsonRef::Document(document)) => Ok(document),
            Ok(RawBsonRef::Array(items)) => RawDocument::from_bytes(items.as_bytes()),
            Ok(RawBsonRef::JavaScriptCodeWithScope(code)) => Ok(code.scope),
            _ => return true,
        };
        inner.map_or(true, |inner| levels > 0 && nests_within(inner, levels - 1))
    })
}

impl fmt::Debug for Doc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.decode() {
            Ok(document) => document.fmt(f),
            Err(_) => f.write_str("<malformed document>"),
        }
    }
}

/// A moment in the store's own order of commits: MongoDB's cluster time or SQLite's commit counter.
/// Zero is before every commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(pub u64);

/// Orders the versions of one document: the commit time first, then the document's own version number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stamp {
    /// When the version was committed.
    pub t: Time,
    /// The document's version number, `_oponn.v`.
    pub v: i64,
}

/// The document before a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// There was none: the change is an insert.
    Absent,
    /// Nobody can tell what it was. For stores that hear of the writes of other programs and cannot give the
    /// document before them; what a store answers to a write of oponn's is never this.
    Unknown,
    /// The document as it was.
    Doc(Doc),
}

impl Image {
    /// The document, when it is known.
    pub fn doc(&self) -> Option<&Doc> {
        match self {
            Image::Doc(doc) => Some(doc),
            Image::Absent | Image::Unknown => None,
        }
    }

    /// As [`Image::doc`], by value.
    pub fn into_doc(self) -> Option<Doc> {
        match self {
            Image::Doc(doc) => Some(doc),
            Image::Absent | Image::Unknown => None,
        }
    }
}

/// The image that somebody has who has looked: `None` says that there was no document.
impl From<Option<Doc>> for Image {
    fn from(found: Option<Doc>) -> Image {
        found.map_or(Image::Absent, Image::Doc)
    }
}

/// What one write did to one document.
#[derive(Clone, Debug)]
pub struct Change {
    /// The document that changed.
    pub entity: EntityRef,
    /// The document as it was.
    pub before: Image,
    /// The document as it is now; `None` for a delete.
    pub after: Option<Doc>,
    /// The write's place in the store's order. For a delete, `v` is one more than the last version.
    pub stamp: Stamp,
}

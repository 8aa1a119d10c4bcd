//! Creates the indexes that the model needs. Never removes one.
//!
//! A unique index covers only documents in which each of its paths has a value of its declared type, so
//! that nulls do not conflict; the server sees that an equality with such a value is covered.

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Document, doc};

use super::command::{number, write_concern};
use super::{MongoStore, error, names, ttl};
use crate::schema::{Collection, Field, IdKind, Index, Kind, Scalar, UniqueKey};
use crate::store::StoreError;

const NAMESPACE_NOT_FOUND: i32 = 26;
/// An index of the same keys or the same name is there with other options.
const CONFLICT: [i32; 3] = [67, 85, 86];

/// An index that must be there.
struct Wanted<'a> {
    name: String,
    key: Document,
    /// The unique key that it guards and the documents that it covers.
    unique: Option<(&'a UniqueKey, Document)>,
    /// After how many seconds it removes documents.
    seconds: Option<u64>,
}

impl MongoStore {
    pub(super) async fn make_indexes(&self, collection: &Collection) -> Result<(), StoreError> {
        let uniques = collection.uniques.iter().map(|unique| self.of_unique(collection, unique));
        let expiring =
            collection.ttl.as_ref().map(|ttl| (Index { fields: vec![ttl.field.clone()] }, ttl.seconds));
        let expiring_index = expiring.as_ref().map(|(index, _)| index);
        let others = collection.indexes.iter().filter(|index| Some(*index) != expiring_index);
        let others = others.map(|index| (index, None));
        let expiring = expiring.iter().map(|(index, seconds)| (index, Some(*seconds)));
        let indexes = others.chain(expiring).map(|(index, seconds)| Wanted {
            name: names::of_index(index),
            key: index.fields.iter().map(|field| (field.to_string(), Bson::Int32(1))).collect(),
            unique: None,
            seconds,
        });
        let there = self.indexes_of(collection).await?;
        for wanted in uniques.chain(indexes) {
            if !there.iter().any(|index| serves(index, &wanted)) {
                self.make_index(collection, &wanted, &there).await?;
            }
        }
        self.keep_ttl(collection, &there).await
    }

    pub(super) async fn indexes_of(&self, collection: &Collection) -> Result<Vec<Document>, StoreError> {
        let command = doc! { "listIndexes": &*collection.collection, "cursor": {} };
        match self.rows_long(command).await {
            Err(error) if error::has_code(&error, &[NAMESPACE_NOT_FOUND]) => Ok(Vec::new()),
            other => other.map_err(|error| error::of_read(&error)),
        }
    }

    async fn make_index(
        &self,
        collection: &Collection,
        wanted: &Wanted<'_>,
        there: &[Document],
    ) -> Result<(), StoreError> {
        let mut index = doc! { "key": wanted.key.clone(), "name": &wanted.name };
        if let Some((_, covered)) = &wanted.unique {
            index.insert("unique", true);
            index.insert("partialFilterExpression", covered.clone());
        }
        if let Some(seconds) = wanted.seconds {
            index.insert(ttl::SECONDS, i64::try_from(seconds).unwrap_or(i64::MAX));
        }
        let made = self.run_long(doc! {
            "createIndexes": &*collection.collection,
            "indexes": [index],
            "writeConcern": write_concern(),
        });
        match (made.await, &wanted.unique) {
            (Ok(_), _) => {
                tracing::info!(collection = &*collection.collection, index = wanted.name, "index is there");
                Ok(())
            }
            (Err(error), Some((unique, covered))) if error::has_code(&error, &[error::DUPLICATE]) => {
                Err(self.duplicates(collection, unique, covered).await?)
            }
            (Err(error), _) if error::has_code(&error, &CONFLICT) => {
                let other = there.iter().find(|index| {
                    same_key(index, &wanted.key)
                        || index.get_str("name").is_ok_and(|name| name == wanted.name)
                });
                let other = other.and_then(|index| index.get_str("name").ok()).unwrap_or(&wanted.name);
                Err(StoreError::Refused(format!(
                    "{}: the index {other} is in the way of the index {} that the schema asks for on {}. \
                     Drop it, and start again: db.{}.dropIndex({other:?})",
                    collection.name, wanted.name, wanted.key, collection.collection
                )))
            }
            (Err(error), _) => Err(error::of_read(&error)),
        }
    }

    /// What to tell about values that occur more than once.
    async fn duplicates(
        &self,
        collection: &Collection,
        unique: &UniqueKey,
        covered: &Document,
    ) -> Result<StoreError, StoreError> {
        let values: Document = unique
            .fields
            .iter()
            .map(|field| (field.to_string(), Bson::String(format!("${}", unique.path(field)))))
            .collect();
        let repeated = [
            doc! { "$match": covered.clone() },
            doc! { "$group": { "_id": values, "documents": { "$sum": 1 } } },
            doc! { "$match": { "documents": { "$gt": 1 } } },
        ];
        let mut pipeline = repeated.to_vec();
        pipeline.push(doc! {
            "$group": { "_id": Bson::Null, "values": { "$sum": 1 }, "example": { "$first": "$_id" } },
        });
        let found = self
            .rows_long(doc! {
                "aggregate": &*collection.collection,
                "pipeline": pipeline,
                "cursor": {},
                "allowDiskUse": true,
            })
            .await
            .map_err(|error| error::of_read(&error))?;
        let found = found.into_iter().next().unwrap_or_default();
        let example = found.get("example").cloned().unwrap_or(Bson::Null).into_relaxed_extjson();
        let command: Vec<_> =
            repeated.into_iter().map(|stage| Bson::Document(stage).into_relaxed_extjson()).collect();
        Ok(StoreError::Refused(format!(
            "{}: the unique key {} cannot be kept, because {} of its values occur more than once in the \
             collection {}, for example {example}. Find them with db.{}.aggregate({}), change or remove \
             the documents that are too many, and start again.",
            collection.name,
            unique.name,
            number(found.get("values")),
            collection.collection,
            collection.collection,
            serde_json::Value::Array(command),
        )))
    }

    fn of_unique<'a>(&self, collection: &Collection, unique: &'a UniqueKey) -> Wanted<'a> {
        let key = unique.paths().into_iter().map(|path| (path, Bson::Int32(1))).collect();
        let covered = unique
            .fields
            .iter()
            .map(|name| (unique.path(name), Bson::Document(self.has_value(collection.field(name)))))
            .collect();
        Wanted { name: names::of_unique(unique), key, unique: Some((unique, covered)), seconds: None }
    }

    /// The condition that a field has a value of its type.
    fn has_value(&self, field: Option<&Field>) -> Document {
        let least = match field.map(|field| (&field.ty.kind, &field.references)) {
            Some((Kind::Scalar(scalar), references)) => match scalar {
                Scalar::Id => {
                    let target = references.as_deref().and_then(|name| self.model.collection(name));
                    match target.map_or(IdKind::String, |target| target.id) {
                        IdKind::ObjectId => Some(Bson::ObjectId(ObjectId::from_bytes([0; 12]))),
                        IdKind::Uuid => Some(least_binary()),
                        IdKind::String => Some(Bson::String(String::new())),
                    }
                }
                Scalar::String => Some(Bson::String(String::new())),
                Scalar::Int | Scalar::Long | Scalar::Float | Scalar::Decimal => {
                    Some(Bson::Double(f64::NEG_INFINITY))
                }
                Scalar::Boolean => Some(Bson::Boolean(false)),
                Scalar::DateTime | Scalar::Date => Some(Bson::DateTime(DateTime::MIN)),
                Scalar::Uuid => Some(least_binary()),
                Scalar::Json => None,
            },
            Some((Kind::Enum(_), _)) => Some(Bson::String(String::new())),
            Some((Kind::Embedded(_), _)) | None => None,
        };
        match least {
            Some(least) => doc! { "$gte": least },
            // Of any type; not even an equality with a value would imply it, so nulls would conflict.
            None => doc! { "$type": ["number", "string", "object", "array", "bool", "date", "binData"] },
        }
    }
}

fn least_binary() -> Bson {
    Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: Vec::new() })
}

/// Whether an index that is there does what the wanted one would do.
fn serves(index: &Document, wanted: &Wanted<'_>) -> bool {
    let has = |option| index.get_bool(option).unwrap_or(false);
    let covered = index.get_document("partialFilterExpression").ok();
    same_key(index, &wanted.key)
        && !has("hidden")
        && !index.contains_key("collation")
        && match &wanted.unique {
            Some((_, wanted)) => has("unique") && covered == Some(wanted),
            None => covered.is_none() && !has("sparse"),
        }
}

/// Whether an index is on the same paths, all ascending, in the same order.
pub(super) fn same_key(index: &Document, key: &Document) -> bool {
    index.get_document("key").is_ok_and(|other| {
        other.keys().eq(key.keys()) && other.values().all(|direction| number(Some(direction)) == 1)
    })
}

//! Models and documents for the suite, made by hand so that it needs no schema parser.

use std::sync::Arc;

use bson::{Bson, Document, doc};
use oponn::schema::{
    ApiNames, Collection, Field, FieldType, Filled, IdKind, Index, Kind, Member, Model, Normalizer, Scalar,
    UniqueKey,
};
use oponn::store::{Condition, Find, Patch, Store, StoreError, Write, Written};
use oponn::value::{Change, Doc, Id, Time};

/// Items with a unique key and a normalised one, and notes with a unique key of two fields.
pub fn shop() -> Model {
    let item = collection(
        "Item",
        "items",
        &[
            ("sku", Scalar::String),
            ("name", Scalar::String),
            ("price", Scalar::Decimal),
            ("stock", Scalar::Int),
            ("made", Scalar::DateTime),
        ],
        vec![
            unique("sku", &["sku"], &[]),
            unique("name", &["name"], &[Normalizer::Trim, Normalizer::CollapseSpaces, Normalizer::Casefold]),
        ],
        &[&["price"], &["stock", "price"]],
    );
    let note = collection(
        "Note",
        "notes",
        &[("owner", Scalar::String), ("alias", Scalar::String), ("itemId", Scalar::Id)],
        vec![unique("ownerAlias", &["owner", "alias"], &[])],
        &[&["itemId"]],
    );
    Model { collections: vec![item, note], fingerprint: "0".repeat(16), ..Model::default() }
}

/// The shop without any key or index: what it was before they were added.
pub fn bare_shop() -> Model {
    let bare =
        |name: &str, table: &str, fields: &[(&str, Scalar)]| collection(name, table, fields, Vec::new(), &[]);
    Model {
        collections: vec![bare("Item", "items", &[("sku", Scalar::String), ("name", Scalar::String)])],
        fingerprint: "1".repeat(16),
        ..Model::default()
    }
}

/// A collection of optional scalar fields.
pub fn collection(
    name: &str,
    table: &str,
    fields: &[(&str, Scalar)],
    uniques: Vec<UniqueKey>,
    indexes: &[&[&str]],
) -> Arc<Collection> {
    let field = |(name, scalar): &(&str, Scalar)| Field {
        name: Arc::from(*name),
        description: None,
        ty: FieldType { kind: Kind::Scalar(*scalar), required: false, list: None },
        range: (None, None),
        length: (None, None),
        parent_bounds: Vec::new(),
        pattern: None,
        default: None,
        filled: Filled::ByClient,
        references: None,
    };
    Arc::new(Collection {
        name: name.into(),
        description: None,
        names: ApiNames { single: name.to_lowercase(), list: table.into(), plural: format!("{name}s") },
        collection: table.into(),
        id: IdKind::String,
        client_id: true,
        fields: fields.iter().map(field).collect(),
        relations: Vec::new(),
        uniques,
        indexes: indexes
            .iter()
            .map(|fields| Index { fields: fields.iter().map(|field| Arc::from(*field)).collect() })
            .collect(),
        ttl: None,
        partition: None,
        access: Vec::new(),
        members: Default::default(),
        emits: Vec::new(),
        interfaces: Vec::new(),
        order: std::iter::once(Member::Id).chain((0..fields.len()).map(Member::Field)).collect(),
    })
}

/// A unique key.
pub fn unique(name: &str, fields: &[&str], normalize: &[Normalizer]) -> UniqueKey {
    UniqueKey {
        name: name.into(),
        fields: fields.iter().map(|field| Arc::from(*field)).collect(),
        normalize: normalize.to_vec(),
    }
}

/// A string id.
pub fn id(text: &str) -> Id {
    Id::String(text.into())
}

/// A document of an id with more fields and the bookkeeping that the engine gives a new one.
pub fn item(id: &str, fields: Document) -> Document {
    let mut document = doc! { "_id": id };
    document.extend(fields);
    document.insert("_oponn", doc! { "v": 1 });
    document
}

/// A find of everything by id.
pub fn all(ty: &str) -> Find {
    Find {
        ty: ty.into(),
        filter: oponn::query::Filter::all(),
        order: oponn::query::Order::default(),
        after: None,
        before: None,
        from_end: false,
        offset: 0,
        limit: 1000,
    }
}

/// An insert.
pub fn insert(ty: &str, document: Document) -> Write {
    Write::Insert { ty: ty.into(), document }
}

/// An unconditional update that sets fields.
pub fn set<const N: usize>(ty: &str, id: &Id, fields: [(&str, Bson); N]) -> Write {
    let set = fields.into_iter().map(|(path, value)| (path.to_owned(), value)).collect();
    let patch = Patch { set, unset: Vec::new() };
    Write::Update { ty: ty.into(), id: id.clone(), patch, when: Condition::default() }
}

/// An unconditional delete.
pub fn delete(ty: &str, id: &Id) -> Write {
    Write::Delete { ty: ty.into(), id: id.clone(), when: Condition::default() }
}

/// One write.
pub async fn write_one(store: &dyn Store, write: Write) -> Result<Written, StoreError> {
    let mut results = store.write(vec![write]).await;
    assert_eq!(results.len(), 1, "one write has one result");
    results.remove(0)
}

/// One write that changes a document.
pub async fn change(store: &dyn Store, write: Write) -> Change {
    match write_one(store, write).await {
        Ok(Written::Changed(change)) => change,
        other => panic!("the write should have happened: {other:?}"),
    }
}

/// Inserts documents of a type; the time of the last.
pub async fn fill(store: &dyn Store, ty: &str, documents: impl IntoIterator<Item = Document>) -> Time {
    let (results, time) =
        store.insert_many(ty, documents.into_iter().collect()).await.expect("documents can be inserted");
    for result in results {
        result.expect("the document can be inserted");
    }
    time
}

/// The ids of documents as text.
pub fn ids(docs: &[Doc]) -> Vec<String> {
    docs.iter().map(|doc| doc.id().expect("a document has an id").to_string()).collect()
}

/// The document, parsed.
pub fn parsed(doc: &Doc) -> Document {
    doc.decode().expect("a stored document is well-formed")
}

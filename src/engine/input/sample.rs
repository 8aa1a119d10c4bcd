//! A small model for tests that has something of everything.

use std::sync::Arc;

use bson::Bson;

use crate::schema::{
    ApiNames, Collection, Embedded, Enum, Field, FieldType, Filled, IdKind, Interface, Kind, Member, Model,
    Normalizer, OnDelete, Relation, RelationKind, Scalar, UniqueKey,
};

/// A type as SDL has it: `[Size!]!`.
fn field_type(sdl: &str) -> FieldType {
    let (sdl, required) = sdl.strip_suffix('!').map_or((sdl, false), |inner| (inner, true));
    let (name, list) = match sdl.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(item) => item.strip_suffix('!').map_or((item, Some(false)), |name| (name, Some(true))),
        None => (sdl, None),
    };
    let kind = match (Scalar::from_name(name), name) {
        (Some(scalar), _) => Kind::Scalar(scalar),
        (None, "Size") => Kind::Enum(name.into()),
        (None, _) => Kind::Embedded(name.into()),
    };
    FieldType { kind, required, list }
}

fn field(name: &str, sdl: &str) -> Field {
    Field {
        name: name.into(),
        description: None,
        ty: field_type(sdl),
        range: (None, None),
        length: (None, None),
        pattern: None,
        default: None,
        filled: Filled::ByClient,
        references: None,
    }
}

fn names(single: &str, list: &str, plural: &str) -> ApiNames {
    ApiNames { single: single.into(), list: list.into(), plural: plural.into() }
}

fn collection(name: &str, names: ApiNames, id: IdKind, fields: Vec<Field>) -> Collection {
    let order = std::iter::once(Member::Id).chain((0..fields.len()).map(Member::Field)).collect();
    Collection {
        name: name.into(),
        description: None,
        collection: names.list.as_str().into(),
        names,
        id,
        client_id: false,
        fields,
        relations: Vec::new(),
        uniques: Vec::new(),
        indexes: Vec::new(),
        interfaces: Vec::new(),
        order,
    }
}

fn unique(name: &str, fields: &[&str], normalize: &[Normalizer]) -> UniqueKey {
    UniqueKey {
        name: name.into(),
        fields: fields.iter().map(|field| Arc::from(*field)).collect(),
        normalize: normalize.into(),
    }
}

fn bookstore() -> Collection {
    let mut fields =
        vec![field("name", "String!"), field("address", "Address"), field("branches", "[Address!]")];
    fields[0].description = Some("What is \"written\" over the door.".into());
    let mut bookstore =
        collection("Bookstore", names("bookstore", "bookstores", "Bookstores"), IdKind::ObjectId, fields);
    bookstore.description = Some("A shop for books.".into());
    bookstore.uniques = vec![unique("name", &["name"], &[Normalizer::Trim, Normalizer::Casefold])];
    bookstore.relations = vec![Relation {
        name: "books".into(),
        description: None,
        target: "Book".into(),
        kind: RelationKind::HasMany { field: "storeId".into(), on_delete: OnDelete::Restrict },
    }];
    bookstore.order.push(Member::Relation(0));
    bookstore
}

fn book() -> Collection {
    let mut fields = vec![
        field("isbn", "String"),
        field("title", "String!"),
        field("pages", "Int!"),
        field("price", "Decimal"),
        field("tags", "[String!]"),
        field("sold", "Long"),
        field("extra", "JSON"),
        field("published", "Date"),
        field("source", "String"),
        field("storeId", "ID!"),
        field("createdAt", "DateTime!"),
        field("version", "Int!"),
    ];
    fields[1].length = (Some(1), Some(20));
    fields[2].default = Some(Bson::Int32(100));
    fields[2].range = (Some(Bson::Int32(1)), Some(Bson::Int32(5_000)));
    fields[0].pattern = Some(("^[0-9]{3}$".into(), regex::Regex::new("^[0-9]{3}$").expect("well formed")));
    fields[4].length = (None, Some(2));
    fields[8].filled = Filled::ReadOnly;
    fields[9].references = Some("Bookstore".into());
    fields[10].filled = Filled::CreatedAt;
    fields[11].filled = Filled::Version;
    let mut book = collection("Book", names("book", "books", "Books"), IdKind::Uuid, fields);
    book.uniques = vec![
        unique("isbn", &["isbn"], &[]),
        unique("titleSold", &["title", "sold"], &[Normalizer::Casefold]),
    ];
    book.relations = vec![Relation {
        name: "store".into(),
        description: None,
        target: "Bookstore".into(),
        kind: RelationKind::BelongsTo { field: "storeId".into(), required: true },
    }];
    book.order.push(Member::Relation(0));
    book
}

fn fruit(name: &str, names: ApiNames, id: IdKind) -> Collection {
    let fields = vec![field("breed", "String!"), field("size", "Size!"), field("sizes", "[Size]")];
    let mut fruit = collection(name, names, id, fields);
    fruit.interfaces = vec!["Fruit".into()];
    fruit.client_id = id == IdKind::String;
    fruit
}

/// Bookstores with books, apples and oranges.
pub fn model() -> Model {
    let mut address = vec![field("city", "String!"), field("zip", "String"), field("lines", "[String]")];
    address[1].default = Some(Bson::String("0".into()));
    let size = ["SMALL", "MEDIUM", "LARGE"].map(|value| (Arc::from(value), None));
    Model {
        collections: vec![
            bookstore().into(),
            book().into(),
            fruit("Apple", names("apple", "apples", "Apples"), IdKind::ObjectId).into(),
            fruit("Orange", names("orange", "oranges", "Oranges"), IdKind::String).into(),
        ],
        interfaces: vec![
            Interface {
                name: "Fruit".into(),
                description: None,
                names: names("", "fruits", "Fruits"),
                fields: vec![field("breed", "String!"), field("size", "Size!")],
                relations: Vec::new(),
                order: vec![Member::Id, Member::Field(0), Member::Field(1)],
                types: vec!["Apple".into(), "Orange".into()],
            }
            .into(),
        ],
        embedded: [(
            "Address".into(),
            Embedded { name: "Address".into(), description: None, fields: address }.into(),
        )]
        .into(),
        enums: [("Size".into(), Enum { name: "Size".into(), description: None, values: size.into() }.into())]
            .into(),
        fingerprint: String::new(),
    }
}

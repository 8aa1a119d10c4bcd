//! A small model for tests, with something of everything.

use crate::schema::{self, Model};

/// Bookstores with books, apples and oranges.
pub fn model() -> Model {
    match schema::load("sample.graphql", SAMPLE.as_bytes()) {
        Ok(model) => model,
        Err(faults) => panic!("the sample has faults: {faults:?}"),
    }
}

const SAMPLE: &str = r#"
"A shop for books."
type Bookstore @collection {
  id: ID!
  "What is \"written\" over the door."
  name: String! @unique(normalize: [TRIM, CASEFOLD])
  address: Address
  branches: [Address!]
  books: [Book!]! @hasMany(field: "storeId", onDelete: RESTRICT)
}

type Book @collection @unique(fields: ["title", "sold"], normalize: [CASEFOLD]) {
  id: ID! @id(as: UUID)
  isbn: String @pattern(regex: "^[0-9]{3}$") @unique
  title: String! @length(min: 1, max: 20)
  pages: Int! @default(value: 100) @range(min: 1, max: 5000)
  price: Decimal @range(min: "0.10")
  tags: [String!] @length(max: 2)
  sold: Long
  extra: JSON
  published: Date
  source: String @readOnly
  storeId: ID!
  createdAt: DateTime! @createdAt
  version: Int! @version
  store: Bookstore! @belongsTo(field: "storeId")
}

type Address {
  city: String!
  zip: String @default(value: "0")
  lines: [String]
}

enum Size { SMALL MEDIUM LARGE }

interface Fruit {
  id: ID!
  breed: String!
  size: Size!
}

type Apple implements Fruit @collection {
  id: ID! @id(as: STRING)
  breed: String!
  size: Size!
  sizes: [Size]
}

type Orange implements Fruit @collection {
  id: ID! @id(as: STRING, client: true)
  breed: String!
  size: Size!
}
"#;

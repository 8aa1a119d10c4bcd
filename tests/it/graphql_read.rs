//! Queries through the HTTP server.

mod pages;
mod relations;
mod same_answers;
mod values;

use serde_json::{Value as Json, json};

use super::support::app::TestApp;

/// A bookstore and an orchard whose ids the tests choose, so that answers can be compared to the byte.
pub const SDL: &str = r#"
enum Size { SMALL MEDIUM LARGE }

type Address { street: String city: String! zip: Int }

type Shop @collection {
  id: ID! @id(as: STRING, client: true)
  name: String! @unique(normalize: [TRIM, COLLAPSE_SPACES, CASEFOLD])
  address: Address
  books: [Book!]! @hasMany(field: "shopId", onDelete: RESTRICT)
}

type Book @collection {
  id: ID! @id(as: STRING, client: true)
  isbn: String @unique
  title: String!
  price: Decimal
  year: Int
  weight: Float
  tags: [String!]
  printed: Date
  sold: DateTime
  shopId: ID
  shop: Shop @belongsTo(field: "shopId")
}

interface Fruit { id: ID! breed: String! size: Size! colour: String acidity: Float }

type Apple implements Fruit @collection {
  id: ID! @id(as: STRING, client: true)
  breed: String!
  size: Size!
  colour: String
  acidity: Float
}

type Orange implements Fruit @collection {
  id: ID! @id(as: STRING, client: true)
  breed: String!
  size: Size!
  colour: String
  acidity: Float
}
"#;

/// Creates documents of a type.
pub async fn create(app: &TestApp, ty: &str, plural: &str, inputs: Json) {
    let text = format!("mutation($inputs: [{ty}Input!]!) {{ create{plural}(inputs: $inputs) {{ id }} }}");
    app.data(&text, json!({ "inputs": inputs })).await;
}

/// The ids of a list's rows.
pub fn ids(list: &Json) -> Vec<String> {
    let rows = list["nodes"].as_array().expect("a list has nodes");
    rows.iter().map(|row| row["id"].as_str().expect("a row has an id").to_owned()).collect()
}

//! The language of GraphQL through the HTTP server, where its rules are easily kept by halves: what is not in the
//! language is refused before anything is done, and what is says what was written, at every depth.

mod conditions;
mod enums;
mod inputs;
mod introspection;
mod merging;
mod strings;

use serde_json::{Value as Json, json};

use crate::support::app::TestApp;

/// Owners with toys, and pets of two types.
const SDL: &str = r#"
enum Size { SMALL LARGE }

type Owner @collection {
  id: ID! @id(as: STRING, client: true)
  name: String!
  city: String
  toys: [Toy!]! @hasMany(field: "ownerId", onDelete: CASCADE)
}

type Label { text: String! note: String }

type Toy @collection {
  id: ID! @id(as: STRING, client: true)
  label: Label
  labels: [Label!]
  count: Int
  extra: JSON
  ownerId: ID!
  owner: Owner! @belongsTo(field: "ownerId")
}

type Wish @collection { id: ID! text: String @unique }

interface Pet { id: ID! name: String! tag: String }

type Dog implements Pet @collection {
  id: ID! @id(as: STRING, client: true)
  name: String!
  tag: String
  barks: Int
  size: Size
  tricks: [String!]
}

type Cat implements Pet @collection {
  id: ID! @id(as: STRING, client: true)
  name: String!
  tag: String
  lives: Int!
  size: String
  tricks: String
}
"#;

/// Two owners, three toys, a dog and a cat.
async fn app() -> TestApp {
    let app = TestApp::new(SDL).await;
    let text = r#"mutation {
        createOwners(inputs: [{id: "o1", name: "Ada", city: "Bern"}, {id: "o2", name: "Ben", city: "Rome"}]) { id }
        createToys(inputs: [
            {id: "t1", label: {text: "ball"}, count: 1, ownerId: "o1"},
            {id: "t2", label: {text: "bone"}, count: 2, ownerId: "o1"},
            {id: "t3", count: 3, ownerId: "o2"}]) { id }
        createDogs(inputs: [{id: "d", name: "Rex", tag: "x", barks: 3, size: LARGE}]) { id }
        createCats(inputs: [{id: "c", name: "Tom", tag: "y", lives: 7, size: "big"}]) { id }
    }"#;
    app.data(text, json!({})).await;
    app
}

/// All that [`app`] has stored.
async fn all(app: &TestApp) -> Json {
    let text = "{ owners { nodes { id name city } } wishes { nodes { text } } pets { nodes { id name tag } }
        toys { nodes { id label { text } labels { text } count extra ownerId } } }";
    app.data(text, json!({})).await
}

/// Every request is refused, and all that [`app`] has stored is as it was.
async fn all_refused<T: AsRef<str>>(app: &TestApp, texts: impl IntoIterator<Item = T>, variables: Json) {
    let before = all(app).await;
    for text in texts {
        refused(app, text.as_ref(), variables.clone()).await;
    }
    assert_eq!(all(app).await, before);
}

/// The request is refused as a whole: nothing is carried out, so there is no `data`.
async fn refused(app: &TestApp, text: &str, variables: Json) {
    let answer = app.query(text, variables).await;
    let errors = answer["errors"].as_array().map_or(0, Vec::len);
    assert!(errors > 0 && answer.get("data").is_none(), "{text}\n{answer:#}");
    for error in answer["errors"].as_array().into_iter().flatten() {
        let message = error["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty() && error["extensions"]["code"].is_string(), "{text}\n{error}");
    }
}

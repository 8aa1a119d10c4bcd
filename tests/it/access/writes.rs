//! What writes tell of documents that the viewer may not see.

use serde_json::{Value as Json, json};

use super::{codes, setup, token};
use crate::support::app::{CacheKind, StoreKind, TestApp};

const SDL: &str = r#"
    type Store @collection @access(read: {tenant: {eq: "$viewer.tenant"}}, write: {tenant: {eq: "$viewer.tenant"}}) {
      id: ID! @id(as: STRING, client: true)
      tenant: String!
      code: String @unique
      version: Int! @version
      books: [Book!]! @hasMany(field: "storeId")
    }
    type Book @collection @access(read: {tenant: {eq: "$viewer.tenant"}}, write: {tenant: {eq: "$viewer.tenant"}}) {
      id: ID! @id(as: STRING, client: true)
      tenant: String!
      storeId: ID
      store: Store @belongsTo(field: "storeId")
    }
"#;

struct Shop(TestApp);

impl Shop {
    async fn start(store: StoreKind) -> Shop {
        let shop = Shop(setup(SDL).on(store, CacheKind::Memory).start().await);
        for (tenant, id) in [("red", "r"), ("blue", "b")] {
            shop.done(
                tenant,
                &format!(
                    "createStore(input: {{id: \"{id}\", tenant: \"{tenant}\", code: \"{id}\"}}) {{ id }}"
                ),
            )
            .await;
        }
        shop
    }

    async fn ask(&self, tenant: &str, mutation: &str) -> Json {
        let token = token(&[], json!({ "tenant": tenant }));
        self.0.query_as(&token, &format!("mutation {{ w: {mutation} }}"), json!(null)).await
    }

    async fn done(&self, tenant: &str, mutation: &str) -> Json {
        let answer = self.ask(tenant, mutation).await;
        assert_eq!(answer["errors"], json!(null), "{mutation}: {answer}");
        answer["data"]["w"].clone()
    }

    /// The error of a mutation that is refused, apart from the ids in it.
    async fn refused(&self, tenant: &str, mutation: &str, code: &str) -> String {
        let answer = self.ask(tenant, mutation).await;
        assert_eq!(codes(&answer), [code], "{mutation}: {answer}");
        answer["errors"][0]["message"].as_str().expect("a message").to_owned()
    }
}

async fn each(store: StoreKind) {
    let shop = Shop::start(store).await;
    // A hidden document is refused in the words in which a missing one is.
    for mutation in [
        "updateStore(id: \"ID\", set: {code: \"x\"}) { id }",
        "updateStore(id: \"ID\", set: {code: \"x\"}, ifVersion: 7) { id }",
        "deleteStore(id: \"ID\") { id }",
        "deleteStore(id: \"ID\", ifVersion: 7) { id }",
        "createBook(input: {tenant: \"red\", storeId: \"ID\"}) { id }",
    ] {
        let hidden = shop.refused("red", &mutation.replace("ID", "b"), "NOT_FOUND").await;
        let missing = shop.refused("red", &mutation.replace("ID", "no"), "NOT_FOUND").await;
        assert_eq!(hidden.replace(" b.", " ID."), missing.replace(" no.", " ID."), "{mutation}");
    }
    // Nobody gives a document away, or takes one.
    shop.refused("red", "updateStore(id: \"r\", set: {tenant: \"blue\"}) { id }", "FORBIDDEN").await;
    shop.refused("red", "createStore(input: {id: \"n\", tenant: \"blue\"}) { id }", "FORBIDDEN").await;
    shop.refused("red", "createStores(inputs: [{id: \"n\", tenant: \"blue\"}]) { id }", "FORBIDDEN").await;
    shop.refused("red", "updateStores(where: {}, all: true, set: {tenant: \"blue\"}) { count }", "FORBIDDEN")
        .await;
    assert_eq!(
        shop.done("red", "updateStores(where: {}, all: true, set: {tenant: \"red\"}) { count }").await["count"],
        1
    );
    assert_eq!(shop.done("red", "deleteStores(where: {id: {eq: \"b\"}}) { count }").await["count"], 0);
    // An upsert follows both rules; a value that is taken unseen is a conflict, at once.
    shop.done("red", "upsertStore(on: CODE, input: {id: \"r\", tenant: \"red\", code: \"r\"}) { id }").await;
    shop.refused("red", "upsertStore(on: CODE, input: {tenant: \"blue\", code: \"r\"}) { id }", "FORBIDDEN")
        .await;
    shop.refused(
        "red",
        "upsertStore(on: CODE, input: {id: \"n\", tenant: \"red\", code: \"b\"}) { id }",
        "CONFLICT",
    )
    .await;
    shop.refused("red", "upsertStore(on: ID, input: {id: \"b\", tenant: \"red\"}) { id }", "CONFLICT").await;
    // Documents that forbid a delete are told only to who may see them.
    let truth = TestApp::uncached(&shop.0).await;
    truth
        .data(
            "mutation { createBook(input: {id: \"1\", tenant: \"blue\", storeId: \"r\"}) { id } }",
            json!(null),
        )
        .await;
    let hidden = shop.refused("red", "deleteStore(id: \"r\") { id }", "CONFLICT").await;
    assert!(!hidden.contains("Book") && !hidden.contains('1'), "{hidden}");
    shop.done("red", "createBook(input: {id: \"2\", tenant: \"red\", storeId: \"r\"}) { id }").await;
    let seen = shop.refused("red", "deleteStore(id: \"r\") { id }", "CONFLICT").await;
    assert!(seen.starts_with("1 Book"), "{seen}");
    let left = truth.data("{ stores { nodes { id tenant } } }", json!(null)).await;
    let expected = json!([{ "id": "b", "tenant": "blue" }, { "id": "r", "tenant": "red" }]);
    assert_eq!(left["stores"]["nodes"], expected);
}

#[tokio::test]
async fn writes_tell_nothing_of_what_is_hidden_in_sqlite() {
    each(StoreKind::Sqlite).await;
}

#[tokio::test]
async fn writes_tell_nothing_of_what_is_hidden_in_mongodb() {
    each(StoreKind::Mongo).await;
}

const CHAIN: &str = r#"
    type Author @collection @access(read: true, write: true) {
      id: ID! @id(as: STRING, client: true)
      drafts: [Draft!]! @hasMany(field: "authorId", onDelete: CASCADE)
    }
    type Draft @collection @access(read: {tenant: {eq: "$viewer.tenant"}}) {
      id: ID! @id(as: STRING, client: true)
      tenant: String
      authorId: ID
      reviews: [Review!]! @hasMany(field: "draftId")
      notes: [Note!]! @hasMany(field: "draftId")
    }
    type Note @collection @access(roles: ["x"], read: true) {
      id: ID! @id(as: STRING, client: true)
      draftId: ID
    }
    type Review @collection @access(read: true) {
      id: ID! @id(as: STRING, client: true)
      draftId: ID
      secretId: ID @access(roles: ["x"], read: true)
      author: Author @belongsTo(field: "secretId")
    }
"#;

#[tokio::test]
async fn a_delete_that_is_forbidden_tells_nothing_of_what_is_hidden() {
    let app = setup(CHAIN).start().await;
    let truth = TestApp::uncached(&app).await;
    let make =
        async |text: &str| drop(truth.data(&format!("mutation {{ {text} {{ id }} }}"), json!(null)).await);
    let delete = async |author: &str| {
        let text = format!("mutation {{ deleteAuthor(id: \"{author}\") {{ id }} }}");
        let answer = app.query_as(&token(&[], json!({ "tenant": "red" })), &text, json!(null)).await;
        assert_eq!(codes(&answer), ["CONFLICT"], "{answer}");
        answer["errors"][0]["message"].as_str().expect("a message").to_owned()
    };
    let nothing = "Something that you may not see forbids this delete.";
    for (author, tenant) in [("r", "red"), ("b", "blue"), ("n", "red"), ("k", "red")] {
        make(&format!("createAuthor(input: {{id: \"{author}\"}})")).await;
        make(&format!(
            "createDraft(input: {{id: \"{author}\", tenant: \"{tenant}\", authorId: \"{author}\"}})"
        ))
        .await;
    }
    // A visible document that refers to a hidden one says that the hidden one is there.
    make("createReview(input: {id: \"1\", draftId: \"b\"})").await;
    assert_eq!(delete("b").await, nothing);
    make("createReview(input: {id: \"2\", draftId: \"r\"})").await;
    assert!(delete("r").await.starts_with("1 Review still points to this Draft by draftId"));
    // Where some are hidden and some are not, these are told.
    make("createNote(input: {id: \"1\", draftId: \"n\"})").await;
    assert_eq!(delete("n").await, nothing);
    make("createReview(input: {id: \"3\", draftId: \"n\"})").await;
    assert!(delete("n").await.starts_with("1 Review still"));
    // So does a visible one by a key that is hidden.
    make("createReview(input: {id: \"4\", secretId: \"k\"})").await;
    assert_eq!(delete("k").await, nothing);
}

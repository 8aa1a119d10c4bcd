//! Rules of access: figures are about what the viewer sees, and a figure of a field that not all may see is not for them.

use serde_json::{Value as Json, json};

use crate::access::{setup, token};
use crate::support::app::{CacheKind, StoreKind, TestApp};

const SDL: &str = r#"
type Visit @collection @partition(by: ["user"])
  @access(roles: ["admin"], read: true, write: true)
  @access(roles: ["member"], read: [{owner: {eq: "$viewer.sub"}}, {public: {eq: true}}]) {
  id: ID! @id(as: STRING, client: true)
  user: String!
  owner: String
  public: Boolean
  page: String
  price: Int @access(roles: ["admin"], read: true)
  note: String @access(roles: ["admin"], read: true) @access(roles: ["member"], read: {owner: {eq: "$viewer.sub"}})
}

type Stats @rollup(of: "Visit", by: ["user"]) {
  visits: Int! @count
  page: String @mode
  spent: Long! @sum(field: "price")
  note: String @mode
}

type ByPrice @rollup(of: "Visit", by: ["user", "price"]) { visits: Int! @count }
"#;

async fn app(cache: CacheKind) -> TestApp {
    let app = setup(SDL).on(StoreKind::Mongo, cache).start().await;
    let admin = token(&["admin"], json!({ "sub": "root" }));
    for (number, (owner, public, page)) in [
        ("ann", false, "a"),
        ("ann", true, "b"),
        ("bob", true, "b"),
        ("bob", false, "c"),
        ("bob", false, "c"),
    ]
    .into_iter()
    .enumerate()
    {
        let input = json!({
            "id": format!("v{number}"), "user": "u", "owner": owner, "public": public, "page": page, "price": 1, "note": page
        });
        let text = "mutation($i: VisitInput!) { createVisit(input: $i) { id } }";
        let answer = app.query_as(&admin, text, json!({ "i": input })).await;
        assert_eq!(answer["errors"], Json::Null, "{answer}");
    }
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_about_what_the_viewer_sees() {
    for cache in [CacheKind::Memory, CacheKind::Redis] {
        let app = app(cache).await;
        let ask = "{ stats(user: \"u\") { visits page } }";
        let viewer = |role: &str, sub: &str| token(&[role], json!({ "sub": sub }));
        for _ in 0..2 {
            for (role, sub, visits, page) in [
                ("admin", "root", 5, json!("c")),
                ("member", "ann", 3, json!("b")),
                ("member", "bob", 4, json!("c")),
                ("member", "eve", 2, json!("b")),
            ] {
                let answer = app.query_as(&viewer(role, sub), ask, json!({})).await;
                assert_eq!(
                    answer["data"]["stats"],
                    json!({ "visits": visits, "page": page }),
                    "{sub}: {answer}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_fields_that_are_hidden_are_not_in_the_api() {
    let app = app(CacheKind::Memory).await;
    let admin = token(&["admin"], json!({ "sub": "root" }));
    let ask = "{ stats(user: \"u\") { spent note } byPrice(user: \"u\", price: 1) { visits } }";
    let answer = app.query_as(&admin, ask, json!({})).await;
    assert_eq!(answer["data"], json!({ "stats": { "spent": 5, "note": "c" }, "byPrice": { "visits": 5 } }));
    let member = token(&["member"], json!({ "sub": "bob" }));
    for hidden in [
        "stats(user: \"u\") { spent }",
        "stats(user: \"u\") { note }",
        "byPrice(user: \"u\", price: 1) { visits }",
    ] {
        let answer = app.query_as(&member, &format!("{{ {hidden} }}"), json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{hidden}: {answer}");
    }
    let stranger = token(&["other"], json!({ "sub": "bob" }));
    let answer = app.query_as(&stranger, "{ stats(user: \"u\") { visits } }", json!({})).await;
    assert_ne!(answer["errors"], Json::Null, "{answer}");
}

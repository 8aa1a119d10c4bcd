//! Variables that are claims of the sender, over routes and over GraphQL, and rules of access.

use serde_json::{Value as Json, json};

use super::{Told, send};
use crate::support::app::{CacheKind, StoreKind, TestApp};
use crate::support::program::Folder;

const SDL: &str = r#"
type Mark @collection @unique(fields: ["owner", "page"])
  @access(read: {owner: {eq: "$viewer.sub"}}, write: {owner: {eq: "$viewer.sub"}}) {
  id: ID!
  owner: String! @owner(claim: "sub")
  page: String!
  at: Int!
}
type Secret @collection @access(roles: ["admin"], read: true, write: true) { id: ID! text: String! }
"#;

const OPERATIONS: &str = r#"
query Mark($owner: String! @claim(name: "sub"), $page: String!)
  @rest(method: GET, path: "/marks/{page}", result: "markByOwnerPage", empty: 404) {
  markByOwnerPage(owner: $owner, page: $page) { at }
}
mutation PutMark($page: String!, $at: Int!) @rest(method: PUT, path: "/marks/{page}", result: "upsertMark") {
  upsertMark(on: OWNER_PAGE, input: {page: $page, at: $at}) { at }
}
mutation DropMark($owner: String! @claim(name: "sub"), $page: String!)
  @rest(method: DELETE, path: "/marks/{page}", status: 204) {
  deleteMarkByOwnerPage(owner: $owner, page: $page) { id }
}
query Secrets @rest(method: GET, path: "/secrets", result: "secrets.nodes") { secrets { nodes { text } } }
"#;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// An application with the operations, and a token for each set of claims.
async fn app(store: StoreKind, cache: CacheKind, claims: &[Json]) -> (TestApp, Vec<String>) {
    let folder = Folder::new();
    folder.write("schema.graphql", SDL);
    folder.write("operations/marks.graphql", OPERATIONS);
    let text = format!(
        "[auth]\n[[auth.issuers]]\nissuer = 'https://i.example/'\naudience = 'a'\nalgorithms = ['HS256']\nkey = \
         '{SECRET}'\nroles = 'roles'\n"
    );
    folder.write("oponn.toml", &text);
    let token = |claims: &Json| {
        let ran = folder.run(&["auth", "token", "--claims", &claims.to_string()]);
        ran.assert(0, "", "");
        ran.out().trim().to_owned()
    };
    let tokens = claims.iter().map(token).collect();
    let loaded = oponn::config::Config::load(Default::default(), [], Some(&folder.path().join("oponn.toml")));
    let auth = loaded.unwrap_or_else(|faults| panic!("{faults}")).config.auth.expect("identity is on");
    let operations = folder.path().join("operations");
    let app = TestApp::with(SDL).auth(auth).saved(&operations, true).on(store, cache).start().await;
    (app, tokens)
}

async fn ask(app: &TestApp, token: &str, method: &str, path: &str, body: Option<Json>) -> Told {
    send(app, method, path, &[("authorization", &format!("Bearer {token}"))], body).await
}

#[tokio::test]
async fn each_sender_has_what_is_theirs() {
    for (store, cache) in [(StoreKind::Sqlite, CacheKind::Memory), (StoreKind::Mongo, CacheKind::Redis)] {
        let claims = [json!({ "sub": "ann" }), json!({ "sub": "bob" }), json!({ "sub": null })];
        let (app, tokens) = app(store, cache, &claims).await;
        for (token, at) in tokens[..2].iter().zip([1, 2]) {
            ask(&app, token, "GET", "/marks/p", None).await.problem(404, "NOT_FOUND");
            let put = ask(&app, token, "PUT", "/marks/p", Some(json!({ "at": at }))).await;
            assert_eq!((put.status.as_u16(), put.json()), (200, json!({ "at": at })), "{put:?}");
        }
        for _ in 0..3 {
            for (token, at) in tokens[..2].iter().zip([1, 2]) {
                assert_eq!(ask(&app, token, "GET", "/marks/p", None).await.json(), json!({ "at": at }));
                let asked = json!({ "operationName": "Mark", "variables": { "page": "p" } });
                let told = ask(&app, token, "POST", "/graphql", Some(asked)).await;
                assert_eq!(told.json(), json!({ "data": { "markByOwnerPage": { "at": at } } }), "{told:?}");
            }
        }
        assert_eq!(ask(&app, &tokens[0], "DELETE", "/marks/p", None).await.status.as_u16(), 204);
        ask(&app, &tokens[0], "GET", "/marks/p", None).await.problem(404, "NOT_FOUND");
        assert_eq!(ask(&app, &tokens[1], "GET", "/marks/p", None).await.json(), json!({ "at": 2 }));
    }
}

#[tokio::test]
async fn nobody_gives_a_claim_but_their_token() {
    let claims = [json!({ "sub": "ann" }), json!({ "other": 1 })];
    let (app, tokens) = app(StoreKind::Sqlite, CacheKind::Memory, &claims).await;
    let asked = json!({ "operationName": "Mark", "variables": { "page": "p", "owner": "bob" } });
    let told = ask(&app, &tokens[0], "POST", "/graphql", Some(asked)).await;
    assert_eq!(told.status.as_u16(), 400, "{told:?}");
    ask(&app, &tokens[0], "GET", "/marks/p?owner=bob", None).await.problem(400, "BAD_USER_INPUT");
    ask(&app, &tokens[1], "GET", "/marks/p", None).await.problem(403, "FORBIDDEN");
    ask(&app, "nonsense", "GET", "/marks/p", None).await.problem(401, "UNAUTHENTICATED");
    let nobody = send(&app, "GET", "/marks/p", &[], None).await;
    nobody.problem(401, "UNAUTHENTICATED");
    assert_eq!(nobody.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn a_route_about_what_a_role_never_sees_is_forbidden_to_it() {
    let claims = [json!({ "sub": "ann" }), json!({ "sub": "root", "roles": ["admin"] })];
    let (app, tokens) = app(StoreKind::Sqlite, CacheKind::Memory, &claims).await;
    ask(&app, &tokens[0], "GET", "/secrets", None).await.problem(403, "FORBIDDEN");
    assert_eq!(ask(&app, &tokens[1], "GET", "/secrets", None).await.json(), json!([]));
}

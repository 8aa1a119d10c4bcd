//! `updateShopByName`, `deleteShopByName` and the like: writes of the document that a unique key names.

use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use super::watch::Watch;
use super::{On, SHOP, TestApp, faults, stock};

on_every_place!(
    a_document_is_changed_by_any_of_its_keys,
    a_delete_of_nothing_is_no_error,
    conditions_and_consequences_are_those_of_other_writes,
    a_key_that_moves_is_followed,
    keys_whose_fields_are_called_like_arguments_have_no_writes,
);

const SDL: &str = r#"
type Shop @collection @unique(fields: ["owner", "alias"], normalize: [TRIM, CASEFOLD]) {
  id: ID! @id(as: STRING, client: true)
  name: String @unique(normalize: [TRIM, COLLAPSE_SPACES, CASEFOLD])
  code: Int @unique
  mail: UUID @unique
  owner: String
  alias: String
  text: String
}
"#;
const LISTS: &[&str] = &[
    "{ shops { nodes { id name code text } totalCount } }",
    "{ shops(where: {text: {eq: \"x\"}}) { nodes { id } totalCount } }",
    "{ shopByName(name: \"foo bar\") { id text } shopByCode(code: 7) { id text } }",
];
const UUID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

async fn shops(on: On) -> Watch {
    let watch = Watch::of(on, SDL, LISTS).await;
    let inputs = json!([
        { "id": "a", "name": "  Foo  BAR ", "code": 7, "mail": UUID, "owner": "O", "alias": " Al " },
        { "id": "b", "name": "b", "code": 0, "owner": "o", "alias": "b" },
    ]);
    let text = "mutation($i: [ShopInput!]!) { createShops(inputs: $i) { id } }";
    watch.app.data(text, json!({ "i": inputs })).await;
    watch
}

async fn a_document_is_changed_by_any_of_its_keys(on: On) {
    let watch = shops(on).await;
    for (number, key) in [
        "ByName(name: \"FOO bar\"",
        "ByCode(code: 7",
        &format!("ByMail(mail: \"{}\"", UUID.to_uppercase()),
        "ByOwnerAlias(owner: \" o\", alias: \"AL\"",
    ]
    .into_iter()
    .enumerate()
    {
        let text =
            format!("mutation {{ w: updateShop{key}, set: {{text: \"{number}\"}}) {{ id text name }} }}");
        let done = watch.app.data(&text, json!({})).await;
        assert_eq!(done["w"], json!({ "id": "a", "text": number.to_string(), "name": "  Foo  BAR " }));
        watch.right(&text).await;
    }
    // The key itself can be changed.
    let done = watch
        .app
        .data("mutation { w: updateShopByCode(code: 7, set: {code: 8, name: \"n\"}) { id } }", json!({}));
    assert_eq!(done.await["w"]["id"], "a");
    watch.right("a change of the key").await;
    for (text, code) in [
        ("updateShopByCode(code: 7, set: {text: \"x\"})", "NOT_FOUND"),
        ("updateShopByName(name: \"\", set: {text: \"x\"})", "NOT_FOUND"),
        ("updateShopByName(name: \"foo bar\", set: {text: \"x\"})", "NOT_FOUND"),
        ("updateShopByOwnerAlias(owner: \"o\", alias: \"no\", set: {text: \"x\"})", "NOT_FOUND"),
        ("updateShopByMail(mail: \"x\", set: {text: \"x\"})", "BAD_USER_INPUT"),
        ("updateShopByCode(code: 8, set: {code: 0})", "CONFLICT"),
    ] {
        let refused = watch.app.query(&format!("mutation {{ w: {text} {{ id }} }}"), json!({})).await;
        assert_eq!(faults(&refused)[0]["code"], code, "{text}: {refused}");
        watch.right(text).await;
    }
}

async fn a_delete_of_nothing_is_no_error(on: On) {
    let watch = shops(on).await;
    for (key, found) in [
        ("ByCode(code: 9)", false),
        ("ByName(name: \"\")", false),
        ("ByOwnerAlias(owner: \"o\", alias: \"al\")", true),
        ("ByOwnerAlias(owner: \"o\", alias: \"al\")", false),
        ("ByCode(code: 0)", true),
        ("ByCode(code: 0)", false),
    ] {
        let text = format!("mutation {{ w: deleteShop{key} {{ name }} }}");
        let done = watch.app.data(&text, json!({})).await;
        assert_eq!(!done["w"].is_null(), found, "{text}");
        watch.right(&text).await;
    }
}

async fn conditions_and_consequences_are_those_of_other_writes(on: On) {
    let watch = Watch::start(on.with(SHOP), &["{ books { nodes { id version } totalCount } }"]).await;
    stock(&watch.app, &["a", "b"], &[("a/1", 1), ("a/2", 2), ("b/3", 3)]).await;
    watch.app.data("mutation { updateBook(id: \"3\", set: {isbn: \"i\"}) { id } }", json!({})).await;
    let stale = watch.app.query(
        "mutation { w: updateBookByIsbn(isbn: \"i\", set: {price: 9}, ifVersion: 1) { id } }",
        json!({}),
    );
    assert_eq!(faults(&stale.await), json!([{ "code": "VERSION_MISMATCH", "version": 2, "path": ["w"] }]));
    let stale =
        watch.app.query("mutation { w: deleteBookByIsbn(isbn: \"i\", ifVersion: 1) { id } }", json!({}));
    assert_eq!(faults(&stale.await), json!([{ "code": "VERSION_MISMATCH", "version": 2, "path": ["w"] }]));
    let lost = "mutation { w: updateBookByIsbn(isbn: \"i\", set: {shopId: \"no\"}) { id } }";
    let lost = watch.app.query(lost, json!({})).await;
    assert_eq!(faults(&lost)[0]["argument"], json!(["set", "shopId"]));
    let done =
        watch.app.data("mutation { w: deleteBookByIsbn(isbn: \"i\", ifVersion: 2) { id } }", json!({}));
    assert_eq!(done.await["w"]["id"], "3");
    // Children go along.
    watch.app.data("mutation { w: deleteShopByName(name: \" A\") { id } }", json!({})).await;
    watch.right("a delete of a parent").await;
    let left = watch.app.data("{ books { totalCount } shops { totalCount } }", json!({})).await;
    assert_eq!(left, json!({ "books": { "totalCount": 0 }, "shops": { "totalCount": 1 } }));
}

/// Two documents hand a key back and forth, while others write to whichever has it: each of these writes finds one.
async fn a_key_that_moves_is_followed(on: On) {
    let watch = shops(on).await;
    let app = &watch.app;
    let moving = async {
        for round in 0..10 {
            let (from, to) = if round % 2 == 0 { ("a", "b") } else { ("b", "a") };
            let text = format!("mutation {{ updateShop(id: \"{from}\", set: {{code: null}}) {{ id }} }}");
            app.data(&text, json!({})).await;
            let text = format!("mutation {{ updateShop(id: \"{to}\", set: {{code: 7}}) {{ id }} }}");
            app.data(&text, json!({})).await;
        }
    };
    let writing = async {
        let text = "mutation($t: String) { w: updateShopByCode(code: 7, set: {text: $t}) { code text } }";
        for number in 0..30 {
            let done: Json = app.query(text, json!({ "t": number.to_string() })).await;
            match faults(&done)[0]["code"].as_str() {
                None => assert_eq!(done["data"]["w"], json!({ "code": 7, "text": number.to_string() })),
                Some(code) => assert_eq!(code, "NOT_FOUND", "{done}"),
            }
        }
    };
    app.data("mutation { updateShop(id: \"b\", set: {code: null}) { id } }", json!({})).await;
    join_all([Box::pin(moving) as std::pin::Pin<Box<dyn Future<Output = ()>>>, Box::pin(writing)]).await;
    watch.right("the end").await;
}

async fn keys_whose_fields_are_called_like_arguments_have_no_writes(on: On) {
    let sdl = "type Card @collection @unique(fields: [\"set\", \"number\"]) { id: ID! set: String number: Int ifVersion: Int @unique }";
    let app = on.app(sdl).await;
    let text = "mutation { createCard(input: {set: \"s\", number: 1, ifVersion: 1}) { id } }";
    app.data(text, json!({})).await;
    let found = app.data(
        "{ a: cardBySetNumber(set: \"s\", number: 1) { number } b: cardByIfVersion(ifVersion: 1) { set } }",
        json!({}),
    );
    assert_eq!(found.await, json!({ "a": { "number": 1 }, "b": { "set": "s" } }));
    for text in ["deleteCardBySetNumber(set: \"s\", number: 1)", "deleteCardByIfVersion(ifVersion: 1)"] {
        let refused = app.query(&format!("mutation {{ {text} {{ id }} }}"), json!({})).await;
        assert_eq!(faults(&refused)[0]["code"], "BAD_USER_INPUT");
    }
}

/// A Long may be written as a number, with a fraction of zero too, and as a text.
#[tokio::test]
async fn a_version_counts_however_it_is_written() {
    let sdl = "type Card @collection { id: ID! code: String! @unique at: Int version: Int! @version }";
    let app = TestApp::new(sdl).await;
    app.data("mutation { createCard(input: {code: \"a\"}) { id } }", json!({})).await;
    let text =
        "mutation($v: Long) { updateCardByCode(code: \"a\", set: {at: 1}, ifVersion: $v) { version } }";
    for wrong in [json!(7), json!("7"), json!(7.0), json!("-9223372036854775808"), json!(i64::MAX)] {
        let told = app.query(text, json!({ "v": wrong })).await;
        assert_eq!(told["errors"][0]["extensions"]["code"], "VERSION_MISMATCH", "{wrong}: {told}");
    }
    for (place, right) in [json!(1), json!("2"), json!(3.0), json!("+4")].into_iter().enumerate() {
        let told = app.data(text, json!({ "v": right })).await;
        assert_eq!(told["updateCardByCode"]["version"], place + 2, "{right}");
    }
}

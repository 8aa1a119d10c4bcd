//! Creating documents: defaults, ids, what the server fills, faults, foreign keys, several at once.

use serde_json::{Value as Json, json};

use super::{On, SHOP, faults, ids, stock};

on_every_place!(
    absent_fields_get_defaults_and_null_stays_null,
    ids_are_made_as_the_type_says,
    clients_may_give_ids_where_the_type_says_so,
    times_and_version_are_filled,
    all_faults_are_told_at_once,
    foreign_keys_must_lead_somewhere,
    foreign_keys_have_the_form_of_the_ids_they_lead_to,
    read_only_fields_are_no_input,
    items_fail_each_for_themselves,
    more_items_than_the_bulk_bound_are_created,
    of_many_that_share_a_value_the_first_is_created,
    too_many_items_are_refused,
);

const NOTE: &str = r#"
enum Mood { GLAD SAD }

type Note @collection {
  id: ID!
  text: String! @length(min: 2, max: 5)
  code: String @pattern(regex: "^[a-z]+$")
  stars: Int @range(min: 1, max: 5) @default(value: 3)
  price: Decimal @range(min: "0.5", max: "10")
  mood: Mood! @default(value: GLAD)
  tags: [String!]! @default(value: ["new"]) @length(max: 2)
  places: [Place!]
  created: DateTime! @createdAt
  updated: DateTime! @updatedAt
  version: Int! @version
}

type Place { name: String! @length(max: 3) zip: String @pattern(regex: "^[0-9]{3}$") kind: Mood @default(value: SAD) }
"#;

async fn absent_fields_get_defaults_and_null_stays_null(on: On) {
    let app = on.app(NOTE).await;
    let text = r#"mutation {
        absent: createNote(input: {text: "ab"}) { ...all }
        null: createNote(input: {text: "ab", stars: null, code: null, places: [{name: "x"}, {name: "y", kind: null}]}) { ...all }
        given: createNote(input: {text: "ab", stars: 1, mood: SAD, tags: []}) { ...all }
    }
    fragment all on Note { stars code mood tags places { name zip kind } }"#;
    let expected = json!({
        "absent": {"stars": 3, "code": null, "mood": "GLAD", "tags": ["new"], "places": null},
        "null": {"stars": null, "code": null, "mood": "GLAD", "tags": ["new"],
                 "places": [{"name": "x", "zip": null, "kind": "SAD"}, {"name": "y", "zip": null, "kind": null}]},
        "given": {"stars": 1, "code": null, "mood": "SAD", "tags": [], "places": null},
    });
    assert_eq!(app.data(text, json!({})).await, expected);
    // `exists` tells a field that was left out from one that is null.
    let text = "{ there: notes(where: {code: {exists: true}}) { totalCount }
                  gone: notes(where: {code: {exists: false}}) { totalCount } }";
    let expected = json!({"there": {"totalCount": 1}, "gone": {"totalCount": 2}});
    assert_eq!(app.data(text, json!({})).await, expected);
    // A variable that is not given is as if the field were left out; one that is null is null.
    let text = "mutation($stars: Int) { createNote(input: {text: \"ab\", stars: $stars}) { stars } }";
    assert_eq!(app.data(text, json!({})).await["createNote"]["stars"], json!(3));
    assert_eq!(app.data(text, json!({"stars": null})).await["createNote"]["stars"], json!(null));
    let text = "mutation($input: NoteInput!) { createNote(input: $input) { stars tags } }";
    let made = app.data(text, json!({"input": {"text": "ab"}})).await;
    assert_eq!(made["createNote"], json!({"stars": 3, "tags": ["new"]}));
}

async fn ids_are_made_as_the_type_says(on: On) {
    let app = on
        .app(
            "type A @collection { id: ID! n: Int } type B @collection { id: ID! @id(as: UUID) n: Int }
             type C @collection { id: ID! @id(as: STRING) n: Int }",
        )
        .await;
    let text = "mutation { createA(input: {}) { id } createB(input: {}) { id } createC(input: {}) { id } }";
    let made = app.data(text, json!({})).await;
    let id = |field: &str| made[field]["id"].as_str().expect("an id").to_owned();
    let (a, b, c) = (id("createA"), id("createB"), id("createC"));
    assert!(a.len() == 24 && a.bytes().all(|byte| byte.is_ascii_hexdigit()), "{a}");
    for id in [&b, &c] {
        let uuid = uuid::Uuid::try_parse(id).expect("a UUID");
        assert_eq!((uuid.get_version_num(), &uuid.to_string()), (7, id));
    }
    let text = "query($a: ID!, $b: ID!, $c: ID!) { a(id: $a) { id } b(id: $b) { id } c(id: $c) { id } }";
    let found = app.data(text, json!({"a": a, "b": b, "c": c})).await;
    assert_eq!(found, json!({"a": {"id": a}, "b": {"id": b}, "c": {"id": c}}));
    let refused = app.query("mutation { createA(input: {id: \"x\"}) { id } }", json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    assert!(refused.get("data").is_none(), "{refused}");
}

async fn clients_may_give_ids_where_the_type_says_so(on: On) {
    let app = on
        .app(
            "type A @collection { id: ID! @id(client: true) n: Int }
             type B @collection { id: ID! @id(as: UUID, client: true) }
             type C @collection { id: ID! @id(as: STRING, client: true) }",
        )
        .await;
    let text = r#"mutation {
        a: createA(input: {id: "0123456789abcdef01234567", n: 1}) { id }
        b: createB(input: {id: "01890A5D-AC96-774B-BCCE-B302099A8057"}) { id }
        c: createC(input: {id: "any / text"}) { id }
        d: createC(input: {id: 12}) { id }
        e: createC(input: {id: null}) { id }
        f: createC(input: {}) { id }
    }"#;
    let made = app.data(text, json!({})).await;
    let expected = ["0123456789abcdef01234567", "01890a5d-ac96-774b-bcce-b302099a8057", "any / text", "12"];
    for (alias, id) in ["a", "b", "c", "d"].into_iter().zip(expected) {
        assert_eq!(made[alias]["id"], id);
    }
    assert_ne!(made["e"]["id"], made["f"]["id"]);
    let text = r#"mutation {
        a: createA(input: {id: "0123456789abcdef01234567", n: 2}) { id }
        b: createB(input: {id: "01890a5d-ac96-774b-bcce-b302099a8057"}) { id }
        c: createC(input: {id: "any / text"}) { id }
        g: createA(input: {id: "nonsense"}) { id }
        h: createC(input: {id: ""}) { id }
    }"#;
    let refused = app.query(text, json!({})).await;
    let taken = |alias: &str| json!({"code": "CONFLICT", "field": "id", "path": [alias]});
    let wrong = |alias: &str| json!({"code": "BAD_USER_INPUT", "argument": ["input", "id"], "path": [alias]});
    assert_eq!(faults(&refused), json!([taken("a"), taken("b"), taken("c"), wrong("g"), wrong("h")]));
    let kept = app.data("{ a(id: \"0123456789abcdef01234567\") { n } }", json!({})).await;
    assert_eq!(kept["a"]["n"], json!(1));
}

async fn times_and_version_are_filled(on: On) {
    let app = on.app(NOTE).await;
    let text = "mutation { createNote(input: {text: \"ab\"}) { id created updated version } }";
    let made = app.data(text, json!({})).await["createNote"].take();
    assert_eq!(made["version"], json!(1));
    assert_eq!(made["created"], made["updated"]);
    let created: jiff::Timestamp = made["created"].as_str().expect("a time").parse().expect("a time");
    let age = jiff::Timestamp::now().duration_since(created);
    assert!(!age.is_negative() && age.as_secs() < 600, "{age:?}");
    let text = "mutation($id: ID!) { updateNote(id: $id, set: {text: \"cd\"}) { created updated version } }";
    let changed = app.data(text, json!({"id": made["id"]})).await["updateNote"].take();
    assert_eq!((&changed["version"], &changed["created"]), (&json!(2), &made["created"]));
    // The same form sorts as the times do.
    assert!(changed["updated"].as_str() >= made["updated"].as_str());
    let text = "mutation($v: Int) { createNote(input: {text: \"ab\", version: $v}) { id } }";
    assert!(app.query(text, json!({})).await.get("data").is_none());
}

async fn all_faults_are_told_at_once(on: On) {
    let app = on.app(NOTE).await;
    let text = r#"mutation($input: NoteInput!) { createNote(input: $input) { id } }"#;
    let input = json!({
        "text": "abcdef", "code": "A1", "stars": 6, "price": "0.4999999999999999999999999999",
        "tags": ["a", "b", "c"], "places": [{"name": "ok", "zip": "123"}, {"name": "long", "zip": "x"}],
    });
    let refused = app.query(text, json!({"input": input})).await;
    let fault =
        |argument: Json| json!({"code": "BAD_USER_INPUT", "argument": argument, "path": ["createNote"]});
    let expected = json!([
        fault(json!(["input", "text"])),
        fault(json!(["input", "code"])),
        fault(json!(["input", "stars"])),
        fault(json!(["input", "price"])),
        fault(json!(["input", "tags"])),
        fault(json!(["input", "places", 1, "name"])),
        fault(json!(["input", "places", 1, "zip"])),
    ]);
    assert_eq!(faults(&refused), expected);
    assert_eq!(refused["data"], json!({"createNote": null}));
    // What the types of the API already forbid is refused before anything is carried out.
    for input in [json!({}), json!({"text": null}), json!({"text": 1})] {
        let refused = app.query(text, json!({"input": input})).await;
        let expected = json!({"code": "BAD_USER_INPUT", "argument": ["$input", "text"]});
        assert_eq!(refused["errors"][0]["extensions"], expected, "{input} {refused}");
        assert!(refused.get("data").is_none(), "{refused}");
    }
    // A field with a default may be left out, but it cannot be made null.
    let refused = app.query(text, json!({"input": {"text": "ab", "mood": null, "tags": null}})).await;
    let expected = json!([fault(json!(["input", "mood"])), fault(json!(["input", "tags"]))]);
    assert_eq!(faults(&refused), expected);
    assert_eq!(app.data("{ notes { totalCount } }", json!({})).await["notes"]["totalCount"], 0);
}

async fn foreign_keys_must_lead_somewhere(on: On) {
    let app = on.app(SHOP).await;
    stock(&app, &["a"], &[]).await;
    let text = r#"mutation {
        ok: createBook(input: {id: "1", title: "t", shopId: "a"}) { shop { name } }
        no: createBook(input: {id: "2", title: "t", shopId: "b"}) { id }
        many: createBooks(inputs: [{id: "3", title: "t", shopId: "b"}, {id: "4", title: "t", shopId: "a"}]) { id }
        move: updateBook(id: "1", set: {shopId: "b"}) { id }
        all: updateBooks(where: {}, all: true, set: {shopId: "c"}) { count }
    }"#;
    let response = app.query(text, json!({})).await;
    let fault = |path: Json, argument: Json| json!({"code": "NOT_FOUND", "argument": argument, "path": path});
    let expected = json!([
        fault(json!(["no"]), json!(["input", "shopId"])),
        fault(json!(["many", 0]), json!(["inputs", 0, "shopId"])),
        fault(json!(["move"]), json!(["set", "shopId"])),
        fault(json!(["all"]), json!(["set", "shopId"])),
    ]);
    assert_eq!(faults(&response), expected);
    // `updateBooks` is never null, so its error takes the whole answer; what was done stays done.
    assert_eq!(response["data"], json!(null));
    let found = app.data("{ books { nodes { id shopId } } }", json!({})).await;
    let expected = json!([{"id": "1", "shopId": "a"}, {"id": "4", "shopId": "a"}]);
    assert_eq!(found["books"]["nodes"], expected);
}

async fn foreign_keys_have_the_form_of_the_ids_they_lead_to(on: On) {
    let app = on
        .app(
            "type P @collection { id: ID! n: Int cs: [C!]! @hasMany(field: \"pId\", onDelete: SET_NULL) }
             type Q @collection { id: ID! @id(as: UUID) n: Int cs: [C!]! @hasMany(field: \"qId\", onDelete: SET_NULL) }
             type C @collection { id: ID! pId: ID qId: ID p: P @belongsTo(field: \"pId\") q: Q @belongsTo(field: \"qId\") }",
        )
        .await;
    let made = app.data("mutation { createP(input: {}) { id } createQ(input: {}) { id } }", json!({})).await;
    let (p, q) = (&made["createP"]["id"], &made["createQ"]["id"]);
    let text = "mutation($input: CInput!) { createC(input: $input) { p { id cs { totalCount } } q { id } } }";
    let made = app.data(text, json!({"input": {"pId": p, "qId": q}})).await;
    assert_eq!(made["createC"], json!({"p": {"id": p, "cs": {"totalCount": 1}}, "q": {"id": q}}));
    let made = app.data(text, json!({"input": {"pId": null}})).await;
    assert_eq!(made["createC"], json!({"p": null, "q": null}));
    let fault =
        |code: &str, field: &str| json!({"code": code, "argument": ["input", field], "path": ["createC"]});
    for (input, expected) in [
        (
            json!({"pId": q, "qId": p}),
            json!([fault("BAD_USER_INPUT", "pId"), fault("BAD_USER_INPUT", "qId")]),
        ),
        (json!({"pId": "", "qId": q}), json!([fault("BAD_USER_INPUT", "pId")])),
        (json!({"pId": "0123456789abcdef01234567"}), json!([fault("NOT_FOUND", "pId")])),
        (
            json!({"qId": "01890a5d-ac96-774b-bcce-b302099a8057", "pId": p}),
            json!([fault("NOT_FOUND", "qId")]),
        ),
    ] {
        assert_eq!(faults(&app.query(text, json!({"input": input})).await), expected, "{input}");
    }
}

async fn read_only_fields_are_no_input(on: On) {
    let app = on.app("type A @collection { id: ID! n: Int score: Int @readOnly @default(value: 3) }").await;
    let made = app.data("mutation { createA(input: {n: 1}) { id score } }", json!({})).await;
    assert_eq!(made["createA"]["score"], json!(3));
    for text in [
        "mutation { createA(input: {score: 1}) { id } }",
        "mutation { updateA(id: \"x\", set: {score: 1}) { id } }",
        "mutation { updateAs(where: {}, all: true, set: {score: 1}) { count } }",
    ] {
        let refused = app.query(text, json!({})).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{text}");
        assert!(refused.get("data").is_none(), "{refused}");
    }
}

/// One item that is wrong, one that leads nowhere, one that is taken, one that takes the same: the
/// others are created and listed.
async fn items_fail_each_for_themselves(on: On) {
    let app = on.app(SHOP).await;
    stock(&app, &["a"], &[]).await;
    let list = "{ books { nodes { id } totalCount } }";
    assert_eq!(app.data(list, json!({})).await["books"]["totalCount"], 0);
    let book =
        |id: &str, isbn: &str, shop: &str| json!({"id": id, "isbn": isbn, "title": id, "shopId": shop});
    let inputs = [
        book("1", "i1", "a"),
        book("", "i2", "a"),
        book("3", "i3", "nowhere"),
        book("4", "i1", "a"),
        book("1", "i5", "a"),
        book("6", "i6", "a"),
    ];
    let text = "mutation($inputs: [BookInput!]!) { createBooks(inputs: $inputs) { id shop { id } } }";
    let response = app.query(text, json!({"inputs": inputs})).await;
    let made = |id: &str| json!({"id": id, "shop": {"id": "a"}});
    assert_eq!(response["data"]["createBooks"], json!([made("1"), null, null, null, null, made("6")]));
    let expected = json!([
        {"code": "BAD_USER_INPUT", "argument": ["inputs", 1, "id"], "path": ["createBooks", 1]},
        {"code": "NOT_FOUND", "argument": ["inputs", 2, "shopId"], "path": ["createBooks", 2]},
        {"code": "CONFLICT", "field": "isbn", "path": ["createBooks", 3]},
        {"code": "CONFLICT", "field": "id", "path": ["createBooks", 4]},
    ]);
    assert_eq!(faults(&response), expected);
    let found = app.data(list, json!({})).await;
    assert_eq!((ids(&found["books"]), &found["books"]["totalCount"]), (vec!["1", "6"], &json!(2)));
}

async fn more_items_than_the_bulk_bound_are_created(on: On) {
    let app = on.with(SHOP).engine(|options| options.bulk = 5).start().await;
    stock(&app, &["a"], &[("a/x", 0)]).await;
    let list = "{ books(first: 100) { nodes { id } totalCount } shop(id: \"a\") { books(first: 100) { totalCount } } }";
    assert_eq!(app.data(list, json!({})).await["books"]["totalCount"], 1);
    let mut inputs: Vec<Json> = (0..20)
        .map(|i| json!({"id": format!("{i:02}"), "isbn": format!("i{i}"), "title": "t", "shopId": "a"}))
        .collect();
    inputs[3]["id"] = json!("x");
    inputs[7]["isbn"] = json!("i6");
    inputs[9]["shopId"] = json!("nowhere");
    inputs[11]["id"] = json!("");
    let text = "mutation($inputs: [BookInput!]!) { createBooks(inputs: $inputs) { id version shop { id } } }";
    let response = app.query(text, json!({"inputs": inputs})).await;
    let expected = json!([
        {"code": "CONFLICT", "field": "id", "path": ["createBooks", 3]},
        {"code": "CONFLICT", "field": "isbn", "path": ["createBooks", 7]},
        {"code": "NOT_FOUND", "argument": ["inputs", 9, "shopId"], "path": ["createBooks", 9]},
        {"code": "BAD_USER_INPUT", "argument": ["inputs", 11, "id"], "path": ["createBooks", 11]},
    ]);
    assert_eq!(faults(&response), expected);
    let made: Vec<&str> = response["data"]["createBooks"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|book| book["id"].as_str())
        .collect();
    assert_eq!(made.len(), 16);
    let found = app.data(list, json!({})).await;
    assert_eq!(ids(&found["books"])[..16], made[..]);
    assert_eq!(
        (&found["books"]["totalCount"], &found["shop"]["books"]["totalCount"]),
        (&json!(17), &json!(17))
    );
}

async fn too_many_items_are_refused(on: On) {
    let app = on.with(SHOP).api(|limits| limits.page_max = 3).start().await;
    let text = "mutation($inputs: [AppleInput!]!) { createApples(inputs: $inputs) { id } }";
    let inputs: Vec<Json> = (0..4).map(|_| json!({"breed": "b", "size": "SMALL"})).collect();
    let refused = app.query(text, json!({"inputs": inputs})).await;
    let expected = json!([{"code": "BAD_USER_INPUT", "argument": ["inputs"], "path": ["createApples"]}]);
    assert_eq!(faults(&refused), expected);
    let made = app.data(text, json!({"inputs": inputs[..3]})).await;
    assert_eq!(made["createApples"].as_array().map(Vec::len), Some(3));
    assert_eq!(app.data(text, json!({"inputs": []})).await["createApples"], json!([]));
    // One item stands for a list of it.
    let text = "mutation { createApples(inputs: {id: \"one\", breed: \"b\", size: SMALL}) { id } }";
    assert_eq!(app.data(text, json!({})).await["createApples"], json!([{"id": "one"}]));
}

async fn of_many_that_share_a_value_the_first_is_created(on: On) {
    let app = on.app(SHOP).await;
    stock(&app, &["a"], &[]).await;
    let inputs: Vec<Json> = (0..900)
        .map(|n| json!({"id": format!("b{n}"), "isbn": format!("{}", n % 300), "title": n.to_string(), "shopId": "a"}))
        .collect();
    let text = "mutation($inputs: [BookInput!]!) { createBooks(inputs: $inputs) { id } }";
    let answer = app.query(text, json!({ "inputs": inputs })).await;
    let created = answer["data"]["createBooks"].as_array().expect("a list");
    for (n, item) in created.iter().enumerate() {
        assert_eq!(item.is_null(), n >= 300, "{n}: {item}");
    }
    let errors = answer["errors"].as_array().expect("a list");
    assert_eq!(errors.len(), 600);
    assert!(errors.iter().all(|error| error["extensions"]["code"] == "CONFLICT"), "{}", errors[0]);
    let data = app.data("{ books(first: 1000) { totalCount nodes { isbn title } } }", json!({})).await;
    assert_eq!(data["books"]["totalCount"], 300);
    assert!(
        data["books"]["nodes"].as_array().expect("a list").iter().all(|node| node["isbn"] == node["title"])
    );
}

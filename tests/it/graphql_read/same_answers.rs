//! Every store and every cache gives the same answers to the byte, cold and warm, between writes.

use serde_json::{Value as Json, json};

use super::{SDL, create};
use crate::support::app::{CacheKind, StoreKind, TestApp};
use crate::support::dice::Dice;

const TITLES: [&str; 8] = ["", "Zen", "zen", "Éclair", "a\\b\"c", "Ωmega", "100%", "the end"];
const PRICES: [&str; 6] = ["0", "9.99", "10.00", "10", "123456789012345678901234567890.1234", "-1"];

fn book(dice: &mut Dice, id: usize) -> Json {
    let mut book = json!({ "id": format!("b{id:02}"), "title": dice.one_of(&TITLES) });
    let mut maybe = |name: &str, value: Json, dice: &mut Dice| match dice.roll(4) {
        0 => {}
        1 => book[name] = Json::Null,
        _ => book[name] = value,
    };
    let price = dice.one_of(&PRICES);
    maybe("price", json!(price), dice);
    let year = dice.roll(5);
    maybe("year", json!(1990 + year), dice);
    let weight = dice.roll(3) as f64 / 3.0;
    maybe("weight", json!(weight), dice);
    let tags: Vec<&str> = (0..dice.roll(3)).map(|_| ["x", "y", "z"][dice.roll(3)]).collect();
    maybe("tags", json!(tags), dice);
    let day = dice.roll(28);
    maybe("printed", json!(format!("2001-02-{:02}", day + 1)), dice);
    maybe("sold", json!(format!("2020-01-01T00:00:{day:02}.5+01:00")), dice);
    let shop = dice.roll(4);
    maybe("shopId", json!(format!("s{shop}")), dice);
    book
}

fn condition(dice: &mut Dice, depth: usize) -> String {
    if depth > 0 && dice.roll(3) == 0 {
        let (one, two) = (condition(dice, depth - 1), condition(dice, depth - 1));
        return match dice.roll(3) {
            0 => format!("{{and: [{one}, {two}]}}"),
            1 => format!("{{or: [{one}, {two}]}}"),
            _ => format!("{{not: {one}}}"),
        };
    }
    let op = dice.one_of(&["eq", "ne", "lt", "lte", "gt", "gte"]);
    match dice.roll(10) {
        0 => format!("{{year: {{{op}: {}}}}}", 1990 + dice.roll(5)),
        1 => format!("{{price: {{{op}: \"{}\"}}}}", dice.one_of(&PRICES)),
        2 => format!("{{title: {{{op}: {}}}}}", json!(dice.one_of(&TITLES))),
        3 => format!("{{title: {{contains: \"e\", mode: {}}}}}", dice.one_of(&["SENSITIVE", "INSENSITIVE"])),
        4 => {
            format!("{{title: {{startsWith: \"Z\", mode: {}}}}}", dice.one_of(&["SENSITIVE", "INSENSITIVE"]))
        }
        5 => format!(
            "{{tags: {{{}}}}}",
            dice.one_of(&["has: \"x\"", "hasAny: [\"y\", \"z\"]", "hasAll: [\"x\", \"y\"]", "isEmpty: true"])
        ),
        6 => format!(
            "{{shopId: {{{}}}}}",
            dice.one_of(&["eq: null", "in: [\"s1\", \"s2\"]", "nin: [\"s0\", null]", "exists: false"])
        ),
        7 => format!("{{sold: {{{op}: \"2019-12-31T23:00:14.5Z\"}}}}"),
        8 => format!("{{printed: {{{op}: \"2001-02-14\"}}}}"),
        _ => format!("{{weight: {{{op}: 0.3333333333333333}}}}"),
    }
}

fn list(dice: &mut Dice) -> String {
    let mut arguments = vec![format!("where: {}", condition(dice, 2))];
    if dice.roll(2) == 0 {
        let field = dice.one_of(&["TITLE", "PRICE", "YEAR", "WEIGHT", "PRINTED", "SHOP_ID"]);
        let more = dice.one_of(&["", ", {field: TITLE, direction: DESC}", ", {field: ID, direction: DESC}"]);
        arguments.push(format!(
            "orderBy: [{{field: {field}, direction: {}}}{more}]",
            dice.one_of(&["ASC", "DESC"])
        ));
    }
    match dice.roll(4) {
        0 => arguments.push(format!("first: {}", 1 + dice.roll(9))),
        1 => arguments.push(format!("last: {}", 1 + dice.roll(9))),
        2 => arguments.push(format!("first: {}, offset: {}", 1 + dice.roll(9), dice.roll(20))),
        _ => {}
    }
    let page = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";
    let row = dice.one_of(&[
        "id title price year weight tags printed sold",
        "id shop { name books(first: 2, orderBy: [{field: PRICE, direction: DESC}]) { totalCount nodes { id price } } }",
    ]);
    let total = dice.one_of(&["", "totalCount"]);
    format!("books({}) {{ {total} {page} nodes {{ {row} }} }}", arguments.join(", "))
}

fn write(dice: &mut Dice) -> (String, Json) {
    let id = format!("b{:02}", dice.roll(40));
    match dice.roll(4) {
        0 => ("mutation($id: ID!) { deleteBook(id: $id) { title } }".into(), json!({ "id": id })),
        1 => {
            let number = dice.roll(40);
            (
                "mutation($i: BookInput!) { upsertBook(on: ID, input: $i) { id title } }".into(),
                json!({ "i": book(dice, number) }),
            )
        }
        2 => {
            let filter = condition(dice, 1);
            let set = json!({ "year": 1990 + dice.roll(5) });
            (
                format!(
                    "mutation($set: BookPatch!) {{ updateBooks(where: {filter}, set: $set) {{ count }} }}"
                ),
                json!({ "set": set }),
            )
        }
        _ => {
            let number = dice.roll(40);
            let mut set = book(dice, number);
            set.as_object_mut().expect("an object").remove("id");
            (
                "mutation($id: ID!, $set: BookPatch!) { updateBook(id: $id, set: $set) { id } }".into(),
                json!({ "id": id, "set": set }),
            )
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_backends_give_the_same_bytes() {
    let mut apps = Vec::new();
    for (store, cache) in [
        (StoreKind::Sqlite, CacheKind::None),
        (StoreKind::Sqlite, CacheKind::Memory),
        (StoreKind::Mongo, CacheKind::Redis),
        (StoreKind::Mongo, CacheKind::Memory),
    ] {
        // Small bounds, so that refills, bulk writes and pages beyond the batch come up too.
        let setup = TestApp::with(SDL).on(store, cache);
        apps.push(setup.engine(|engine| (engine.limits.rows, engine.bulk) = (25, 10)).start().await);
    }
    let mut dice = Dice::new(2);
    let shops: Vec<Json> =
        (0..4).map(|n| json!({ "id": format!("s{n}"), "name": format!("Shop {n}") })).collect();
    let books: Vec<Json> = (0..40).map(|n| book(&mut dice, n)).collect();
    for app in &apps {
        create(app, "Shop", "Shops", json!(shops)).await;
        create(app, "Book", "Books", json!(books)).await;
    }
    // A fixed set of lists that is asked again and again between the writes.
    let lists: Vec<String> = (0..60).map(|_| list(&mut dice)).collect();
    for round in 0..60 {
        for _ in 0..5 {
            let text = format!("{{ {} }}", lists[dice.roll(lists.len())]);
            let expected = apps[0].query(&text, Json::Null).await.to_string();
            for (number, app) in apps.iter().enumerate().skip(1) {
                let answer = app.query(&text, Json::Null).await.to_string();
                assert_eq!(answer, expected, "round {round}, application {number}: {text}");
            }
        }
        let (text, variables) = write(&mut dice);
        let expected = apps[0].query(&text, variables.clone()).await.to_string();
        for (number, app) in apps.iter().enumerate().skip(1) {
            let answer = app.query(&text, variables.clone()).await.to_string();
            assert_eq!(answer, expected, "round {round}, application {number}: {text} {variables}");
        }
    }
}

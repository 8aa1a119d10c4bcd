//! Many random writes over a few documents: after each, every list is as a server without a cache
//! answers it.

use serde_json::{Value as Json, json};

use super::watch::Watch;
use super::{On, SHOP, stock};
use crate::support::dice::Dice;

on_every_place!(cached: lists_stay_right_whatever_is_written, lists_stay_right_within_small_bounds);

const SHOPS: [&str; 4] = ["a", "b", "c", "d"];
const SIZES: [&str; 3] = ["SMALL", "MEDIUM", "LARGE"];

/// Twelve lists and more, each document of them read as one operation.
const LISTS: &[&str] = &[
    "{ all: books(first: 100) { nodes { id title price tags version } totalCount }
       cheap: books(where: {price: {lt: 10}}, orderBy: [{field: PRICE}]) { nodes { id price } totalCount }
       dear: books(where: {or: [{price: {gte: 15}}, {price: {eq: null}}]}, orderBy: [{field: PRICE, direction: DESC}], first: 4) { nodes { id } pageInfo { hasNextPage } } }",
    "{ of: books(where: {shopId: {in: [\"a\", \"b\"]}, not: {title: {startsWith: \"t1\"}}}) { nodes { id shop { id city } } }
       tagged: books(where: {tags: {hasAny: [\"x\", \"y\"]}}, orderBy: [{field: TITLE, direction: DESC}], last: 3) { nodes { id } pageInfo { hasPreviousPage } totalCount }
       bare: books(where: {or: [{tags: {isEmpty: true}}, {isbn: {exists: false}}]}, orderBy: [{field: SHOP_ID}, {field: PRICE}]) { nodes { id } } }",
    "{ shops(orderBy: [{field: CITY}]) { nodes { id city books(orderBy: [{field: PRICE}], first: 3) { nodes { id price } pageInfo { hasNextPage } } } }
       shop(id: \"a\") { books(where: {price: {gt: 3}}) { nodes { id } totalCount } }
       middle: books(orderBy: [{field: PRICE, direction: DESC}], first: 3, offset: 5) { nodes { id } pageInfo { hasPreviousPage hasNextPage } } }",
    "{ fruits(first: 100) { nodes { __typename id breed size weight } totalCount }
       large: fruits(where: {size: {eq: LARGE}}, orderBy: [{field: WEIGHT, direction: DESC}]) { nodes { id weight } totalCount }
       first: fruits(where: {weight: {gte: 5}}, orderBy: [{field: BREED}, {field: WEIGHT}], first: 2) { nodes { id } pageInfo { hasNextPage } }
       apples(where: {size: {in: [SMALL, MEDIUM]}}) { totalCount } oranges(orderBy: [{field: WEIGHT}], last: 2) { nodes { id } } }",
    "{ b3: book(id: \"3\") { title price shop { id books { totalCount } } } i3: bookByIsbn(isbn: \"i3\") { id } i4: bookByIsbn(isbn: \"i4\") { id price } }",
];

/// Writes, drawn at random.
struct Writes {
    dice: Dice,
}

impl Writes {
    /// Some of the fields of a book, or all that one needs.
    fn book(&mut self, whole: bool) -> Json {
        let mut book = json!({});
        if whole || self.dice.roll(3) == 0 {
            book["title"] = json!(format!("t{}", self.dice.roll(15)));
        }
        if whole || self.dice.roll(4) == 0 {
            book["shopId"] = json!(self.dice.one_of(&SHOPS));
        }
        if self.dice.roll(3) > 0 {
            book["price"] = if self.dice.roll(6) == 0 { Json::Null } else { json!(self.dice.roll(20)) };
        }
        if self.dice.roll(4) == 0 {
            book["tags"] =
                self.dice.one_of(&[|| json!(null), || json!([]), || json!(["x"]), || json!(["y", "z"])])();
        }
        book
    }

    fn fruit(&mut self, whole: bool) -> Json {
        let mut fruit = json!({});
        if whole || self.dice.roll(3) == 0 {
            fruit["breed"] = json!(format!("b{}", self.dice.roll(4)));
        }
        if whole || self.dice.roll(2) == 0 {
            fruit["size"] = json!(self.dice.one_of(&SIZES));
        }
        if self.dice.roll(2) == 0 {
            fruit["weight"] = if self.dice.roll(6) == 0 { Json::Null } else { json!(self.dice.roll(10)) };
        }
        fruit
    }

    fn some_of_books(&mut self) -> Json {
        let price = self.dice.roll(20);
        match self.dice.roll(4) {
            0 => json!({"price": {"gte": price, "lt": price + 3}}),
            1 => json!({"shopId": {"eq": self.dice.one_of(&SHOPS)}, "price": {"lt": price}}),
            2 => json!({"title": {"eq": format!("t{}", self.dice.roll(15))}}),
            _ => json!({"tags": {"has": "x"}}),
        }
    }

    /// A mutation and its variables.
    fn next(&mut self) -> (String, Json) {
        let (id, fruit) = (self.dice.roll(25).to_string(), self.dice.one_of(&["Apple", "Orange"]));
        match self.dice.roll(24) {
            0..=4 => {
                let mut input = self.book(true);
                input["id"] = json!(id);
                ("mutation($input: BookInput!) { createBook(input: $input) { id } }".into(), json!({"input": input}))
            }
            5..=9 => (
                "mutation($id: ID!, $set: BookPatch!) { updateBook(id: $id, set: $set) { id } }".into(),
                json!({"id": id, "set": self.book(false)}),
            ),
            10 => {
                let isbn = self.dice.one_of(&[Some("i3"), Some("i4"), None]);
                let text = "mutation($id: ID!, $isbn: String) { updateBook(id: $id, set: {isbn: $isbn}) { id } }";
                (text.into(), json!({"id": id, "isbn": isbn}))
            }
            11 | 12 => ("mutation($id: ID!) { deleteBook(id: $id) { id } }".into(), json!({"id": id})),
            13 => {
                let mut input = self.book(true);
                input["id"] = json!(id);
                let text = "mutation($input: BookInput!) { upsertBook(on: ID, input: $input) { id } }";
                (text.into(), json!({"input": input}))
            }
            14 => {
                let inputs: Vec<Json> = (0..1 + self.dice.roll(8))
                    .map(|_| {
                        let mut input = self.book(true);
                        input["id"] = json!(self.dice.roll(25).to_string());
                        input
                    })
                    .collect();
                let text = "mutation($inputs: [BookInput!]!) { createBooks(inputs: $inputs) { id } }";
                (text.into(), json!({"inputs": inputs}))
            }
            15 | 16 => (
                "mutation($where: BookWhere!, $set: BookPatch!) { updateBooks(where: $where, set: $set) { count } }".into(),
                json!({"where": self.some_of_books(), "set": self.book(false)}),
            ),
            17 => (
                "mutation($where: BookWhere!) { deleteBooks(where: $where) { count } }".into(),
                json!({"where": self.some_of_books()}),
            ),
            18 => {
                let city = self.dice.one_of(&[Some("x"), Some("y"), None]);
                let text = "mutation($id: ID!, $city: String) { updateShop(id: $id, set: {city: $city}) { id } }";
                (text.into(), json!({"id": self.dice.one_of(&SHOPS), "city": city}))
            }
            // With all its books; and a new one in its place.
            19 => {
                let id = self.dice.one_of(&SHOPS);
                let text = "mutation($id: ID!, $name: String!) { deleteShop(id: $id) { id } createShop(input: {id: $id, name: $name}) { id } }";
                (text.into(), json!({"id": id, "name": format!("{id} {}", self.dice.roll(1_000_000))}))
            }
            20 | 21 => {
                let mut input = self.fruit(true);
                input["id"] = json!(id);
                (format!("mutation($input: {fruit}Input!) {{ create{fruit}(input: $input) {{ id }} }}"), json!({"input": input}))
            }
            22 => (
                format!("mutation($id: ID!, $set: {fruit}Patch!) {{ update{fruit}(id: $id, set: $set) {{ id }} }}"),
                json!({"id": id, "set": self.fruit(false)}),
            ),
            _ => (
                format!("mutation($where: {fruit}Where!, $set: {fruit}Patch!) {{ update{fruit}s(where: $where, set: $set) {{ count }} }}"),
                json!({"where": {"size": {"eq": self.dice.one_of(&SIZES)}}, "set": self.fruit(false)}),
            ),
        }
    }
}

async fn run(watch: Watch, seed: u64, writes: u64) {
    stock(&watch.app, &SHOPS, &[("a/1", 5), ("b/2", 12), ("c/3", 19), ("a/4", 1)]).await;
    watch.right("the start").await;
    let mut drawn = Writes { dice: Dice::new(seed) };
    let mut done = 0;
    for round in 0..writes {
        let (text, variables) = drawn.next();
        let answer = watch.app.query(&text, variables.clone()).await;
        for error in answer["errors"].as_array().into_iter().flatten() {
            let code = error["extensions"]["code"].as_str().unwrap_or_default();
            assert!(["CONFLICT", "NOT_FOUND"].contains(&code), "{text} {variables} {answer}");
        }
        done += u64::from(answer.get("errors").is_none());
        watch.right(&format!("write {round}: {text} {variables}")).await;
    }
    assert!(done > writes / 2, "only {done} writes succeeded");
}

async fn lists_stay_right_whatever_is_written(on: On) {
    run(Watch::start(on.with(SHOP).engine(|options| options.bulk = 5), LISTS).await, 1, 300).await;
}

/// With bounds so small that lists do not fit and have to be dropped.
async fn lists_stay_right_within_small_bounds(on: On) {
    let setup = on.with(SHOP).engine(|options| {
        options.limits.rows = 8;
        options.limits.departed = 2;
        options.limits.matches = 12;
        options.limits.batches = 10;
    });
    run(Watch::start(setup, LISTS).await, 2, 100).await;
}

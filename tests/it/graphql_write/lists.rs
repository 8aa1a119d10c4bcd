//! Cached lists after every kind of write: right at once, and without asking the store.

use serde_json::json;

use super::watch::Watch;
use super::{On, SHOP, stock};

on_every_place!(cached:
    created_documents_come_in,
    changed_fields_move_rows,
    changed_keys_move_rows_between_parents,
    deleted_documents_go_out,
    cascades_empty_lists,
    upserts_do_both,
    bulk_writes_below_the_bound_do_it_too,
    interface_lists_follow_each_type,
    lists_become_empty_and_full,
    absent_documents_appear,
    partly_known_lists_stay_right,
);

const BOOKS: &[&str] = &[
    "{ books { nodes { id title price version } totalCount } }",
    "{ books(where: {price: {eq: 5}}) { nodes { id } totalCount } }",
    "{ books(where: {price: {in: [1, 5, null]}}) { nodes { id price } } }",
    "{ books(where: {price: {gte: 3, lt: 8}}) { nodes { id } totalCount } }",
    "{ books(where: {or: [{price: {lt: 2}}, {title: {startsWith: \"n\"}}]}) { nodes { id } } }",
    "{ books(where: {not: {price: {gt: 4}}, shopId: {in: [\"a\", \"b\"]}}) { nodes { id } } }",
    "{ books(where: {price: {exists: false}}) { nodes { id } } }",
    "{ books(where: {title: {contains: \"E\", mode: INSENSITIVE}}) { nodes { id } } }",
    "{ books(where: {tags: {has: \"x\"}}) { nodes { id tags } totalCount } }",
    "{ books(where: {tags: {isEmpty: true}}) { totalCount } }",
    "{ books(where: {isbn: {eq: \"i-new\"}}) { nodes { id } } }",
    "{ books(orderBy: [{field: PRICE}]) { nodes { id price } totalCount } }",
    "{ books(orderBy: [{field: PRICE, direction: DESC}]) { nodes { id price } totalCount } }",
    "{ books(orderBy: [{field: TITLE, direction: DESC}, {field: PRICE}], first: 2) { nodes { id } pageInfo { hasNextPage } totalCount } }",
    "{ books(orderBy: [{field: PRICE}], last: 2) { nodes { id } pageInfo { hasPreviousPage } } }",
    "{ books(orderBy: [{field: PRICE}], first: 2, offset: 1) { edges { cursor node { id shop { name } } } pageInfo { hasNextPage hasPreviousPage endCursor } } }",
    "{ shops { nodes { id name books(orderBy: [{field: PRICE, direction: DESC}]) { nodes { id price } totalCount } } totalCount } }",
    "{ shops(orderBy: [{field: CITY, direction: DESC}]) { nodes { id city } } }",
    "{ shop(id: \"a\") { books(where: {price: {gt: 2}}) { nodes { id } totalCount } } }",
    "{ book(id: \"new\") { title shop { id } } bookByIsbn(isbn: \"i-new\") { id } }",
];

async fn books(on: On) -> Watch {
    let watch = Watch::of(on, SHOP, BOOKS).await;
    stock(&watch.app, &["a", "b", "c"], &[("a/1", 5), ("a/2", 1), ("b/3", 7), ("b/4", 3), ("a/5", 5)]).await;
    watch.warm().await;
    watch
}

async fn created_documents_come_in(on: On) {
    let watch = books(on).await;
    let text = "mutation($input: BookInput!) { createBook(input: $input) { id } }";
    for input in [
        json!({"id": "new", "isbn": "i-new", "title": "new", "price": 5, "shopId": "c", "tags": ["x"]}),
        json!({"id": "0", "title": "E", "price": null, "shopId": "a"}),
        json!({"id": "6", "title": "nn", "shopId": "b", "tags": []}),
        json!({"id": "7", "title": "z", "price": 100, "shopId": "b", "tags": ["y", "x", "x"]}),
    ] {
        watch.write(text, json!({"input": input})).await;
    }
    let inputs: Vec<_> =
        (0..10).map(|i| json!({"id": format!("m{i}"), "title": "m", "price": i, "shopId": "c"})).collect();
    let text = "mutation($inputs: [BookInput!]!) { createBooks(inputs: $inputs) { id } }";
    watch.write(text, json!({"inputs": inputs})).await;
}

async fn changed_fields_move_rows(on: On) {
    let watch = books(on).await;
    let text = "mutation($id: ID!, $set: BookPatch!) { updateBook(id: $id, set: $set) { id } }";
    for (id, set) in [
        ("1", json!({"price": 0})),
        ("1", json!({"price": 9})),
        ("3", json!({"price": null})),
        ("3", json!({"price": 5})),
        ("2", json!({"title": "nEw", "tags": ["x"]})),
        ("2", json!({"title": "2", "tags": []})),
        ("4", json!({"isbn": "i-new"})),
        ("4", json!({"isbn": null, "price": 4})),
        ("5", json!({})),
    ] {
        watch.write(text, json!({"id": id, "set": set})).await;
    }
    let text = "mutation($set: ShopPatch!) { updateShop(id: \"b\", set: $set) { id } }";
    for set in [json!({"city": "x"}), json!({"name": "other"}), json!({"city": null})] {
        watch.write(text, json!({"set": set})).await;
    }
}

async fn changed_keys_move_rows_between_parents(on: On) {
    let watch = books(on).await;
    let text = "mutation($id: ID!, $shop: ID!) { updateBook(id: $id, set: {shopId: $shop}) { id } }";
    for (id, shop) in [("1", "b"), ("2", "c"), ("5", "c"), ("1", "a"), ("2", "a"), ("5", "b")] {
        watch.write(text, json!({"id": id, "shop": shop})).await;
    }
}

async fn deleted_documents_go_out(on: On) {
    let watch = books(on).await;
    let text = "mutation($id: ID!) { deleteBook(id: $id) { id } }";
    for id in ["5", "1", "2", "4", "3"] {
        watch.write(text, json!({"id": id})).await;
    }
}

async fn cascades_empty_lists(on: On) {
    let watch = books(on).await;
    for id in ["a", "c", "b"] {
        watch.write("mutation($id: ID!) { deleteShop(id: $id) { id } }", json!({"id": id})).await;
    }
}

async fn upserts_do_both(on: On) {
    let watch = books(on).await;
    let text = "mutation($on: BookUnique!, $input: BookInput!) { upsertBook(on: $on, input: $input) { id } }";
    for (on, input) in [
        ("ISBN", json!({"id": "new", "isbn": "i-new", "title": "t", "price": 5, "shopId": "a"})),
        ("ISBN", json!({"isbn": "i-new", "title": "e", "price": 2, "shopId": "c", "tags": ["x"]})),
        ("ID", json!({"id": "new", "title": "n", "price": null, "shopId": "b"})),
        ("ID", json!({"id": "zzz", "title": "n", "price": 5, "shopId": "b"})),
        ("ID", json!({"id": "1", "title": "n", "price": 8, "shopId": "c"})),
    ] {
        watch.write(text, json!({"on": on, "input": input})).await;
    }
}

async fn bulk_writes_below_the_bound_do_it_too(on: On) {
    let watch = books(on).await;
    for text in [
        "mutation { updateBooks(where: {price: {lt: 6}}, set: {price: 6, tags: [\"x\"]}) { count } }",
        "mutation { updateBooks(where: {shopId: {eq: \"a\"}}, set: {shopId: \"c\"}) { count } }",
        "mutation { updateBooks(where: {price: {eq: 6}}, set: {price: null}) { count } }",
        "mutation { deleteBooks(where: {shopId: {eq: \"c\"}}) { count } }",
        "mutation { updateShops(where: {}, all: true, set: {city: \"x\"}) { count } }",
        "mutation { deleteBooks(where: {}, all: true) { count } }",
        "mutation { deleteShops(where: {}, all: true) { count } }",
    ] {
        watch.write(text, json!({})).await;
    }
}

const FRUITS: &[&str] = &[
    "{ fruits { nodes { __typename id size weight } totalCount } }",
    "{ fruits(where: {size: {eq: LARGE}}) { nodes { id } totalCount } }",
    "{ fruits(where: {size: {eq: SMALL}}, orderBy: [{field: WEIGHT, direction: DESC}]) { nodes { id ... on Apple { weight } } } }",
    "{ fruits(where: {weight: {gt: 5}}, orderBy: [{field: WEIGHT}, {field: BREED, direction: DESC}], first: 3) { nodes { id weight } pageInfo { hasNextPage } totalCount } }",
    "{ apples(where: {size: {eq: LARGE}}) { nodes { id } } oranges(orderBy: [{field: WEIGHT}]) { nodes { id } } }",
];

async fn interface_lists_follow_each_type(on: On) {
    let watch = Watch::of(on, SHOP, FRUITS).await;
    watch.warm().await;
    let text = "mutation($apple: AppleInput!, $orange: OrangeInput!) {
        createApple(input: $apple) { id } createOrange(input: $orange) { id } }";
    for (id, size, weight) in [
        ("1", "LARGE", json!(7)),
        ("2", "SMALL", json!(9)),
        ("3", "SMALL", json!(null)),
        ("4", "LARGE", json!(7)),
    ] {
        // The same id in two types is two documents.
        let fruit = json!({"id": id, "breed": format!("b{id}"), "size": size, "weight": weight});
        watch.write(text, json!({"apple": fruit, "orange": fruit})).await;
    }
    for text in [
        "mutation { updateApple(id: \"1\", set: {size: SMALL}) { id } }",
        "mutation { updateOrange(id: \"1\", set: {weight: 10}) { id } }",
        "mutation { updateOrange(id: \"3\", set: {size: LARGE, weight: 1}) { id } }",
        "mutation { updateApples(where: {size: {eq: SMALL}}, set: {size: MEDIUM}) { count } }",
        "mutation { deleteOrange(id: \"2\") { id } }",
        "mutation { updateOrange(id: \"4\", set: {breed: \"a\"}) { id } updateApple(id: \"4\", set: {breed: \"z\"}) { id } }",
        "mutation { deleteApples(where: {}, all: true) { count } }",
        "mutation { deleteOranges(where: {}, all: true) { count } }",
    ] {
        watch.write(text, json!({})).await;
    }
}

async fn lists_become_empty_and_full(on: On) {
    let watch = Watch::of(on, SHOP, &BOOKS[..BOOKS.len() - 4]).await;
    watch.warm().await;
    for _ in 0..3 {
        let text = "mutation { createShop(input: {id: \"a\", name: \"a\"}) { id }
            createBook(input: {id: \"1\", title: \"new\", price: 5, shopId: \"a\", tags: [\"x\"], isbn: \"i-new\"}) { id } }";
        watch.write(text, json!({})).await;
        watch
            .write("mutation { deleteBook(id: \"1\") { id } deleteShop(id: \"a\") { id } }", json!({}))
            .await;
    }
}

async fn absent_documents_appear(on: On) {
    let lists = &[
        "{ shop(id: \"a\") { name city } }",
        "{ shopByName(name: \"the shop\") { id name } }",
        "{ book(id: \"1\") { title } bookByIsbn(isbn: \"1\") { id } }",
        "{ apple(id: \"1\") { breed } orange(id: \"1\") { breed } }",
    ];
    let watch = Watch::of(on, SHOP, lists).await;
    watch.warm().await;
    for text in [
        "mutation { createShop(input: {id: \"a\", name: \" The  Shop\"}) { id } }",
        "mutation { createBook(input: {id: \"1\", title: \"t\", shopId: \"a\"}) { id } }",
        "mutation { updateBook(id: \"1\", set: {isbn: \"1\"}) { id } }",
        "mutation { createApples(inputs: [{id: \"1\", breed: \"b\", size: SMALL}]) { id } }",
        "mutation { deleteShop(id: \"a\") { id } }",
        "mutation { upsertShop(on: NAME, input: {id: \"b\", name: \"the SHOP\"}) { id } }",
        "mutation { upsertShop(on: ID, input: {id: \"a\", name: \"a\", city: \"c\"}) { id } }",
        "mutation { createBook(input: {id: \"1\", title: \"again\", shopId: \"a\"}) { id } }",
        "mutation { deleteShops(where: {}, all: true) { count } }",
    ] {
        watch.write(text, json!({})).await;
    }
}

/// Of a list that is long only the first rows are known: writes within and beyond them.
async fn partly_known_lists_stay_right(on: On) {
    let lists = &[
        "{ books(orderBy: [{field: PRICE}], first: 5) { nodes { id price } pageInfo { hasNextPage endCursor } } }",
        "{ books(orderBy: [{field: PRICE, direction: DESC}], first: 3, offset: 2) { nodes { id price } pageInfo { hasPreviousPage } } }",
        "{ books(where: {price: {gte: 50}}, orderBy: [{field: PRICE}], first: 4) { nodes { id } } }",
        "{ shop(id: \"a\") { books(first: 3, orderBy: [{field: PRICE}]) { nodes { id } pageInfo { hasNextPage } } } }",
    ];
    let watch = Watch::of(on, SHOP, lists).await;
    let names: Vec<String> =
        (0..300).map(|i| format!("{}/{i:03}", if i % 2 == 0 { "a" } else { "b" })).collect();
    let all: Vec<(&str, i64)> = names.iter().zip(0..).map(|(name, price)| (name.as_str(), price)).collect();
    stock(&watch.app, &["a", "b"], &all).await;
    watch.warm().await;
    let set = "mutation($id: ID!, $price: Int) { updateBook(id: $id, set: {price: $price}) { id } }";
    for (id, price) in [("000", 400), ("299", -1), ("150", 2), ("002", 1), ("298", 51), ("004", -5)] {
        watch.write(set, json!({"id": id, "price": price})).await;
    }
    // Rows that go out of what is known uncover rows that are not.
    for i in (0..300).step_by(7) {
        watch
            .app
            .data("mutation($id: ID!) { deleteBook(id: $id) { id } }", json!({"id": format!("{i:03}")}))
            .await;
        watch.right("a delete").await;
    }
}

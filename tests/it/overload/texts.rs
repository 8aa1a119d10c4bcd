//! What a text asks for before anything is read: nesting, length, what is kept of it, and the answer's size.

use serde_json::{Value as Json, json};

use crate::support::app::client;
use crate::support::program::{Folder, Serving};

/// Texts that are nested deep, in every way in which texts nest.
fn nested(levels: usize) -> Vec<String> {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(levels), close.repeat(levels));
    vec![
        format!("{{ books(where: {}) {{ totalCount }} }}", deep("[", "]")),
        format!("{{ books(where: {}) {{ totalCount }} }}", deep("{not: ", "}")),
        format!("{{ {} }}", deep("a: a {", "}")),
        "{a:".repeat(levels),
        format!("query($a: {}", "[".repeat(levels)),
        format!("query($a: {}) {{ __typename }}", deep("[", "]")),
        format!("{{ {} }}", deep("... { ", "}")),
        format!("{{ {} }}", deep("... on Query @include(if: true) { ", "}")),
        format!(
            "{{ __schema {{ queryType {{ {} name {} }} }} }}",
            "ofType {".repeat(levels),
            "}".repeat(levels)
        ),
        (0..levels).map(|n| format!("fragment F{n} on Query {{ ...F{} }} ", n + 1)).collect::<String>()
            + "{ ...F0 }",
        (0..levels)
            .map(|n| format!("fragment F{n} on Query {{ ...F{} ...F{} }} ", n + 1, n + 1))
            .collect::<String>()
            + "{ ...F0 }",
    ]
}

/// The code of the error with which it is refused.
fn code(answer: &Json) -> &str {
    answer["errors"][0]["extensions"]["code"]
        .as_str()
        .unwrap_or_else(|| panic!("it is refused: {answer:.200}"))
}

async fn by_get(serving: &Serving, query: &str) -> u16 {
    let url = format!("http://{}/graphql", serving.address);
    let mut url = reqwest::Url::parse(&url).expect("an address");
    url.query_pairs_mut().append_pair("query", query);
    let request = client().get(url).send().await;
    request.expect("the server answers").status().as_u16()
}

#[tokio::test]
async fn no_nesting_ends_the_process() {
    let folder = Folder::with_books();
    let serving = folder.serve(&[]);
    for levels in [150, 199, 250, 1_250, 5_000, 20_000] {
        for query in nested(levels) {
            let answer = serving.query(&query).await;
            assert!(matches!(code(&answer), "TOO_COMPLEX" | "BAD_USER_INPUT"), "{answer}");
            if query.len() < 5_000 {
                assert_eq!(by_get(&serving, &query).await, 400, "{query:.60}");
            }
        }
        let value = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let body = format!(
            "{{\"query\": \"query($w: BookWhere) {{ books(where: $w) {{ totalCount }} }}\", \"variables\": {{\"w\": {value}}}}}"
        );
        let url = format!("http://{}/graphql", serving.address);
        let request = client().post(url).header("content-type", "application/json").body(body);
        assert_eq!(request.send().await.expect("the server answers").status().as_u16(), 400, "{levels}");
    }
    let answer = serving.query("{ books { totalCount } }").await;
    assert_eq!(answer["data"]["books"]["totalCount"], 2);
}

#[tokio::test]
async fn what_is_kept_of_texts_has_a_bound() {
    let folder = Folder::with_books();
    folder.write("oponn.toml", "memory = '64MiB'");
    let serving = folder.serve(&[]);
    let fields: String = (0..5_000).map(|n| format!("a{n}: __typename ")).collect();
    for round in 0..60 {
        let query = format!("query Q{round}($if: Boolean!) {{ {fields} b: __typename @include(if: $if) }}");
        let answer = serving.ask(&query, json!({ "if": round % 2 == 0 })).await;
        assert_eq!(answer["data"]["a4999"], "Query");
    }
    // Such a text takes 3 MiB, and as much again what is made of it.
    let peak = serving.peak_memory();
    assert!(peak < 256, "{peak} MiB");
}

#[tokio::test]
async fn answers_have_a_bound() {
    let folder = Folder::with_books();
    folder.write("oponn.toml", "memory = '64MiB'");
    let serving = folder.serve(&[]);
    let title = "x".repeat(1 << 20);
    let created = serving.ask(
        "mutation($t: String!) { createBook(input: {isbn: \"3\", title: $t}) { isbn } }",
        json!({ "t": title }),
    );
    assert_eq!(created.await["data"]["createBook"]["isbn"], "3");
    let aliases = |of: &str, count: usize| (0..count).map(|n| format!("a{n}: {of} ")).collect::<String>();
    let book = |count| format!("{{ bookByIsbn(isbn: \"3\") {{ {} }} }}", aliases("title", count));
    // One operation may take 4 MiB here.
    for query in [
        book(1_000),
        format!("{{ {} }}", aliases("bookByIsbn(isbn: \"3\") { title }", 400)),
        format!("{{ {} }}", aliases("books { nodes { title } }", 400)),
        format!(
            "{{ {} }}",
            aliases("__schema { types { name description fields { name description } } }", 900)
        ),
    ] {
        let answer = serving.query(&query).await;
        assert_eq!(code(&answer), "TOO_COMPLEX", "{query:.60}");
        assert_eq!(answer["data"], Json::Null);
    }
    let answer = serving.query(&book(2)).await;
    assert_eq!(answer["data"]["bookByIsbn"]["a1"], title);
    let peak = serving.peak_memory();
    assert!(peak < 256, "{peak} MiB");
}

#[tokio::test]
async fn plans_weigh_the_values_that_they_hold() {
    let folder = Folder::with_books();
    folder.write("oponn.toml", "memory = '64MiB'");
    let serving = folder.serve(&[]);
    for round in 0..100 {
        let isbn = format!("{round}{}", "x".repeat(900 << 10));
        let answer = serving.query(&format!("{{ bookByIsbn(isbn: \"{isbn}\") {{ id }} }}")).await;
        assert_eq!(answer, json!({ "data": { "bookByIsbn": null } }));
    }
    let peak = serving.peak_memory();
    assert!(peak < 160, "{peak} MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_operations_of_many_lists_do_not_fill_the_memory() {
    let folder = Folder::with_books();
    // However slow the machine: this is about memory.
    folder.write("oponn.toml", "server = { store_timeout = '10m' }\napi = { timeout = '10m' }");
    let serving = folder.serve(&[]);
    let answers = (0..40).map(|of| {
        let serving = &serving;
        async move {
            let lists: String = (0..2_000)
                .map(|n| {
                    format!(
                        "a{n}: books(first: 1, where: {{ isbn: {{ eq: \"{of}-{n}\" }} }}) {{ totalCount }} "
                    )
                })
                .collect();
            serving.query(&format!("{{ {lists} }}")).await
        }
    });
    for answer in futures_util::future::join_all(answers).await {
        let code = &answer["errors"][0]["extensions"]["code"];
        assert!(answer["data"]["a1999"]["totalCount"] == 0 || code == "OVERLOADED", "{}", answer["errors"]);
    }
    let peak = serving.peak_memory();
    assert!(peak < 512, "{peak} MiB");
}

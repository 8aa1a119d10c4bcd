//! Many records: in their order, however many commands they take.

use std::sync::atomic::Ordering;

use oponn::importer::{self, Options};
use serde_json::{Value as Json, json};

use super::{Folder, SDL, Silent, counts};
use crate::support::app::TestApp;

/// A loader of books with no more than an ISBN and a title, as NDJSON.
const MANY: &str = "[source]\nkind = 'ndjson'\npath = 'books.ndjson'\n[target]\ntype = 'Book'\non = 'isbn'\n\
    [fields]\nisbn = 'isbn'\ntitle = 'title'\n";

fn many(count: usize, title: impl Fn(usize) -> String) -> String {
    let line = |n| format!("{{\"isbn\": \"{n}\", \"title\": \"{}\"}}\n", title(n));
    (0..count).map(line).collect()
}

#[tokio::test]
async fn many_records_are_taken_in_their_order() {
    let app = TestApp::new(SDL).await;
    // Every key comes back after a hundred others, in the same command and in later ones.
    let records = |of: usize| many(5_000, |n| format!("{of} {n}")).replace("\"isbn\": \"", "\"isbn\": \"n");
    let again = |text: &str| {
        let line = |(n, line): (usize, &str)| {
            line.replacen(&format!("\"n{n}\""), &format!("\"{}\"", n % 100), 1) + "\n"
        };
        text.lines().enumerate().map(line).collect::<String>()
    };
    let folder = Folder::new(&[("books.toml", MANY), ("books.ndjson", &again(&records(1)))]);
    assert_eq!(counts(&folder.run(&app).await), [("books", 100, 4_900, 0, 0)]);
    let query = "{ books(first: 200) { totalCount nodes { isbn title } } }";
    let right = |data: &Json, of: usize| {
        let nodes = data["books"]["nodes"].as_array().expect("a list");
        assert_eq!((&data["books"]["totalCount"], nodes.len()), (&json!(100), 100));
        for node in nodes {
            let n: usize = node["isbn"].as_str().expect("text").parse().expect("a number");
            assert_eq!(node["title"], format!("{of} {}", 4_900 + n), "the last one of a key wins");
        }
    };
    right(&app.data(query, Json::Null).await, 1);
    folder.write("books.ndjson", &again(&records(2)));
    assert_eq!(counts(&folder.run(&app).await), [("books", 0, 5_000, 0, 0)]);
    right(&app.data(query, Json::Null).await, 2);
}

#[tokio::test]
async fn more_updates_than_are_reconciled_one_by_one_void_the_type() {
    let app = TestApp::new(SDL).await;
    let folder = Folder::new(&[("books.toml", MANY), ("books.ndjson", &many(600, |n| n.to_string()))]);
    folder.run(&app).await;
    let query = "{ books(where: {title: {startsWith: \"new\"}}, first: 1) { totalCount nodes { title } } }";
    assert_eq!(app.data(query, Json::Null).await["books"]["totalCount"], 0);
    let book = "{ bookByIsbn(isbn: \"7\") { title } }";
    assert_eq!(app.data(book, Json::Null).await["bookByIsbn"]["title"], "7");
    let voided = async || app.metric("oponn_cache_types_voided_total", &[("reason", "bulk")]).await;
    let settled = async || app.metric("oponn_cache_reconcile_seconds_count", &[]).await;
    let before = (voided().await, settled().await);
    folder.write("books.ndjson", &many(600, |n| format!("new {n}")));
    assert_eq!(counts(&folder.run(&app).await), [("books", 0, 600, 0, 0)]);
    assert_eq!((voided().await, settled().await), (before.0 + 1, before.1));
    assert_eq!(app.data(query, Json::Null).await["books"]["totalCount"], 600);
    assert_eq!(app.data(book, Json::Null).await["bookByIsbn"]["title"], "new 7");
    // Nothing to write, nothing to void.
    assert_eq!(counts(&folder.run(&app).await), [("books", 0, 0, 600, 0)]);
    assert_eq!(voided().await, before.0 + 1);
}

#[tokio::test]
async fn one_key_written_in_two_ways_is_one_record() {
    let app = TestApp::new(SDL).await;
    let loader = "[source]\nkind = 'ndjson'\npath = 'shops.ndjson'\n[target]\ntype = 'Shop'\non = 'name'\n\
        [fields]\nname = 'name'\n'address.street' = 'street'\n";
    let line = |name: &str, street: u32| format!("{{\"name\": \"{name}\", \"street\": \"{street}\"}}\n");
    let two = |street| line("The Owl", street) + &line("  the OWL", street + 1);
    let folder = Folder::new(&[("shops.toml", loader), ("shops.ndjson", &two(1))]);
    assert_eq!(counts(&folder.run(&app).await), [("shops", 1, 1, 0, 0)]);
    // Where most are known, and where they are among others that are.
    let known = many(10, |n| n.to_string()).replace("isbn", "name").replace("title", "street");
    folder.write("shops.ndjson", &known);
    folder.run(&app).await;
    folder.write("shops.ndjson", &(known.repeat(201) + &two(3) + &line("New", 1) + &line("NEW", 2)));
    let [(_, created, .., rejected)] = counts(&folder.run(&app).await)[..] else { panic!("one loader") };
    assert_eq!((created, rejected), (1, 0));
    let data = app.data("{ shopByName(name: \"new\") { address { street } } }", Json::Null).await;
    assert_eq!(data["shopByName"]["address"]["street"], "2");
}

#[tokio::test]
async fn an_import_that_is_told_to_stop_ends_after_what_it_is_writing() {
    let app = TestApp::new(SDL).await;
    let folder = Folder::new(&[("books.toml", MANY), ("books.ndjson", &many(10_000, |n| n.to_string()))]);
    let loaders = folder.load(&app, &[]).expect("the loader is right");
    let options = Options::default();
    options.stop.store(true, Ordering::Relaxed);
    let summaries = importer::run(&app.engine, loaders, options, &mut Silent).await.expect("it runs");
    let created = summaries[0].created;
    assert!((1..10_000).contains(&created), "{created}");
    assert!(summaries[0].failure.as_deref().is_some_and(|failure| failure.contains("run it again")));
    assert_eq!(app.data("{ books { totalCount } }", Json::Null).await["books"]["totalCount"], created);
    assert_eq!(counts(&folder.run(&app).await)[0].1, 10_000 - created, "run again, it goes on");
}

//! One request can neither hold nor fill the process through the store. What it costs is measured at the program
//! itself: its processor time and its memory, never the time on a clock.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use crate::support::program::{Folder, Serving};

mod texts;

/// For what takes its time.
const PATIENT: &str = "[server]\nstore_timeout = '1h'";

/// A server with so many books, of which nothing is cached.
fn books(count: usize, settings: &str) -> (Folder, Serving) {
    let folder = Folder::with_books();
    let record = |n| format!("{{\"isbn\": \"{n}\", \"title\": \"The {n}. of many books\"}}");
    let records: Vec<String> = (0..count).map(record).collect();
    folder.write("loaders/books.json", &format!("[{}]", records.join(", ")));
    folder.write("oponn.toml", &format!("cache = 'none:'\n{settings}"));
    let serving = folder.serve(&[]);
    (folder, serving)
}

/// The text of the condition of a number.
type Condition = fn(usize) -> String;

/// A list with so many conditions, none of which any book satisfies.
fn list(condition: impl Fn(usize) -> String, count: usize) -> String {
    let conditions: Vec<String> = (0..count).map(condition).collect();
    format!("books(where: {{or: [{}]}}) {{ totalCount }}", conditions.join(", "))
}

async fn cost(serving: &Serving, query: &str) -> f64 {
    let before = serving.processor().await;
    let answer = serving.query(query).await;
    assert_eq!(answer["data"]["books"]["totalCount"], 0, "{answer}");
    serving.processor().await - before
}

#[tokio::test]
async fn conditions_cost_in_proportion_to_their_number() {
    let (_folder, serving) = books(400, PATIENT);
    // With how many of them there can be: a mode is an operator, too.
    let kinds: [(Condition, usize); 3] = [
        (|n| format!("{{title: {{contains: \"x{n}\"}}}}"), 1_950),
        (|n| format!("{{title: {{endsWith: \"x{n}\", mode: INSENSITIVE}}}}"), 1_300),
        (|n| format!("{{title: {{matches: \"x{n}[yz]\"}}}}"), 1_950),
    ];
    for (kind, (condition, most)) in kinds.into_iter().enumerate() {
        let few = cost(&serving, &format!("{{ {} }}", list(condition, most / 6))).await;
        let many = cost(&serving, &format!("{{ {} }}", list(condition, most))).await;
        // 6 times as much and somewhat more; it was 16 to 19 times as much when each had to find its own among all.
        assert!(many < few * 12.5, "kind {kind}: {few} s for a sixth of {most} conditions, {many} s for all");
    }
}

#[tokio::test]
async fn a_read_that_takes_too_long_is_broken_off() {
    let (_folder, serving) = books(8_000, "[server]\nstore_timeout = '1s'");
    let lists = |tag: usize| {
        (0..2).fold(String::new(), |mut text, alias| {
            let list = list(|n| format!("{{title: {{contains: \"{tag}x{alias}x{n}\"}}}}"), 1_900);
            let _ = write!(text, "a{alias}: {list} ");
            text
        })
    };
    let before = serving.processor().await;
    let answer = serving.query(&format!("{{ {} }}", lists(0))).await;
    let errors = answer["errors"].as_array().expect("it takes too long");
    for error in errors {
        assert_eq!(error["extensions"]["code"], "TIMEOUT", "{error}");
    }
    // Nothing goes on behind it, and every reader can read again.
    let few = (0..20).map(|n| format!("b{n}: books(where: {{isbn: {{eq: \"{n}\"}}}}) {{ totalCount }} "));
    let answer = serving.query(&format!("{{ {} }}", few.collect::<String>())).await;
    assert_eq!(answer["errors"], Json::Null, "{answer}");
    let used = serving.processor().await - before;
    // All of it would be 30 million comparisons, a minute of them.
    assert!(used < 15.0, "{used} s");
}

#[tokio::test]
async fn probes_do_not_stand_in_line() {
    let (_folder, serving) = books(4_000, PATIENT);
    let all = (0..40).fold(String::new(), |mut text, alias| {
        let list = list(|n| format!("{{title: {{contains: \"{alias}x{n}\"}}}}"), 90);
        let _ = write!(text, "a{alias}: {list} ");
        text
    });
    let query = format!("{{ {all} }}");
    let in_flight = async || serving.metrics().await.value("oponn_store_in_flight", &[]);
    let probes = async {
        // More than can read at the same time.
        while in_flight().await < 20.0 {}
        let probed = serving.get("/readyz").await;
        (probed, in_flight().await)
    };
    tokio::select! {
        answer = serving.query(&query) => panic!("the readers were not busy: {answer}"),
        ((status, body), left) = probes => {
            assert_eq!(status, 200, "{body}");
            assert!(left > 16.0, "the readers were not busy: {left}");
        }
    }
}

#[tokio::test]
async fn patterns_do_not_fill_the_memory() {
    let (_folder, serving) = books(20, "");
    // Each is 2 MB when it is compiled.
    let nested = |n: usize| format!("{{title: {{matches: \"((x{{1,20}}){{1,20}}){{1,20}}y{n}\"}}}}");
    let answer = serving.query(&format!("{{ {} }}", list(nested, 200))).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
    let answer = serving.query(&format!("{{ {} }}", list(nested, 20))).await;
    assert_eq!(answer["data"]["books"]["totalCount"], 0, "{answer}");
    let peak = serving.peak_memory();
    assert!(peak < 300, "{peak} MiB");
}

#[tokio::test]
async fn statements_do_not_fill_the_memory() {
    let (_folder, serving) = books(2, "");
    let text = "query($where: BookWhere) { books(where: $where) { totalCount } }";
    for round in 0..60 {
        // Another statement each time: fields differ, not only what they are compared with.
        let field = |n: usize| if (n * (round + 7)) % 13 < 5 { "isbn" } else { "title" };
        let condition = |n: usize| json!({ field(n): { "gt": format!("x{n}") } });
        let conditions: Vec<Json> = (0..1_000 + round).map(condition).collect();
        let answer = serving.ask(text, json!({ "where": { "or": conditions } })).await;
        assert_eq!(answer["data"]["books"]["totalCount"], 0, "{answer}");
    }
    // It was 210 when all were kept.
    let peak = serving.peak_memory();
    assert!(peak < 150, "{peak} MiB");
}

#[tokio::test]
async fn a_disk_that_takes_no_more_is_told() {
    let folder = Folder::with_books();
    drop(folder.serve(&[]));
    let serving = folder.serve_in_blocks(2_000);
    let (status, body) = serving.get("/readyz").await;
    assert_eq!((status, &body["store"]["fault"]), (200, &Json::Null));
    let title = "x".repeat(100_000);
    let refused = async || {
        for n in 0..100 {
            let create =
                format!("mutation {{ createBook(input: {{isbn: \"n{n}\", title: \"{title}\"}}) {{ id }} }}");
            let answer = serving.query(&create).await;
            if answer["errors"].is_array() {
                return answer;
            }
        }
        panic!("all could be written");
    };
    let answer = refused().await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{answer}");
    let message = answer["errors"][0]["message"].as_str().expect("a message");
    assert!(message.starts_with("The store's disk"), "{message}");
    // What is there can be read.
    let (status, body) = serving.get("/readyz").await;
    assert_eq!((status, body["store"]["fault"].as_str()), (200, Some("the store's disk fails")), "{body}");
    let answer = serving.query("{ books(where: {isbn: {eq: \"1\"}}) { totalCount } }").await;
    assert_eq!(answer["data"]["books"]["totalCount"], 1, "{answer}");
}

//! Windows of lists through HTTP: whatever is asked for, that answer and every later one, on every server,
//! are what is cut by hand out of the list.
//!
//! A run asks for windows drawn at random: none, one or all rows, from the start or the end, beyond
//! cursors of rows that are there, were there or never were, and beyond bytes that are no cursor at all;
//! with selections that need all of it or nothing; of lists that are cached, that are not, and that a
//! write has just been in. After each the whole list has to be there.

mod ask;
mod oracle;

use std::collections::VecDeque;
use std::time::Instant;

use futures_util::future::join;
use serde_json::{Value as Json, json};

use super::support::app::{CacheKind, StoreKind, TestApp};
use super::support::dice::Dice;
use ask::Ask;
use oracle::{Oracle, Tags};

const SDL: &str = r#"
type Shop @collection {
  id: ID! @id(as: STRING, client: true)
  name: String!
  rank: Int
  books: [Book!]! @hasMany(field: "shopId", onDelete: CASCADE)
}

type Book @collection {
  id: ID! @id(as: STRING, client: true)
  name: String!
  rank: Int
  shopId: ID
  shop: Shop @belongsTo(field: "shopId")
}

interface Fruit { id: ID! name: String! rank: Int }

type Apple implements Fruit @collection {
  id: ID! @id(as: STRING, client: true)
  name: String!
  rank: Int
}

type Orange implements Fruit @collection {
  id: ID! @id(as: STRING, client: true)
  name: String!
  rank: Int
}
"#;

/// Requests of a run; `OPONN_TEST_ROUNDS` asks for more.
const ROUNDS: u64 = 70;
/// Earlier requests that are asked again after a write.
const RECENT: usize = 4;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Two servers on one store and one cache, and what must be in them.
struct Run {
    servers: [TestApp; 2],
    oracle: Oracle,
    dice: Dice,
    recent: VecDeque<Ask>,
    windows: u64,
    wrong: Vec<String>,
}

impl Run {
    async fn start(store: StoreKind, cache: CacheKind, rows: u64, books: u64, seed: u64) -> Run {
        let first =
            TestApp::with(SDL).on(store, cache).engine(|engine| engine.limits.rows = rows).start().await;
        let second = TestApp::beside(&first).await;
        let mut dice = Dice::new(seed);
        let mut oracle = Oracle::default();
        for (mutation, inputs) in oracle.stock(&mut dice, books) {
            first.data(&mutation, json!({ "inputs": inputs })).await;
        }
        oracle.tags = Tags::learn(&TestApp::uncached(&first).await, &oracle).await;
        let recent = VecDeque::with_capacity(RECENT);
        Run { servers: [first, second], oracle, dice, recent, windows: 0, wrong: Vec::new() }
    }

    /// Asks for something new, and then whether everything is still there.
    async fn round(&mut self, round: u64) {
        let ask = Ask::draw(&mut self.dice, &self.oracle);
        let at = self.dice.roll(2);
        if self.dice.roll(2) == 0 {
            self.both(&ask, round).await;
        } else {
            self.one(&ask, at, round).await;
        }
        self.one(&ask, at, round).await;
        self.one(&ask.whole(), 1 - at, round).await;
        self.one(&ask.whole(), at, round).await;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(ask);
        if self.dice.roll(4) == 0 {
            let (mutation, variables) = self.oracle.write(&mut self.dice);
            self.servers[at].data(&mutation, variables).await;
            for ask in self.recent.clone() {
                self.one(&ask, 1 - at, round).await;
                self.one(&ask.whole(), at, round).await;
            }
        }
    }

    async fn one(&mut self, ask: &Ask, at: usize, round: u64) {
        let answer = self.servers[at].query(&ask.text(), json!({})).await;
        self.check(ask, &answer, round);
    }

    /// Both servers at once: one of them has to wait for the other's fill.
    async fn both(&mut self, ask: &Ask, round: u64) {
        let text = ask.text();
        let [first, second] = &self.servers;
        let (here, there) = join(first.query(&text, json!({})), second.query(&text, json!({}))).await;
        self.check(ask, &here, round);
        self.check(ask, &there, round);
    }

    fn check(&mut self, ask: &Ask, answer: &Json, round: u64) {
        let (windows, wrong) = ask.check(&mut self.oracle, answer);
        self.windows += windows;
        if let Some(wrong) = wrong {
            // Long ones tell no more.
            let wrong: String = wrong.chars().take(2_000).collect();
            self.wrong.push(format!("round {round}: {}\n  {wrong}", ask.text()));
        }
    }
}

async fn run(store: StoreKind, cache: CacheKind, rows: u64, books: u64) {
    let seed = number("OPONN_TEST_SEED", rows);
    let mut run = Run::start(store, cache, rows, books, seed).await;
    let begin = Instant::now();
    for round in 0..number("OPONN_TEST_ROUNDS", ROUNDS) {
        run.round(round).await;
    }
    let Run { windows, wrong, .. } = run;
    println!("seed {seed}, lists of {rows} rows: {windows} windows, {:.1?}", begin.elapsed());
    let told = wrong.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(
        wrong.is_empty(),
        "seed {seed}: {} answers of {windows} windows are wrong, the first of them:\n{told}",
        wrong.len()
    );
}

/// What wants no row of a list, for lists of several parents and for one.
const NOTHING: [(&str, &str); 6] = [
    ("first: 0, after: ", "nodes { id }"),
    ("last: 0, before: ", "nodes { id }"),
    ("first: 0, before: ", "pageInfo { hasNextPage }"),
    ("after: ", "__typename"),
    ("before: ", "__typename"),
    ("after: ", "nodes @include(if: false) { id } totalCount @include(if: false)"),
];

async fn who_wants_nothing_changes_nothing(store: StoreKind, cache: CacheKind) {
    let app = TestApp::with(SDL).on(store, cache).start().await;
    let other = TestApp::beside(&app).await;
    app.data(
        "mutation { createShops(inputs: [{id: \"a\", name: \"a\"}, {id: \"b\", name: \"b\"}]) { id }
            createBooks(inputs: [{id: \"1\", name: \"1\", shopId: \"a\"}, {id: \"2\", name: \"2\", shopId: \"b\"}]) { id }
            createApple(input: {id: \"1\", name: \"1\"}) { id } createOrange(input: {id: \"1\", name: \"1\"}) { id } }",
        json!({}),
    )
    .await;
    let cursors = "{ books(first: 1) { edges { cursor } } fruits(first: 1) { edges { cursor } } }";
    let cursors = app.data(cursors, json!({})).await;
    let cursor = |list: &str| cursors[list]["edges"][0]["cursor"].to_string();
    let lists = [
        ("books", "{ shops(first: 2) { nodes { ", " } } }", 1),
        ("books", "{ shop(id: \"a\") { ", " } }", 1),
        ("books", "{ ", " }", 2),
        ("fruits", "{ ", " }", 2),
    ];
    for (number, (list, head, tail, length)) in lists.into_iter().enumerate() {
        for (also, (window, selection)) in NOTHING.into_iter().enumerate() {
            // A list of its own for each.
            let filter = format!("where: {{not: {{name: {{eq: \"{number} {also}\"}}}}}}");
            let cursor = cursor(list);
            let nothing = format!("{head}{list}({filter}, {window}{cursor}) {{ {selection} }}{tail}");
            app.data(&nothing, json!({})).await;
            let whole = format!("{head}{list}({filter}) {{ nodes {{ id }} totalCount }}{tail}");
            for server in [&other, &app] {
                let found = server.data(&whole, json!({})).await.to_string();
                let total = found.matches(&format!("\"totalCount\":{length}")).count();
                assert_eq!(total, found.matches("totalCount").count(), "after {nothing}\n{whole} is {found}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_nothing_changes_nothing_embedded() {
    who_wants_nothing_changes_nothing(StoreKind::Sqlite, CacheKind::Memory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_nothing_changes_nothing_on_servers() {
    who_wants_nothing_changes_nothing(StoreKind::Mongo, CacheKind::Redis).await;
}

/// Makes a test for each pair of store and cache.
macro_rules! windows {
    ($($name:ident: $rows:expr, $books:expr;)+) => {
        $(mod $name {
            use super::{CacheKind, StoreKind};

            #[tokio::test(flavor = "multi_thread")]
            async fn embedded() {
                super::run(StoreKind::Sqlite, CacheKind::Memory, $rows, $books).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn servers() {
                super::run(StoreKind::Mongo, CacheKind::Redis, $rows, $books).await;
            }
        })+
    };
}

windows! {
    of_lists_that_fit: 10_000, 140;
    of_lists_that_mostly_do_not_fit: 8, 40;
    of_lists_of_which_one_row_is_kept: 1, 20;
}

//! Figures after random writes and at random times agree with those of an independent program.

use std::collections::BTreeMap;
use std::time::Duration;

use oponn::engine::Clock;
use serde_json::{Map, Value as Json, json};

use super::domain::{figures, moment, sdl, visit};
use crate::partitions::domain::BACKENDS;
use crate::support::app::TestApp;
use crate::support::dice::Dice;
use crate::support::python::computed;

const ROUNDS: usize = 25;
const USERS: [&str; 3] = ["ann", "bob", ""];
const SITES: [i64; 2] = [-1, 7];

/// What the independent program finds wrong with answers.
fn differences(now: i64, rows: &BTreeMap<String, Json>, answers: &[Json]) -> String {
    let given = json!({ "now": now, "rows": rows, "answers": answers });
    computed("rollups/figures.py", &given.to_string())
}

fn or_null(dice: &mut Dice, value: impl FnOnce(&mut Dice) -> Json) -> Json {
    if dice.once_in(6) { Json::Null } else { value(dice) }
}

fn values(dice: &mut Dice, clock: &Clock) -> Map<String, Json> {
    let at = dice.roll(110 * 60_000) as i64 - 95 * 60_000;
    let at = if dice.once_in(3) { at / 60_000 * 60_000 } else { at };
    let seen = (dice.roll(900) as i64 - 450) * 3_600_000;
    let at = or_null(dice, |_| json!(moment(clock, at)));
    let seen = or_null(dice, |_| json!(moment(clock, seen)));
    let price = |dice: &mut Dice| json!(format!("{}.{:02}", dice.roll(30) as i64 - 10, dice.roll(100)));
    let values = json!({
        "at": at,
        "seen": seen,
        "page": or_null(dice, |dice| json!(dice.one_of(&["Start", "start", "", "Prices", "Ende"]))),
        "size": or_null(dice, |dice| json!(dice.roll(9) as i64 - 4)),
        "far": or_null(dice, |dice| json!((dice.roll(5) as i64 - 2) * 1_000_000_000_000)),
        "weight": or_null(dice, |dice| json!((dice.roll(64) as f64 - 32.0) / 8.0)),
        "price": or_null(dice, price),
        "day": or_null(dice, |dice| json!(format!("2024-02-{:02}", 1 + dice.roll(29)))),
        "done": or_null(dice, |dice| json!(dice.once_in(2))),
        "kind": or_null(dice, |dice| json!(dice.one_of(&["SHORT", "LONG"]))),
    });
    values.as_object().cloned().unwrap_or_default()
}

async fn run(number: usize, max: usize, expires: bool) {
    let clock = Clock::standing();
    let (store, cache) = BACKENDS[number];
    let setup = TestApp::with(&sdl(max, expires)).on(store, cache);
    let app = setup.engine(|options| options.clock = clock.clone()).start().await;
    let beside = TestApp::beside(&app).await;
    let mut dice = Dice::new(3 + number as u64 + max as u64);
    let mut rows: BTreeMap<String, Json> = BTreeMap::new();
    let mut recent: Vec<String> = USERS.iter().map(|user| format!("recent(user: {user:?})")).collect();
    recent.push("recent(user: \"nobody\")".to_owned());
    let users = USERS.iter().flat_map(|user| SITES.map(|site| format!("all(site: {site}, user: {user:?})")));
    let fields: Vec<String> = recent.into_iter().chain(users).collect();
    let figures = figures();
    for round in 0..ROUNDS {
        for _ in 0..dice.roll(8) {
            let id = format!("v{}", dice.roll(60));
            let writer = if dice.once_in(2) { &app } else { &beside };
            let mut new = values(&mut dice, &clock);
            let user = or_null(&mut dice, |dice| json!(dice.one_of(&USERS)));
            new.extend([("user".to_owned(), user), ("site".to_owned(), json!(dice.one_of(&SITES)))]);
            match rows.get_mut(&id) {
                // Only documents that are there can be written.
                Some(_) if expires => {}
                Some(_) if dice.once_in(4) => {
                    writer
                        .data("mutation($id: ID!) { deleteVisit(id: $id) { id } }", json!({ "id": id }))
                        .await;
                    rows.remove(&id);
                }
                Some(row) => {
                    let text =
                        "mutation($id: ID!, $set: VisitPatch!) { updateVisit(id: $id, set: $set) { id } }";
                    writer.data(text, json!({ "id": id, "set": new })).await;
                    *row = Json::Object(new);
                }
                None => {
                    visit(writer, &id, Json::Object(new.clone())).await;
                    rows.insert(id, Json::Object(new));
                }
            }
        }
        // Twice: what the first has made is used by the second.
        for (again, server) in [&app, &app, &beside].into_iter().enumerate() {
            let ask: Vec<String> = fields
                .iter()
                .enumerate()
                .map(|(index, field)| match field.starts_with("all") {
                    true => format!("f{index}: {field} {{ site {figures} }}"),
                    false => format!("f{index}: {field} {{ {figures} }}"),
                })
                .collect();
            let data = server.data(&format!("{{ {} }}", ask.join("\n")), json!({})).await;
            let answers: Vec<Json> =
                (0..fields.len()).map(|index| data[format!("f{index}")].clone()).collect();
            let found = differences(clock.now(), &living(&rows, &clock, expires), &answers);
            assert_eq!(found, "", "round {round}, answer {again}, {max} at most");
        }
        clock.advance(Duration::from_millis(dice.roll(12 * 60_000) as u64));
    }
}

/// The rows that have not expired.
fn living(rows: &BTreeMap<String, Json>, clock: &Clock, expires: bool) -> BTreeMap<String, Json> {
    let gone = moment(clock, -2 * 3_600_000);
    let lives = |row: &Json| {
        let millis = |text: &str| bson::DateTime::parse_rfc3339_str(text).expect("it is a moment");
        !expires || row["at"].as_str().is_none_or(|at| millis(at) > millis(&gone))
    };
    rows.iter().filter(|(_, row)| lives(row)).map(|(id, row)| (id.clone(), row.clone())).collect()
}

async fn agree(number: usize) {
    for (max, expires) in [(5_000, false), (4, false), (5_000, true)] {
        run(number, max, expires).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_agree_with_an_independent_program_on_sqlite_in_memory() {
    agree(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_agree_with_an_independent_program_on_sqlite_through_redis() {
    agree(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_agree_with_an_independent_program_on_mongodb_in_memory() {
    agree(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_agree_with_an_independent_program_on_mongodb_through_redis() {
    agree(3).await;
}

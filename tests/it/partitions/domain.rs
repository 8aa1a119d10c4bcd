//! Profiles with what they have watched and marked: two partitioned types behind one interface.

use std::fmt::Write as _;

use oponn::engine::Clock;
use serde_json::{Value as Json, json};

use crate::support::app::{CacheKind, Setup, StoreKind, TestApp};
use crate::support::dice::Dice;

/// Where `PARTITION` stands, the directives are to be.
const SDL: &str = r#"
interface Item { id: ID! profileId: ID title: String rank: Int }

type Profile @collection {
  id: ID! @id(as: STRING, client: true)
  name: String
  history: [Watch!]! @hasMany(field: "profileId", onDelete: CASCADE)
  marks: [Mark!]! @hasMany(field: "profileId", onDelete: SET_NULL)
}

type Watch implements Item @collection WATCHES @unique(fields: ["profileId", "slot"]) {
  id: ID! @id(as: STRING, client: true)
  profileId: ID
  profile: Profile @belongsTo(field: "profileId")
  slot: Int
  title: String
  rank: Int
  done: Boolean
  tags: [String!]
  at: DateTime
}

type Mark implements Item @collection MARKS {
  id: ID! @id(as: STRING, client: true)
  profileId: ID
  profile: Profile @belongsTo(field: "profileId")
  kind: Kind
  title: String
  rank: Int
}

enum Kind { STAR LATER }
"#;

pub const BACKENDS: [(StoreKind, CacheKind); 4] = [
    (StoreKind::Sqlite, CacheKind::Memory),
    (StoreKind::Sqlite, CacheKind::Redis),
    (StoreKind::Mongo, CacheKind::Memory),
    (StoreKind::Mongo, CacheKind::Redis),
];

/// The application without partitions.
pub fn plain() -> String {
    SDL.replace("WATCHES", "").replace("MARKS", "")
}

/// The application with partitions of so many documents.
pub fn partitioned(max: usize) -> String {
    let watches = format!("@partition(by: [\"profileId\"], max: {max})");
    SDL.replace("WATCHES", &watches).replace("MARKS", "@partition(by: [\"profileId\", \"kind\"])")
}

/// The same application, where what was watched expires.
pub fn expiring(sdl: &str) -> String {
    let name = "type Watch implements Item @collection";
    sdl.replace(name, &format!("{name} @ttl(field: \"at\", after: \"1m\")"))
}

/// The same query or write, with moments that have to do with the time of now.
pub fn around_now(text: &str, clock: &Clock) -> String {
    let moment = |day: i64| {
        let moment = bson::DateTime::from_millis(clock.now() + day * 15_000 - 70_000);
        moment.try_to_rfc3339_string().expect("it is a moment of our time")
    };
    let day = |text: String, day| text.replace(&format!("2024-01-0{day}T00:00:00Z"), &moment(day));
    (1..=8).fold(text.to_owned(), day)
}

pub fn setup(max: usize, (store, cache): (StoreKind, CacheKind)) -> Setup {
    TestApp::with(&partitioned(max)).on(store, cache)
}

/// Makes profiles.
pub async fn profiles(app: &TestApp, ids: &[&str]) {
    let inputs: Vec<Json> = ids.iter().map(|id| json!({ "id": id, "name": id })).collect();
    let text = "mutation($inputs: [ProfileInput!]!) { createProfiles(inputs: $inputs) { id } }";
    app.data(text, json!({ "inputs": inputs })).await;
}

/// Makes something watched.
pub async fn watch(app: &TestApp, id: &str, profile: &str, rank: i64) {
    let text = "mutation($input: WatchInput!) { createWatch(input: $input) { id } }";
    app.data(text, json!({ "input": { "id": id, "profileId": profile, "rank": rank, "title": id } })).await;
}

/// What a profile has watched, by rank.
pub async fn history(app: &TestApp, profile: &str) -> Vec<String> {
    let text = "query($profile: ID!) {
        watches(where: {profileId: {eq: $profile}}, orderBy: [{field: RANK}], first: 100) { totalCount nodes { id } }
    }";
    let data = app.data(text, json!({ "profile": profile })).await;
    let ids = data["watches"]["nodes"].as_array().expect("there is a list").iter();
    let ids: Vec<String> = ids.map(|node| node["id"].as_str().expect("ids are text").to_owned()).collect();
    assert_eq!(data["watches"]["totalCount"], ids.len());
    ids
}

/// Reads of partitions with this result.
pub async fn reads(app: &TestApp, result: &str) -> u64 {
    app.metric("oponn_cache_reads_total", &[("kind", "partition"), ("result", result)]).await
}

const PROFILES: [&str; 4] = ["p", "q", "r", "nobody"];

/// A value of a field, or of one of them.
fn profile(dice: &mut Dice) -> Json {
    if dice.once_in(8) { Json::Null } else { json!(dice.one_of(&PROFILES)) }
}

fn condition(dice: &mut Dice, marks: bool) -> String {
    let number = dice.roll(6);
    match dice.roll(if marks { 6 } else { 10 }) {
        0 => String::new(),
        1 => format!("rank: {{gte: {number}}}"),
        2 => format!("rank: {{in: [{number}, null, 2]}}"),
        3 => format!("title: {{contains: \"{}\"}}", dice.one_of(&["a", "B", "", "e"])),
        4 => format!("not: {{rank: {{lt: {number}}}}}"),
        5 => format!("or: [{{rank: {{eq: {number}}}}}, {{title: {{eq: null}}}}]"),
        6 => format!("tags: {{hasAny: [\"t{}\"]}}", dice.roll(3)),
        7 => "tags: {isEmpty: true}".to_owned(),
        8 => format!("at: {{lt: \"2024-01-0{}T00:00:00Z\"}}", dice.roll(8) + 1),
        _ => format!("slot: {{ne: {number}}}, done: {{eq: {}}}", dice.one_of(&["true", "false", "null"])),
    }
}

fn window(dice: &mut Dice, cursors: &[String]) -> String {
    let mut text = String::new();
    let from_end = dice.once_in(4);
    if !dice.once_in(6) {
        let count = dice.one_of(&[0, 1, 2, 3, 50]);
        let _ = write!(text, " {}: {count}", if from_end { "last" } else { "first" });
    }
    if !from_end && dice.once_in(4) {
        let _ = write!(text, " offset: {}", dice.roll(5));
    }
    for side in ["after", "before"] {
        if !cursors.is_empty() && dice.once_in(4) {
            let _ = write!(text, " {side}: {:?}", cursors[dice.roll(cursors.len())]);
        }
    }
    text
}

const SELECTIONS: [&str; 4] = [
    "{ nodes { id title rank profileId } edges { cursor } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }",
    "{ edges { cursor node { id profile { id name } } } }",
    "{ totalCount }",
    "{ pageInfo { hasNextPage hasPreviousPage } nodes { id rank } }",
];

/// A query that partitions mostly can answer.
pub fn query(dice: &mut Dice, cursors: &[String]) -> String {
    let orders =
        ["", "orderBy: [{field: RANK}]", "orderBy: [{field: TITLE, direction: DESC}, {field: RANK}]"];
    let (order, selection) = (dice.one_of(&orders), dice.one_of(&SELECTIONS));
    // Cursors are of one list and order only.
    let cursors = if order.is_empty() { cursors } else { &[] };
    let window = window(dice, cursors);
    let marks = dice.once_in(3);
    let more = condition(dice, marks);
    let arguments = |conditions: String| format!("(where: {{{conditions}}} {order} {window}) {selection}");
    match dice.roll(8) {
        0 | 1 => {
            let field = if marks { "marks" } else { "history" };
            let kind = if marks { "kind: {eq: STAR}, " } else { "" };
            format!("{{ profiles {{ nodes {{ id {field}{} }} }} }}", arguments(format!("{kind}{more}")))
        }
        2 => {
            let id = dice.one_of(&PROFILES);
            let more = condition(dice, true);
            let inner = selection.replace("profile { id name }", "profileId");
            format!("{{ items(where: {{profileId: {{eq: {id:?}}}, {more}}} {order} {window}) {inner} }}")
        }
        3 => {
            let (id, slot) = (dice.one_of(&PROFILES), dice.roll(6));
            format!(
                "{{ watchByProfileIdSlot(profileId: {id:?}, slot: {slot}) {{ id title profile {{ name }} }} }}"
            )
        }
        4 => format!("{{ watch(id: \"w{}\") {{ id title rank profileId }} }}", dice.roll(24)),
        _ if marks => {
            let conditions =
                format!("profileId: {{eq: {}}}, kind: {{eq: {}}}, {more}", profile(dice), kind(dice));
            format!("{{ marks{} }}", arguments(conditions))
        }
        _ => format!("{{ watches{} }}", arguments(format!("profileId: {{eq: {}}}, {more}", profile(dice)))),
    }
}

fn kind(dice: &mut Dice) -> &'static str {
    dice.one_of(&["STAR", "LATER", "null"])
}

/// A write. It may be refused.
pub fn write(dice: &mut Dice) -> String {
    let (w, m) = (format!("w{}", dice.roll(24)), format!("m{}", dice.roll(12)));
    let title = dice.one_of(&["null", "\"a\"", "\"Bee\"", "\"\"", "\"eel\""]);
    let at = format!("\"2024-01-0{}T00:00:00Z\"", dice.roll(8) + 1);
    let fields = format!(
        "rank: {}, title: {title}, done: {}, tags: [\"t{}\"], at: {at}, slot: {}",
        dice.roll(6),
        dice.one_of(&["true", "false", "null"]),
        dice.roll(3),
        dice.one_of(&["null", "null", "0", "3", "5"]),
    );
    let rank = dice.roll(6);
    let (to, id) = (profile(dice), dice.one_of(&PROFILES));
    let body = match dice.roll(14) {
        0..=2 => format!("createWatch(input: {{id: \"{w}\", profileId: {to}, {fields}}}) {{ id }}"),
        3 => format!("updateWatch(id: \"{w}\", set: {{profileId: {to}}}) {{ id }}"),
        4 | 5 => format!("updateWatch(id: \"{w}\", set: {{{fields}}}) {{ id }}"),
        6 => format!("deleteWatch(id: \"{w}\") {{ id }}"),
        7 => format!("upsertWatch(on: ID, input: {{id: \"{w}\", profileId: {to}, {fields}}}) {{ id }}"),
        8 => format!(
            "createMark(input: {{id: \"{m}\", profileId: {to}, kind: {}, rank: {rank}, title: {title}}}) {{ id }}",
            kind(dice)
        ),
        9 => format!("updateMark(id: \"{m}\", set: {{kind: {}, profileId: {to}}}) {{ id }}", kind(dice)),
        10 => format!("updateWatches(where: {{profileId: {{eq: {to}}}}}, set: {{rank: {rank}}})"),
        11 => format!("deleteWatches(where: {{rank: {{eq: {rank}}}, profileId: {{eq: {to}}}}})"),
        12 => format!("deleteProfile(id: {id:?}) {{ id }}"),
        _ => format!("upsertProfile(on: ID, input: {{id: {id:?}, name: {title}}}) {{ id }}"),
    };
    format!("mutation {{ {body} }}")
}

//! Lists of types with `@ttl` are cached until one of their documents expires, and repaired by writes until then.

use std::collections::BTreeMap;
use std::time::Duration;

use oponn::engine::Clock;
use serde_json::{Value as Json, json};

use super::On;
use crate::support::app::TestApp;
use crate::support::dice::Dice;

on_every_place!(cached: lists_are_cached_until_one_of_their_documents_expires, random_writes_and_times_show_what_the_store_has);

const SDL: &str = r#"
type Tag @collection {
  id: ID! @id(as: STRING, client: true)
  items: [Item!]! @hasMany(field: "tagId")
}
type Item @collection @ttl(field: "at", after: "1m") {
  id: ID! @id(as: STRING, client: true)
  at: DateTime
  rank: Int!
  tagId: ID
  tag: Tag @belongsTo(field: "tagId")
}
"#;

/// A document: its rank, the second of the test at which it expires, and whether its tag is `a`.
type Known = (i64, Option<i64>, bool);

async fn app(on: On) -> (TestApp, Clock) {
    let clock = Clock::standing();
    let app = on.with(SDL).engine(|options| options.clock = clock.clone()).start().await;
    app.data(r#"mutation { createTags(inputs: [{id: "a"}, {id: "b"}]) { id } }"#, json!({})).await;
    (app, clock)
}

/// A moment some seconds after now.
fn at(clock: &Clock, seconds: i64) -> String {
    bson::DateTime::from_millis(clock.now() + seconds * 1_000)
        .try_to_rfc3339_string()
        .expect("it is a moment of our time")
}

async fn lists_are_cached_until_one_of_their_documents_expires(on: On) {
    let (app, clock) = app(on).await;
    let item = |id: &str, rank: i64, seconds: i64| json!({ "id": id, "rank": rank, "at": at(&clock, seconds), "tagId": "a" });
    let items = json!([item("x", 1, 0), item("y", 2, 600), item("z", 3, 600)]);
    app.data("mutation($i: [ItemInput!]!) { createItems(inputs: $i) { id } }", json!({ "i": items })).await;
    // Each time another name, so that no answer that was kept is served.
    let mut turn = 0;
    let mut read = async || {
        turn += 1;
        let list = "nodes { id } totalCount";
        let text = format!(
            "query n{turn} {{ items(orderBy: [{{field: RANK, direction: ASC}}], first: 2) {{ {list} }}
             tag(id: \"a\") {{ items(orderBy: [{{field: RANK, direction: DESC}}]) {{ {list} }} }} }}"
        );
        let before = app.store_operations().await;
        let answer = app.data(&text, json!({})).await;
        let ids = |list: &Json| {
            list["nodes"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|node| node["id"].as_str().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
                .concat()
        };
        assert_eq!(answer["items"]["totalCount"], answer["tag"]["items"]["totalCount"]);
        (ids(&answer["items"]), ids(&answer["tag"]["items"]), app.store_operations().await - before)
    };
    let (first, children, _) = read().await;
    assert_eq!((&*first, &*children), ("xy", "zyx"));
    clock.advance(Duration::from_secs(50));
    assert_eq!(read().await, ("xy".into(), "zyx".into(), 0));
    clock.advance(Duration::from_secs(10));
    let (first, children, operations) = read().await;
    assert_eq!((&*first, &*children), ("yz", "zy"));
    assert!(operations > 0);
    assert_eq!(read().await, ("yz".into(), "zy".into(), 0));
    // Writes repair the lists, and may shorten the time for which they hold.
    let new = r#"mutation($i: ItemInput!) { createItem(input: $i) { id } }"#;
    app.data(new, json!({ "i": item("w", 0, -30) })).await;
    assert_eq!(read().await, ("wy".into(), "zyw".into(), 0));
    let sooner = r#"mutation($at: DateTime!) { updateItem(id: "z", set: {at: $at}) { id } }"#;
    app.data(sooner, json!({ "at": at(&clock, -40) })).await;
    assert_eq!(read().await, ("wy".into(), "zyw".into(), 0));
    clock.advance(Duration::from_secs(21));
    let (first, children, _) = read().await;
    assert_eq!((&*first, &*children), ("wy", "yw"));
    clock.advance(Duration::from_secs(10));
    let (first, children, _) = read().await;
    assert_eq!((&*first, &*children), ("y", "y"));
}

async fn random_writes_and_times_show_what_the_store_has(on: On) {
    let (app, clock) = app(on).await;
    let beside = TestApp::beside(&app).await;
    let mut dice = Dice::new(17);
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    let mut now = 0;
    for round in 0..400_i64 {
        let id = format!("i{}", dice.roll(12));
        let rank = dice.roll(5) as i64;
        let end = (!dice.once_in(5)).then(|| now + 1 + dice.roll(40) as i64);
        let tag = dice.once_in(2);
        let lives = |known: &Known| known.1.is_none_or(|end| end > now);
        let there = known.get(&id).is_some_and(lives);
        let writer = if dice.once_in(2) { &app } else { &beside };
        match dice.roll(6) {
            0..=2 => {
                let moment = end.map(|end| at(&clock, end - now - 60));
                let mut set = json!({ "rank": rank, "at": moment, "tagId": if tag { "a" } else { "b" } });
                let (text, variables) = match there {
                    true => {
                        let text =
                            "mutation($id: ID!, $set: ItemPatch!) { updateItem(id: $id, set: $set) { id } }";
                        (text, json!({ "id": id, "set": set }))
                    }
                    false => {
                        set["id"] = json!(id);
                        (
                            "mutation($input: ItemInput!) { createItem(input: $input) { id } }",
                            json!({ "input": set }),
                        )
                    }
                };
                writer.data(text, variables).await;
                known.insert(id, (rank, end, tag));
            }
            3 if there => {
                writer.data("mutation($id: ID!) { deleteItem(id: $id) { id } }", json!({ "id": id })).await;
                known.remove(&id);
            }
            4 => {
                let seconds = 1 + dice.roll(8) as i64;
                now += seconds;
                clock.advance(Duration::from_secs(seconds.unsigned_abs()));
            }
            _ => {}
        }
        let lives = |known: &Known| known.1.is_none_or(|end| end > now);
        let mut living: Vec<(i64, &String, bool)> = known
            .iter()
            .filter(|(_, known)| lives(known))
            .map(|(id, known)| (known.0, id, known.2))
            .collect();
        living.sort();
        let list = |of: &dyn Fn(&(i64, &String, bool)) -> bool| {
            let ids: Vec<Json> =
                living.iter().filter(|one| of(one)).map(|one| json!({ "id": one.1 })).collect();
            json!({ "totalCount": ids.len(), "nodes": ids })
        };
        let reader = if dice.once_in(2) { &app } else { &beside };
        let order = "orderBy: [{field: RANK, direction: ASC}]";
        let text = format!(
            r#"{{ items({order}) {{ totalCount nodes {{ id }} }} low: items({order}, where: {{rank: {{lt: 2}}}}) {{ totalCount nodes {{ id }} }}
            a: tag(id: "a") {{ items({order}) {{ totalCount nodes {{ id }} }} }} b: tag(id: "b") {{ items({order}) {{ totalCount nodes {{ id }} }} }}
            last: items({order}, last: 2) {{ nodes {{ id }} pageInfo {{ hasPreviousPage }} }} }}"#
        );
        let last = living
            .iter()
            .skip(living.len().saturating_sub(2))
            .map(|one| json!({ "id": one.1 }))
            .collect::<Vec<_>>();
        let expected = json!({
            "items": list(&|_| true),
            "low": list(&|one| one.0 < 2),
            "a": { "items": list(&|one| one.2) },
            "b": { "items": list(&|one| !one.2) },
            "last": { "nodes": last, "pageInfo": { "hasPreviousPage": living.len() > 2 } },
        });
        assert_eq!(reader.data(&text, json!({})).await, expected, "in round {round}");
    }
}

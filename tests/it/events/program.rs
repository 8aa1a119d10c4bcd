//! Events of the program as people run it: its settings, its commands, and its death.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::sinks::{Endpoint, SECRET};
use crate::support::program::Folder;

const SDL: &str = "type Item @collection\n  @emit(name: \"set\", on: [CREATE, UPDATE], to: \"hook\", payload: \
                   {item: \"$after.id\", n: \"$after.n\"}) {\n  id: ID! @id(as: STRING, client: true)\n  n: Int!\n}\n";

fn folder(settings: &str) -> Folder {
    let folder = Folder::new();
    folder.write("schema.graphql", SDL);
    folder.write("oponn.toml", settings);
    folder
}

const CREATE: &str = "mutation($i: ItemInput!) { createItem(input: $i) { id } }";

#[test]
fn faults_in_settings_are_told() {
    let folder = folder("");
    let ran = folder.run(&["check"]);
    ran.assert(1, "schema.graphql:2:48: error[event-sink]: the settings have no sink `hook`", "");
    ran.assert(1, "help: add the table `[events.sinks.hook]` to oponn.toml", "");
    folder.run(&["serve"]).assert(2, "", "the settings have no sink `hook`");
    folder.write("oponn.toml", "[events.sinks.hok]\ntype = 'log'\n");
    folder.run(&["check"]).assert(1, "did you mean `hok`?", "");
    folder.write("oponn.toml", "[events.sinks.hook]\ntype = 'log'\n[events.sinks.spare]\ntype = 'log'\n");
    folder.run(&["check"]).assert(0, "no faults", "no event of the schema is for the sink `spare`");
    folder.write(
        "oponn.toml",
        "[events]\ntries = 0\n[events.sinks.a]\n[events.sinks.b]\ntype = 'webhok'\n[events.sinks.c]\ntype = 'webhook'\n\
         secret = 'whsec_c2hvcnQ='\n[events.sinks.d]\ntype = 'redis-stream'\nurl = 'http://x'\n[events.sinks.e]\n\
         type = 'log'\ncolour = 'red'\n[events.sinks.f]\ntype = 'sqs'\n[events.sinks.g]\ntype = 'webhook'\n\
         url = 'https://x'\nsecret_env = 'NO_SUCH'\nsecret = 'x'\ntimeout = '2h'\n",
    );
    let ran = folder.run(&["check"]);
    for fault in [
        "`events.tries` in oponn.toml is `0`; it has to be a whole number, 1 or more",
        "`events.sinks.a.type` in oponn.toml is missing",
        "`events.sinks.b.type` in oponn.toml has to be `log`, `webhook`, `redis-stream` or `sqs`",
        "`events.sinks.c.url` in oponn.toml is missing",
        "`events.sinks.c.secret` in oponn.toml has to be `whsec_` and 24 to 64 random bytes",
        "`events.sinks.d.stream` in oponn.toml is missing",
        "`events.sinks.d.url` in oponn.toml has to be the address of a Redis",
        "`events.sinks.e.colour` in oponn.toml is not a setting",
        "`events.sinks.f.queue` in oponn.toml is missing",
        "`events.sinks.g.secret_env` in oponn.toml is given beside `secret`",
        "`events.sinks.g.timeout` in oponn.toml has to be a duration of 60s at the most",
    ] {
        ran.assert(2, "", fault);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_a_sink() {
    let folder = folder("[events.sinks.hook]\ntype = 'log'\n");
    let mut server = folder.serve(&[]);
    server.ask(CREATE, json!({ "i": { "id": "a", "n": 7 } })).await;
    let line = server.until_logged("event");
    assert_eq!(
        (&line["sink"], &line["name"], &line["type"]),
        (&json!("hook"), &json!("set"), &json!("Item"))
    );
    assert_eq!((&line["document"], &line["payload"]), (&json!("a"), &json!(r#"{"item":"a","n":7}"#)));
    assert_eq!(server.stop().0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_listed_and_tried_again() {
    let hook = Endpoint::start().await;
    hook.answers(|_| 400);
    let settings = format!(
        "[events]\ntries = 1\n[events.sinks.hook]\ntype = 'webhook'\nurl = '{}'\nsecret = '{SECRET}'\n",
        hook.url
    );
    let folder = folder(&settings);
    folder.run(&["events", "list"]).assert(1, "", "there is no file");
    let server = folder.serve(&[]);
    server.ask(CREATE, json!({ "i": { "id": "a", "n": 7 } })).await;
    hook.until(|all| all.len() == 1).await;
    let dead = loop {
        let ran = folder.run(&["events", "list", "--dead", "--json"]);
        ran.assert(0, "", "");
        if let Some(line) = ran.out().lines().next() {
            break serde_json::from_str::<Json>(line).expect("JSON");
        }
    };
    assert_eq!((&dead["state"], &dead["tries"], &dead["sink"]), (&json!("dead"), &json!(1), &json!("hook")));
    assert_eq!((&dead["type"], &dead["document"]), (&json!("Item"), &json!("a")));
    assert_eq!(dead["payload"], json!({ "item": "a", "n": 7 }));
    assert_eq!(dead["reason"], "the endpoint answers with status 400");
    let id = dead["id"].as_str().expect("an id");
    folder.run(&["events", "list"]).assert(0, id, "");
    folder.run(&["events", "retry"]).assert(2, "", "required");
    folder.run(&["events", "retry", "x"]).assert(2, "", "invalid value");
    let other = "0190163d-8694-739b-aea5-966c26f8ad91";
    folder.run(&["events", "retry", other]).assert(
        1,
        "0 events will be tried again",
        "1 event not in the outbox",
    );
    hook.answers(|_| 200);
    folder.run(&["events", "retry", "--all"]).assert(0, "1 event will be tried again", "");
    hook.taken(1).await;
    assert_eq!(server.stop().0, Some(0));
    let ran = folder.run(&["events", "list", "--json"]);
    assert_eq!((ran.code(), ran.out().as_str()), (0, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_the_program_is_killed() {
    let hook = Endpoint::start().await;
    let settings =
        format!("[events.sinks.hook]\ntype = 'webhook'\nurl = '{}'\nsecret = '{SECRET}'\n", hook.url);
    let folder = folder(&settings);
    let mut acknowledged = Vec::new();
    for life in 0..4 {
        let server = folder.serve(&[]);
        for n in 0..25 {
            let id = format!("{life}-{n}");
            let made = server.ask(CREATE, json!({ "i": { "id": id, "n": 0 } })).await;
            assert_eq!(made["data"]["createItem"]["id"], id.as_str(), "{made}");
            let set = format!("mutation {{ updateItem(id: \"{id}\", set: {{n: 1}}) {{ id }} }}");
            assert!(server.query(&set).await["errors"].is_null());
            acknowledged.push(id);
        }
        // Killed, with events on their way.
        drop(server);
    }
    let _server = folder.serve(&[]);
    let whole = |all: &[super::sinks::Received]| {
        let mut told: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for one in all {
            let item = one.told["item"].as_str().expect("an id");
            told.entry(item).or_default().push(one.told["n"].as_i64().expect("a number"));
        }
        acknowledged
            .iter()
            .all(|id| told.get(&**id).is_some_and(|told| told.contains(&0) && told.contains(&1)))
    };
    let all = hook.until(whole).await;
    for id in &acknowledged {
        let of_item = all.iter().filter(|one| one.told["item"] == id.as_str());
        let mut told: Vec<i64> = of_item.map(|one| one.told["n"].as_i64().expect("a number")).collect();
        told.dedup();
        assert_eq!(told, [0, 1], "in order, each perhaps more than once");
    }
}

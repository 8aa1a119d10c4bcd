//! `examples/history`: each sentence of its specification that a client can see.

use std::collections::BTreeMap;

use redis::AsyncCommands;
use serde_json::{Map, Value as Json, json};

use super::{copied, on_both, send};
use crate::support::dice::Dice;
use crate::support::fuzz::assert_described;
use crate::support::program::Serving;
use crate::support::redis_server::connected;
use crate::support::services::{MongoDatabase, redis_prefix, redis_url};

/// The answer to a GET, which has to be one.
async fn get(serving: &Serving, path: &str) -> Json {
    let (status, json) = send(serving, "", ("GET", path), None).await;
    assert_eq!(status, 200, "{path}: {json}");
    json
}

/// How many items there are for a profile and a query string, and which are shown.
async fn history(serving: &Serving, query: &str) -> (u64, Vec<String>) {
    let told = get(serving, &format!("/v1/profiles/{query}")).await;
    let assets = told["items"].as_array().expect("items").iter().map(|item| item["asset"].as_str());
    (told["total"].as_u64().expect("a number"), assets.map(|asset| asset.expect("text").to_owned()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_look_up_of_the_specification_is_a_route() {
    on_both("history", |serving| async move {
        for (query, total, shown) in [
            ("history?limit=3", 11, &["race-7", "harbour-s2e1", "match-201"][..]),
            ("history?limit=3&offset=9", 11, &["harbour-s1e2", "harbour-s1e1"]),
            ("history?offset=11", 11, &[]),
            ("history?limit=0", 11, &[]),
            ("history?sport=football", 4, &["match-201", "match-103", "match-102", "match-101"]),
            ("history?sport=football&limit=1&offset=2", 4, &["match-102"]),
            ("history?sport=football&series=cup", 1, &["match-201"]),
            ("history?sport=skiing&series=cup", 0, &[]),
            ("history?sport=football&series=allsvenskan&team=AIK", 2, &["match-102", "match-101"]),
            (
                "history?sport=football&series=allsvenskan&team=AIK&team=Malm%C3%B6%20FF",
                3,
                &["match-103", "match-102", "match-101"],
            ),
            (
                "history?sport=football&series=allsvenskan&allTeams=AIK&allTeams=Malm%C3%B6%20FF",
                1,
                &["match-101"],
            ),
            ("history?team=Hammarby&allTeams=AIK", 0, &[]),
            ("history?show=The%20Long%20Harbour", 3, &["harbour-s2e1", "harbour-s1e2", "harbour-s1e1"]),
            ("history?show=The%20Long%20Harbour&season=1", 2, &["harbour-s1e2", "harbour-s1e1"]),
            ("history?show=The%20Long%20Harbour&season=3", 0, &[]),
            ("history?since=2026-03-20T20:30:00Z", 2, &["race-7", "harbour-s2e1"]),
            ("history?before=2026-03-01T00:00:00%2B01:00", 2, &["harbour-s1e2", "harbour-s1e1"]),
        ] {
            let expected = (total, shown.iter().map(|&asset| asset.to_owned()).collect());
            assert_eq!(history(&serving, &format!("ann/{query}")).await, expected, "{query}");
        }
        assert_eq!(history(&serving, "nobody/history").await, (0, vec![]));
        let item = get(&serving, "/v1/profiles/bob/history/match-101").await;
        let expected = json!({
            "asset": "match-101", "progress": 300, "duration": 5400, "watchedAt": "2026-03-01T17:45:00.000Z",
            "sport": "football", "series": "allsvenskan", "teams": ["Malmö FF", "AIK"],
            "show": null, "season": null, "episode": null,
        });
        assert_eq!(item, expected);
        let none = send(&serving, "", ("GET", "/v1/profiles/bob/history/salt"), None).await;
        assert_eq!((none.0, &none.1["code"]), (404, &json!("NOT_FOUND")));

        // And over GraphQL, by name and otherwise.
        let text = r#"{ historyItems(where: {profileId: {eq: "ann"}, show: {eq: "The Long Harbour"}, season: {eq: 1}}) {
            totalCount } }"#;
        assert_eq!(serving.query(text).await["data"]["historyItems"]["totalCount"], 2);
        let named = json!({ "operationName": "History", "variables": { "profileId": "ann", "sport": "skiing" } });
        let told = send(&serving, "", ("POST", "/graphql"), Some(named)).await;
        assert_eq!((told.0, &told.1["data"]["history"]["items"][0]["asset"]), (200, &json!("race-7")));

        for query in ["limit=-1", "limit=x", "season=one", "since=yesterday", "sprot=football", "limit=1001"] {
            let refused = send(&serving, "", ("GET", &format!("/v1/profiles/ann/history?{query}")), None).await;
            assert_eq!((refused.0, &refused.1["code"]), (400, &json!("BAD_USER_INPUT")), "{query}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recorder_writes_blindly() {
    on_both("history", |serving| async move {
        let serving = &serving;
        let put = async |path: &str, body: Json| {
            send(serving, "", ("PUT", &format!("/v1/profiles/{path}")), Some(body)).await
        };
        let at = "2026-04-01T20:00:00.000Z";
        let mut film = json!({ "progress": 10, "duration": 100, "watchedAt": at });
        for progress in [10, 10, 50, 20, 0] {
            film["progress"] = json!(progress);
            let (status, item) = put("eve/history/film", film.clone()).await;
            assert_eq!(
                (status, &item["progress"], &item["teams"]),
                (200, &json!(progress), &json!([])),
                "{item}"
            );
            assert_eq!(get(serving, "/v1/profiles/eve/history/film").await, item);
            assert_eq!(
                get(serving, "/v1/profiles/eve/history").await,
                json!({ "total": 1, "items": [item] })
            );
        }
        // An item is what was put last, and not what was put together.
        let game =
            json!({ "progress": 1, "duration": 2, "watchedAt": at, "sport": "golf", "teams": ["A", "B"] });
        assert_eq!(put("eve/history/film", game).await.0, 200);
        assert_eq!(history(serving, "eve/history?sport=golf&allTeams=B&allTeams=A").await.0, 1);
        assert_eq!(put("eve/history/film", film.clone()).await.0, 200);
        assert_eq!(history(serving, "eve/history?sport=golf").await.0, 0);
        assert_eq!(get(serving, "/v1/profiles/eve/history/film").await["teams"], json!([]));

        // The same asset and other profiles have nothing to do with each other.
        assert_eq!(put("eva/history/film", film.clone()).await.0, 200);
        for _ in 0..2 {
            assert_eq!(send(serving, "", ("DELETE", "/v1/profiles/eve/history/film"), None).await.0, 204);
            assert_eq!(history(serving, "eve/history").await, (0, vec![]));
            assert_eq!(history(serving, "eva/history").await, (1, vec!["film".to_owned()]));
        }

        // However many recorders there are, no item is lost, and none is there twice.
        let puts = (0..60).map(|number| {
            let body = json!({ "progress": number, "duration": 100, "watchedAt": at });
            async move { put(&format!("eve/history/asset-{}", number % 20), body).await }
        });
        for (status, told) in futures_util::future::join_all(puts).await {
            assert_eq!(status, 200, "{told}");
        }
        let (total, mut assets) = history(serving, "eve/history?limit=100").await;
        assets.sort();
        assets.dedup();
        assert_eq!((total, assets.len()), (20, 20));

        for (body, pointer) in [
            (json!({ "progress": -1, "duration": 1, "watchedAt": at }), "#/progress"),
            (json!({ "progress": 1, "duration": 0, "watchedAt": at }), "#/duration"),
            (json!({ "progress": 1, "duration": 1, "watchedAt": "now" }), "#/watchedAt"),
            (json!({ "progress": 1, "duration": 1 }), "#/watchedAt"),
            (json!({ "progress": 1, "duration": 1, "watchedAt": at, "teams": "A" }), "#/teams"),
            (json!({ "progress": 1, "duration": 1, "watchedAt": at, "teams": vec!["A"; 21] }), "#/teams"),
        ] {
            let (status, told) = put("eve/history/x", body).await;
            assert_eq!((status, &told["errors"][0]["pointer"]), (400, &json!(pointer)), "{told}");
        }
        let long = "x".repeat(65);
        assert_eq!(put(&format!("{long}/history/x"), film).await.0, 400);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn viewing_sessions_begin_and_end_in_any_order() {
    on_both("history", |serving| async move {
        let serving = &serving;
        let put = async |body: Json| {
            let path = "/v1/profiles/eve/sessions/s";
            let (status, session) = send(serving, "", ("PUT", path), Some(body)).await;
            assert_eq!(status, 200, "{session}");
            session
        };
        let (start, end) = ("2026-04-01T20:00:00.000Z", "2026-04-01T21:00:00.000Z");
        let open = json!({ "device": "tv", "start": start });
        let closed = json!({ "device": "tv", "start": start, "end": end });
        assert_eq!(put(open.clone()).await["end"], Json::Null);
        // The beginning is told again, after the end.
        for body in [&closed, &open, &closed] {
            let told = json!({ "session": "s", "device": "tv", "start": start, "end": end });
            assert_eq!(put(body.clone()).await, told);
            let list = get(serving, "/v1/profiles/eve/sessions").await;
            assert_eq!(list, json!({ "total": 1, "items": [told] }));
        }
        let sessions = async |query: &str| {
            let told = get(serving, &format!("/v1/profiles/ann/sessions?{query}")).await;
            let ids = told["items"].as_array().expect("items").iter();
            ids.map(|item| item["session"].as_str().expect("text").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(sessions("").await, ["s-3", "s-2", "s-1"]);
        assert_eq!(sessions("device=tv").await, ["s-3", "s-1"]);
        assert_eq!(sessions("device=tv&limit=1&offset=1").await, ["s-1"]);
        assert_eq!(sessions("since=2026-03-22T00:00:00Z&before=2026-03-22T19:00:00Z").await, ["s-2"]);

        // A profile that is deleted leaves nothing behind, and nothing of the others.
        for _ in 0..2 {
            assert_eq!(send(serving, "", ("DELETE", "/v1/profiles/ann"), None).await.0, 204);
            assert_eq!(sessions("").await, [""; 0]);
            assert_eq!(history(serving, "ann/history").await, (0, vec![]));
            assert_eq!(history(serving, "bob/history").await.0, 3);
        }
    })
    .await;
}

/// What a test knows of a profile's items.
type Known = BTreeMap<String, Json>;

/// The conditions of one look-up, as a query string has them; a member that is a list is repeated.
fn conditions(dice: &mut Dice) -> Map<String, Json> {
    let mut chosen = Map::new();
    let mut maybe = |name: &str, value: Json, dice: &mut Dice| {
        if dice.once_in(3) {
            chosen.insert(name.to_owned(), value);
        }
    };
    let [one, other] = [(); 2].map(|()| format!("t{}", dice.roll(4)));
    maybe("sport", json!(format!("sport{}", dice.roll(2))), dice);
    maybe("series", json!(format!("series{}", dice.roll(2))), dice);
    maybe("team", json!([one.clone(), other.clone()]), dice);
    maybe("allTeams", json!([one, other]), dice);
    maybe("show", json!(format!("show{}", dice.roll(2))), dice);
    maybe("season", json!(dice.roll(3)), dice);
    maybe("since", json!(moment(dice.roll(30))), dice);
    maybe("before", json!(moment(dice.roll(30))), dice);
    chosen
}

fn moment(day: usize) -> String {
    format!("2026-05-{:02}T12:00:00.000Z", day + 1)
}

/// Whether an item fulfils the conditions, told without anything of oponn.
fn fulfils(item: &Json, conditions: &Map<String, Json>) -> bool {
    conditions.iter().all(|(name, wanted)| {
        let teams = item["teams"].as_array().expect("a list");
        let mut wanted_teams = wanted.as_array().into_iter().flatten();
        let at = item["watchedAt"].as_str();
        match name.as_str() {
            "team" => wanted_teams.any(|team| teams.contains(team)),
            "allTeams" => wanted_teams.all(|team| teams.contains(team)),
            "since" => at >= wanted.as_str(),
            "before" => at < wanted.as_str(),
            _ => item[name] == *wanted,
        }
    })
}

fn query_string(conditions: &Map<String, Json>, limit: usize, offset: usize) -> String {
    let mut query = url::form_urlencoded::Serializer::new(format!("limit={limit}&offset={offset}&"));
    for (name, value) in conditions {
        for value in value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice) {
            query.append_pair(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
    }
    query.finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn look_ups_and_a_look_through_all_items_agree_whatever_is_written() {
    on_both("history", |serving| async move {
        let (serving, mut dice) = (&serving, Dice::new(7));
        let mut profiles: BTreeMap<String, Known> = BTreeMap::new();
        for _ in 0..250 {
            let profile = format!("p{}", dice.roll(3));
            let asset = format!("a{:02}", dice.roll(40));
            let path = format!("/v1/profiles/{profile}/history/{asset}");
            let known = profiles.entry(profile.clone()).or_default();
            if dice.once_in(6) {
                assert_eq!(send(serving, "", ("DELETE", &path), None).await.0, 204);
                known.remove(&asset);
            } else {
                let mut body =
                    json!({ "progress": dice.roll(90), "duration": 90, "watchedAt": moment(dice.roll(30)) });
                for (name, values) in [("sport", 2), ("series", 2), ("show", 2)] {
                    if !dice.once_in(3) {
                        body[name] = json!(format!("{name}{}", dice.roll(values)));
                    }
                }
                body["season"] = if dice.once_in(3) { Json::Null } else { json!(dice.roll(3)) };
                let teams: Vec<String> =
                    (0..4).filter(|_| dice.once_in(2)).map(|n| format!("t{n}")).collect();
                body["teams"] = json!(teams);
                let (status, item) = send(serving, "", ("PUT", &path), Some(body)).await;
                assert_eq!(status, 200, "{item}");
                known.insert(asset, item);
            }
            let (limit, offset, asked) = (dice.roll(6), dice.roll(4), conditions(&mut dice));
            let mut expected: Vec<&Json> = known.values().filter(|item| fulfils(item, &asked)).collect();
            expected.sort_by_key(|item| std::cmp::Reverse(item["watchedAt"].as_str()));
            let path = format!("/v1/profiles/{profile}/history?{}", query_string(&asked, limit, offset));
            let told = get(serving, &path).await;
            assert_eq!(told["total"], expected.len(), "{path}");
            let items = told["items"].as_array().expect("items");
            // Items of the same moment may come in any order.
            let moments =
                |items: &[&Json]| items.iter().map(|item| item["watchedAt"].clone()).collect::<Vec<_>>();
            let page: Vec<&Json> = expected.iter().skip(offset).take(limit).copied().collect();
            assert_eq!(moments(&items.iter().collect::<Vec<_>>()), moments(&page), "{path}");
            assert!(items.iter().all(|item| expected.contains(&item)), "{path}: {told}");
            // GraphQL says the same.
            let mut variables = asked.clone();
            variables.extend([
                ("profileId".to_owned(), json!(profile)),
                ("limit".to_owned(), json!(limit)),
                ("offset".to_owned(), json!(offset)),
            ]);
            let named = json!({ "operationName": "History", "variables": variables });
            let over_graphql = send(serving, "", ("POST", "/graphql"), Some(named)).await.1;
            assert_eq!(over_graphql["data"]["history"], told, "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_one_key_and_one_more_for_its_sessions() {
    let (folder, database) = (copied("history"), MongoDatabase::new());
    let (redis, deployment) = (redis_url(), redis_prefix());
    let settings = std::fs::read_to_string(folder.path().join("history/oponn.toml")).expect("settings");
    folder.write("history/oponn.toml", &format!("deployment = \"{deployment}\"\n{settings}"));
    let arguments = ["--config", "history/oponn.toml", "--store", &database.url(), "--cache", &redis];
    folder.run(&[&arguments[..], &["import"]].concat()).assert(0, "", "");
    let serving = &folder.serve(&arguments);
    let mut connection = connected(&redis).await;
    let mut keys = async |kind: &str| {
        let found: Vec<String> = connection.keys(format!("*{deployment}*:{kind}:*")).await.expect("keys");
        found.len()
    };
    for profile in ["ann", "bob"] {
        for query in [
            "",
            "?sport=football",
            "?show=Night%20Ferry&season=1",
            "?team=AIK&limit=1",
            "?since=2026-03-05T00:00:00Z",
        ] {
            history(serving, &format!("{profile}/history{query}")).await;
        }
        send(serving, "", ("GET", &format!("/v1/profiles/{profile}/history/salt")), None).await;
        let body = json!({ "progress": 1, "duration": 2, "watchedAt": "2026-04-01T20:00:00Z" });
        let path = format!("/v1/profiles/{profile}/history/new");
        assert_eq!(send(serving, "", ("PUT", &path), Some(body)).await.0, 200);
        history(serving, &format!("{profile}/history")).await;
    }
    // Partitions, lists and entities.
    assert_eq!((keys("h").await, keys("b").await, keys("e").await), (2, 0, 0));
    for profile in ["ann", "bob"] {
        for query in ["", "?device=tv", "?limit=1&offset=1"] {
            get(serving, &format!("/v1/profiles/{profile}/sessions{query}")).await;
        }
    }
    assert_eq!((keys("h").await, keys("b").await, keys("e").await), (4, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_description_is_true() {
    on_both("history", |serving| async move {
        assert_described(format!("http://{}/openapi.json", serving.address), &[]).await;
    })
    .await;
}

//! `@range(minOf)` and `@range(maxOf)`: a value of a child that a field of its parent bounds, in every way of writing.

use serde_json::{Value as Json, json};

use super::{On, faults};
use crate::support::app::TestApp;

on_every_place!(
    a_value_beyond_its_parents_is_refused_however_it_is_written,
    a_bound_holds_for_what_is_written_together,
    a_parent_that_changes_leaves_its_children,
    bulk_updates_check_each_document_by_its_own_parent,
);

const SDL: &str = r#"
type Video @collection {
  id: ID! @id(as: STRING, client: true)
  title: String
  start: Decimal
  duration: Int
  released: DateTime
  cues: [Cue!]! @hasMany(field: "videoId", onDelete: SET_NULL)
}
type Cue @collection {
  id: ID! @id(as: STRING, client: true)
  name: String @unique
  at: Float @range(min: 0, minOf: "video.start", maxOf: "video.duration")
  shown: DateTime @range(minOf: "video.released")
  videoId: ID
  video: Video @belongsTo(field: "videoId")
}
"#;

async fn videos(on: On) -> TestApp {
    let app = on.app(SDL).await;
    let videos = json!([
        { "id": "short", "start": "1.5", "duration": 10, "released": "2024-05-01T00:00:00Z" },
        { "id": "long", "duration": 100 },
        { "id": "open" },
    ]);
    app.data("mutation($i: [VideoInput!]!) { createVideos(inputs: $i) { id } }", json!({ "i": videos }))
        .await;
    app
}

/// The fault of a mutation that is refused: its extensions.
async fn refused(app: &TestApp, text: &str) -> Json {
    let response = app.query(&format!("mutation {{ w: {text} }}"), json!({})).await;
    let mut all = faults(&response);
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{text}: {response}");
    all[0].take()
}

async fn done(app: &TestApp, text: &str) {
    app.data(&format!("mutation {{ w: {text} }}"), json!({})).await;
}

async fn a_value_beyond_its_parents_is_refused_however_it_is_written(on: On) {
    let app = videos(on).await;
    let error = refused(&app, r#"createCue(input: {id: "a", videoId: "short", at: 10.5}) { id }"#).await;
    let expected = json!({
        "code": "OUT_OF_RANGE", "argument": ["input", "at"], "bound": "max", "of": "video.duration",
        "limit": "10", "value": "10.5", "path": ["w"],
    });
    assert_eq!(error, expected);
    let error = refused(&app, r#"createCue(input: {id: "a", videoId: "short", at: 1.25}) { id }"#).await;
    assert_eq!(
        (&error["of"], &error["bound"], &error["limit"]),
        (&json!("video.start"), &json!("min"), &json!("1.5"))
    );
    let early = r#"createCue(input: {id: "a", videoId: "short", shown: "2024-04-30T23:59:59.999Z"}) { id }"#;
    assert_eq!(refused(&app, early).await["limit"], "2024-05-01T00:00:00Z");
    // The bounds themselves, no value, no parent, no bound.
    for input in [
        r#"id: "a", name: "a", videoId: "short", at: 10"#,
        r#"id: "b", name: "b", videoId: "short", at: 1.5"#,
        r#"id: "c", name: "c", videoId: "short""#,
        r#"id: "d", name: "d", at: 1000"#,
        r#"id: "e", name: "e", videoId: "open", at: 1000"#,
        r#"id: "f", name: "f", videoId: "short", shown: "2024-05-01T00:00:00Z""#,
    ] {
        done(&app, &format!("createCue(input: {{{input}}}) {{ id }}")).await;
    }
    // Only the first input of several is wrong, or only the second.
    let several = r#"createCues(inputs: [{id: "x", at: 11, videoId: "short"}, {id: "y", at: 9, videoId: "short"}]) { id }"#;
    assert_eq!(refused(&app, several).await["argument"], json!(["inputs", 0, "at"]));
    for (text, argument) in [
        (r#"updateCue(id: "a", set: {at: 11}) { id }"#, json!(["set", "at"])),
        (r#"updateCue(id: "e", set: {videoId: "long"}) { id }"#, json!(["set", "videoId"])),
        (r#"updateCue(id: "d", set: {videoId: "short"}) { id }"#, json!(["set", "videoId"])),
        (r#"updateCueByName(name: "a", set: {at: 0}) { id }"#, json!(["set", "at"])),
        (r#"updateCues(where: {id: {in: ["a", "e"]}}, set: {at: 99}) { count }"#, json!(["set", "at"])),
        (
            r#"updateCues(where: {id: {eq: "e"}}, set: {videoId: "long"}) { count }"#,
            json!(["set", "videoId"]),
        ),
        (r#"upsertCue(on: NAME, input: {name: "a", at: 11}) { id }"#, json!(["input", "at"])),
        (r#"upsertCue(on: ID, input: {id: "new", at: 11, videoId: "short"}) { id }"#, json!(["input", "at"])),
    ] {
        let error = refused(&app, text).await;
        assert_eq!((&error["code"], &error["argument"]), (&json!("OUT_OF_RANGE"), &argument), "{text}");
    }
    let all = app.data("{ cues { nodes { id at videoId } } }", json!({})).await;
    let cue = |id: &str, at: Json, video: Json| json!({ "id": id, "at": at, "videoId": video });
    let expected = [
        cue("a", json!(10.0), json!("short")),
        cue("b", json!(1.5), json!("short")),
        cue("c", json!(null), json!("short")),
        cue("d", json!(1000.0), json!(null)),
        cue("e", json!(1000.0), json!("open")),
        cue("f", json!(null), json!("short")),
        cue("y", json!(9.0), json!("short")),
    ];
    assert_eq!(all["cues"]["nodes"], json!(expected));
}

async fn a_bound_holds_for_what_is_written_together(on: On) {
    let app = videos(on).await;
    done(&app, r#"createCue(input: {id: "a", videoId: "long", at: 50}) { id }"#).await;
    // A value and a parent that fit each other, where neither fits what was there.
    done(&app, r#"updateCue(id: "a", set: {videoId: "short", at: 5}) { id }"#).await;
    let wrong = r#"updateCue(id: "a", set: {videoId: "short", at: 50}) { id }"#;
    assert_eq!(refused(&app, wrong).await["value"], "50");
    // Without the parent or the value there is nothing to check.
    done(&app, r#"updateCue(id: "a", set: {videoId: null, at: 5000}) { id }"#).await;
    done(&app, r#"updateCue(id: "a", set: {videoId: "short", at: null}) { id }"#).await;
    let nobody = r#"updateCue(id: "a", set: {videoId: "nobody", at: 50}) { id }"#;
    assert_eq!(refused(&app, nobody).await["code"], "NOT_FOUND");
    assert_eq!(refused(&app, r#"updateCue(id: "nobody", set: {at: 50}) { id }"#).await["code"], "NOT_FOUND");
}

async fn a_parent_that_changes_leaves_its_children(on: On) {
    let app = videos(on).await;
    done(&app, r#"createCue(input: {id: "a", name: "n", videoId: "long", at: 50}) { id }"#).await;
    done(&app, r#"updateVideo(id: "long", set: {duration: 20}) { id }"#).await;
    // What does not touch the value or the key is not checked.
    done(&app, r#"updateCue(id: "a", set: {name: "m"}) { id }"#).await;
    // The bound of now holds.
    assert_eq!(refused(&app, r#"updateCue(id: "a", set: {at: 21}) { id }"#).await["limit"], "20");
    assert_eq!(refused(&app, r#"updateCue(id: "a", set: {videoId: "long"}) { id }"#).await["value"], "50");
    done(&app, r#"updateVideo(id: "long", set: {duration: 21}) { id }"#).await;
    done(&app, r#"updateCue(id: "a", set: {at: 21}) { id }"#).await;
}

async fn bulk_updates_check_each_document_by_its_own_parent(on: On) {
    let app = on.with(SDL).engine(|options| options.bulk = 3).start().await;
    let videos: Vec<Json> = (0..10).map(|n| json!({ "id": format!("v{n}"), "duration": 10 + n })).collect();
    let cues: Vec<Json> =
        (0..10).map(|n| json!({ "id": format!("c{n}"), "videoId": format!("v{n}"), "at": 1 })).collect();
    let text = "mutation($v: [VideoInput!]!, $c: [CueInput!]!) {
        createVideos(inputs: $v) { id } createCues(inputs: $c) { id } }";
    app.data(text, json!({ "v": videos, "c": cues })).await;
    // Nothing is written where one of them is refused.
    let error = refused(&app, "updateCues(where: {}, all: true, set: {at: 12}) { count }").await;
    assert_eq!((&error["code"], &error["value"]), (&json!("OUT_OF_RANGE"), &json!("12")));
    let left = app.data("{ cues(where: {at: {gt: 1}}) { totalCount } }", json!({})).await;
    assert_eq!(left["cues"]["totalCount"], 0);
    let text = r#"mutation { n: updateCues(where: {videoId: {in: ["v2", "v3", "v4", "v5", "v6"]}}, set: {at: 12}) { count } }"#;
    assert_eq!(app.data(text, json!({})).await["n"]["count"], 5);
}

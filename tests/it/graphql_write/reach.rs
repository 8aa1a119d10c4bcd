//! `updateThings` and `deleteThings` reach every document only when they are told to, whatever it is that makes
//! their filter hold for all.

use serde_json::{Value as Json, json};

use super::{On, faults};
use crate::support::app::TestApp;

on_every_place!(
    a_filter_that_holds_for_all_is_refused,
    a_variable_without_a_value_reaches_nothing,
    a_condition_is_enough,
    all_is_said_with_true_alone,
);

const THINGS: &str = r#"
type Place { city: String lines: [String!] }

type Thing @collection {
  id: ID! @id(as: STRING, client: true)
  name: String
  size: Int
  tags: [String!]
  place: Place
  places: [Place!]
  version: Int! @version
}
"#;

/// Makes three things, and no others.
async fn restock(app: &TestApp) {
    let text = r#"mutation { deleteThings(where: {}, all: true) { count } createThings(inputs: [
        {id: "a", name: "x", size: 1, tags: ["t"], place: {city: "Bath"}, places: [{city: "Bath"}]},
        {id: "b", name: "y", size: 2}, {id: "c"}]) { id } }"#;
    app.data(text, json!({})).await;
}

async fn things(on: On) -> TestApp {
    let app = on.app(THINGS).await;
    restock(&app).await;
    app
}

async fn state(app: &TestApp) -> Json {
    app.data("{ things { nodes { id name size version } totalCount } }", json!({})).await["things"].take()
}

/// The two bulk writes with these arguments.
fn writes(arguments: &str, variables: &str) -> [String; 2] {
    [
        format!("mutation{variables} {{ it: updateThings({arguments}, set: {{size: 9}}) {{ count }} }}"),
        format!("mutation{variables} {{ it: deleteThings({arguments}) {{ count }} }}"),
    ]
}

/// Both bulk writes are refused for the argument, and nothing is written.
async fn refused(app: &TestApp, arguments: &str, variables: &str, given: &Json, at: &Json) {
    let before = state(app).await;
    for text in writes(arguments, variables) {
        let answer = app.query(&text, given.clone()).await;
        let expected = json!([{"code": "BAD_USER_INPUT", "argument": at, "path": ["it"]}]);
        assert_eq!((faults(&answer), &answer["data"]), (expected, &Json::Null), "{text} {given}");
        let message = answer["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(*at != json!(["where"]) || message.contains("all: true"), "{text}: {message}");
    }
    assert_eq!(state(app).await, before, "{arguments} {given}");
}

/// Each bulk write is done for so many of the three things.
async fn done(app: &TestApp, arguments: &str, variables: &str, given: &Json, count: u64) {
    for text in writes(arguments, variables) {
        assert_eq!(app.data(&text, given.clone()).await, json!({"it": {"count": count}}), "{text} {given}");
    }
    assert_eq!(state(app).await["totalCount"], 3 - count, "{arguments} {given}");
    restock(app).await;
}

async fn a_filter_that_holds_for_all_is_refused(on: On) {
    let app = things(on).await;
    let (none, at) = (json!({}), json!(["where"]));
    for filter in [
        "{}",
        "{and: []}",
        "{and: [{}, {and: [{}]}]}",
        "{and: {}}",
        "{or: [{}]}",
        "{or: [{name: {eq: \"x\"}}, {}]}",
        "{or: [{id: {in: []}}, {name: {}}]}",
        "{not: {or: []}}",
        "{not: {not: {}}}",
        "{not: {id: {in: []}, name: {eq: \"x\"}}}",
        "{not: {places: {}, name: {in: []}}}",
        "{id: {}}",
        "{id: {nin: []}}",
        "{id: {ne: null}}",
        "{id: {nin: [null]}}",
        "{id: {exists: true}}",
        "{not: {id: {eq: null}}}",
        "{name: {}, size: {}, tags: {}, place: {}}",
        "{name: {mode: INSENSITIVE}}",
        "{name: {nin: []}}",
        "{tags: {hasAll: []}}",
        "{version: {exists: true}}",
        "{place: {city: {}, lines: {hasAll: []}}}",
        "{place: {and: [{not: {or: []}}]}}",
    ] {
        refused(&app, &format!("where: {filter}"), "", &none, &at).await;
        refused(&app, &format!("where: {filter}, all: false"), "", &none, &at).await;
        done(&app, &format!("where: {filter}, all: true"), "", &none, 3).await;
    }
}

async fn a_variable_without_a_value_reaches_nothing(on: On) {
    let app = things(on).await;
    let at = json!(["where"]);
    // Variables that have no value anywhere.
    for (filter, variables) in [
        ("{id: {eq: $v}}", "$v: ID"),
        ("{id: {ne: $v}}", "$v: ID"),
        ("{id: {in: $v}}", "$v: [ID]"),
        ("{id: {nin: [$v]}}", "$v: ID"),
        ("{id: $v}", "$v: IDFilter"),
        ("{name: {eq: $v, mode: INSENSITIVE}}", "$v: String"),
        ("{name: {startsWith: $v, endsWith: $v, contains: $v, matches: $v}}", "$v: String"),
        ("{name: {eq: $v, exists: $w}}", "$v: String, $w: Boolean"),
        ("{size: {lt: $v, lte: $v, gt: $v, gte: $v}}", "$v: Int"),
        ("{tags: {has: $v}}", "$v: String"),
        ("{tags: {hasAny: $v, hasAll: $v}}", "$v: [String!]"),
        ("{places: {isEmpty: $v}}", "$v: Boolean"),
        ("{places: {some: $v}}", "$v: PlaceWhere"),
        ("{place: $v}", "$v: PlaceWhere"),
        ("{place: {city: $v}}", "$v: StringFilter"),
        ("{place: {not: {not: {lines: {has: $v}}}}}", "$v: String"),
        ("{and: $v, or: $v, not: $w}", "$v: [ThingWhere!], $w: ThingWhere"),
        ("{and: [{id: {eq: $v}}, {and: [{name: {eq: $w}}]}]}", "$v: ID, $w: String"),
        ("{or: [{id: {eq: $v}}, {name: {eq: \"x\"}}]}", "$v: ID"),
        ("{not: {not: {or: [{place: {city: {eq: $v}}}]}}}", "$v: String"),
    ] {
        let (arguments, variables) = (format!("where: {filter}"), format!("({variables})"));
        refused(&app, &arguments, &variables, &json!({}), &at).await;
        refused(&app, &arguments, &variables, &json!({"other": "a"}), &at).await;
        done(&app, &format!("{arguments}, all: true"), &variables, &json!({}), 3).await;
    }
    // The whole filter.
    let whole = "($v: ThingWhere!)";
    for filter in [json!({}), json!({"id": {}}), json!({"and": []}), json!({"or": [{"not": {"or": []}}]})] {
        refused(&app, "where: $v", whole, &json!({"v": filter}), &at).await;
    }
    refused(&app, "where: $v", "($v: ThingWhere! = {id: {}})", &json!({}), &at).await;
    // Null is a value: it is compared with, or is none that can stand there.
    let null = json!({"v": null});
    for (filter, variables, at) in [
        ("{id: {ne: $v}}", "$v: ID", json!(["where"])),
        ("{and: [{id: {nin: [$v]}}]}", "$v: ID", json!(["where"])),
        ("{id: $v}", "$v: IDFilter", json!(["where", "id"])),
        ("{and: $v}", "$v: [ThingWhere!]", json!(["where", "and"])),
        ("{not: {place: $v}}", "$v: PlaceWhere", json!(["where", "not", "place"])),
        (
            "{or: [{place: {lines: {has: $v}}}]}",
            "$v: String",
            json!(["where", "or", 0, "place", "lines", "has"]),
        ),
    ] {
        refused(&app, &format!("where: {filter}"), &format!("({variables})"), &null, &at).await;
    }
    for (filter, variables, count) in [
        ("{id: {eq: $v}}", "$v: ID", 0),
        ("{id: {in: [$v]}}", "$v: ID", 0),
        ("{or: [{and: [{id: {eq: $v}}]}]}", "$v: ID", 0),
        ("{name: {eq: $v}}", "$v: String", 1),
        ("{not: {name: {eq: $v}}}", "$v: String", 2),
        ("{place: {city: {eq: $v}}}", "$v: String", 2),
    ] {
        done(&app, &format!("where: {filter}"), &format!("({variables})"), &null, count).await;
    }
}

async fn a_condition_is_enough(on: On) {
    let app = things(on).await;
    for (filter, count) in [
        ("{or: []}", 0),
        ("{not: {}}", 0),
        ("{id: {in: []}}", 0),
        ("{id: {eq: null}}", 0),
        ("{id: {exists: false}}", 0),
        ("{name: {in: []}, id: {}}", 0),
        ("{places: {some: {}}}", 1),
        ("{id: {eq: \"b\"}, and: []}", 1),
        ("{name: {contains: \"\"}}", 2),
        ("{not: {id: {eq: \"c\"}}}", 2),
        // They hold for every document there is, but need not.
        ("{version: {gte: 1}}", 3),
        ("{name: {ne: \"z\"}}", 3),
        ("{id: {in: [\"a\", \"b\", \"c\"]}}", 3),
    ] {
        for all in ["", ", all: false", ", all: true"] {
            done(&app, &format!("where: {filter}{all}"), "", &json!({}), count).await;
        }
    }
    // What is left of a filter is a filter.
    let half = "where: {id: {eq: $v}, name: {lt: \"y\"}}";
    done(&app, half, "($v: ID)", &json!({}), 1).await;
}

async fn all_is_said_with_true_alone(on: On) {
    let app = things(on).await;
    let arguments = "where: {}, all: $all";
    for (ty, given) in
        [("Boolean", json!({})), ("Boolean", json!({"all": false})), ("Boolean! = false", json!({}))]
    {
        refused(&app, arguments, &format!("($all: {ty})"), &given, &json!(["where"])).await;
    }
    for filter in ["{}", "{id: {eq: \"a\"}}"] {
        let arguments = format!("where: {filter}, all: $all");
        refused(&app, &arguments, "($all: Boolean)", &json!({"all": null}), &json!(["all"])).await;
    }
    for (ty, given) in [("Boolean", json!({"all": true})), ("Boolean! = true", json!({}))] {
        done(&app, arguments, &format!("($all: {ty})"), &given, 3).await;
    }
    // Not said at all is not said by a null either.
    let before = state(&app).await;
    for text in writes("where: {}, all: null", "") {
        let answer = app.query(&text, json!({})).await;
        assert!(answer.get("data").is_none() && answer["errors"][0].is_object(), "{answer}");
    }
    assert_eq!(state(&app).await, before);
}

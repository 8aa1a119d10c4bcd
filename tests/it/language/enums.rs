//! Enum values are names, whatever other words they begin with or resemble.

use serde_json::{Value as Json, json};

use super::refused;
use crate::support::app::TestApp;

const VALUES: [&str; 32] = [
    "OPEN",
    "X",
    "nullX",
    "nullable",
    "null_",
    "null0",
    "Null",
    "NULL",
    "nul",
    "n",
    "trueish",
    "true_",
    "True",
    "TRUE",
    "truetrue",
    "falsePositive",
    "false1",
    "False",
    "FALSE",
    "on",
    "query",
    "mutation",
    "subscription",
    "fragment",
    "type",
    "input",
    "schema",
    "repeatable",
    "_",
    "_0",
    "e",
    "e1",
];

async fn app() -> TestApp {
    let values = VALUES.join(" ");
    TestApp::new(&format!(
        "enum Verdict {{ {values} }}
        type Part {{ verdict: Verdict verdicts: [Verdict!] }}
        type Alert @collection {{
          id: ID! @id(as: STRING, client: true)
          verdict: Verdict
          verdicts: [Verdict!]
          part: Part
          parts: [Part!]
          extra: JSON
        }}"
    ))
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_value_arrives_and_is_found() {
    let app = app().await;
    for (place, value) in VALUES.iter().enumerate() {
        let next = VALUES[(place + 1) % VALUES.len()];
        let all = "verdict verdicts part { verdict verdicts } parts { verdict }";
        let text = format!(
            "mutation {{ createAlert(input: {{id: \"{value}\", verdict: {value}, verdicts: [{value} {next},{value}],
                part: {{verdict:{value} verdicts:{value}}}, parts: [{{verdict: {next}}}{{verdict: {value}}}]}}) {{ {all} }} }}"
        );
        let expected = json!({
            "verdict": value, "verdicts": [value, next, value],
            "part": {"verdict": value, "verdicts": [value]}, "parts": [{"verdict": next}, {"verdict": value}],
        });
        assert_eq!(app.data(&text, Json::Null).await["createAlert"], expected, "{text}");
        let by_variable = "mutation($id: ID!, $v: Verdict, $vs: [Verdict!]) {
            updateAlert(id: $id, set: {verdict: $v, verdicts: $vs, part: {verdict: $v, verdicts: $vs}}) {
                verdict verdicts part { verdict verdicts } parts { verdict } } }";
        let given = json!({"id": value, "v": value, "vs": [value, next, value]});
        let seen = app.data(by_variable, given).await["updateAlert"].take();
        assert_eq!((&seen["verdict"], &seen["verdicts"]), (&expected["verdict"], &expected["verdicts"]));
        let by_default = format!(
            "mutation($v: Verdict = {value}, $vs: [Verdict!] = [{next} {value}]) {{
                updateAlert(id: \"{value}\", set: {{verdict: $v, verdicts: $vs}}) {{ verdict verdicts }} }}"
        );
        let seen = app.data(&by_default, Json::Null).await;
        assert_eq!(seen["updateAlert"], json!({"verdict": value, "verdicts": [next, value]}), "{by_default}");
    }
    for value in VALUES {
        for (filter, variables) in [
            (format!("{{verdict: {{eq: {value}}}}}"), json!({})),
            (format!("{{verdict: {{in: [{value}]}}}}"), json!({})),
            (format!("{{verdict: {{in: {value}}}}}"), json!({})),
            (format!("{{part: {{verdict: {{eq:{value}}}}}}}"), json!({})),
            (format!("{{and: [{{or: [{{not: {{verdict: {{ne: {value}}}}}}}]}}]}}"), json!({})),
            ("{verdict: {in: $v}}".to_owned(), json!({"v": [value]})),
        ] {
            let variable = if filter.contains('$') { "query($v: [Verdict]) " } else { "" };
            let text = format!("{variable}{{ alerts(where: {filter}) {{ nodes {{ id }} }} }}");
            let expected = json!({"alerts": {"nodes": [{"id": value}]}});
            assert_eq!(app.data(&text, variables).await, expected, "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_not_read_as_two() {
    let app = app().await;
    let text = "mutation { createAlerts(inputs: [{id: \"none\"}, {id: \"x\", verdict: X}, {id: \"n\", verdict: nullX}]) { id } }";
    app.data(text, Json::Null).await;
    for (list, ids) in [
        ("[nullX]", json!(["n"])),
        ("[null X]", json!(["none", "x"])),
        ("[null,X]", json!(["none", "x"])),
        ("[null\nX#nullX\n]", json!(["none", "x"])),
        ("[nullable trueish falsePositive]", json!([])),
    ] {
        let text = format!("{{ alerts(where: {{verdict: {{in: {list}}}}}) {{ nodes {{ id }} }} }}");
        let found = app.data(&text, Json::Null).await;
        let found: Vec<&Json> =
            found["alerts"]["nodes"].as_array().into_iter().flatten().map(|node| &node["id"]).collect();
        assert_eq!(json!(found), ids, "{text}");
    }
    let deleted =
        app.data("mutation { deleteAlerts(where: {verdict: {in: [nullX]}}) { count } }", Json::Null).await;
    assert_eq!(deleted["deleteAlerts"]["count"], 1);
    let left = app.data("{ alerts { nodes { id } } }", Json::Null).await;
    assert_eq!(left["alerts"]["nodes"], json!([{"id": "none"}, {"id": "x"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_json_a_value_is_its_name() {
    let app = app().await;
    let text = "mutation { createAlert(input: {id: \"x\", extra: {a: [nullable null nullX], trueish: trueish, b: true,
        nullish: {c: [[falsePositive]], d: [null, true, false, on]}, on: e1}}) { extra } }";
    let extra = json!({
        "a": ["nullable", null, "nullX"], "trueish": "trueish", "b": true,
        "nullish": {"c": [["falsePositive"]], "d": [null, true, false, "on"]}, "on": "e1",
    });
    assert_eq!(app.data(text, Json::Null).await["createAlert"]["extra"], extra);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_value_is_refused() {
    let app = app().await;
    app.data("mutation { createAlert(input: {id: \"x\", verdict: X}) { id } }", Json::Null).await;
    for value in
        ["true", "false", "nullabl", "Nullable", "nullXX", "\"X\"", "1", "[X]", "{}", "[X X]", "$X", "__X"]
    {
        refused(
            &app,
            &format!("{{ alerts(where: {{verdict: {{eq: {value}}}}}) {{ totalCount }} }}"),
            Json::Null,
        )
        .await;
        let text = format!("mutation {{ updateAlert(id: \"x\", set: {{verdict: {value}}}) {{ id }} }}");
        refused(&app, &text, Json::Null).await;
        let text = format!(
            "mutation {{ updateAlert(id: \"x\", set: {{part: {{verdicts: [X, {value}]}}}}) {{ id }} }}"
        );
        refused(&app, &text, Json::Null).await;
    }
    for list in ["[null]", "[X null]", "[true]", "[X trueish null]"] {
        let text = format!("mutation {{ updateAlert(id: \"x\", set: {{verdicts: {list}}}) {{ id }} }}");
        refused(&app, &text, Json::Null).await;
    }
    for value in [json!("nulla"), json!("null"), json!(true), json!(["X", "X"]), json!({"X": 1}), json!("X ")]
    {
        let text = "mutation($v: Verdict) { updateAlert(id: \"x\", set: {verdict: $v}) { id } }";
        refused(&app, text, json!({ "v": value })).await;
    }
    let seen = app.data("{ alert(id: \"x\") { verdict verdicts part { verdict } } }", Json::Null).await;
    assert_eq!(seen["alert"], json!({"verdict": "X", "verdicts": null, "part": null}));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_name_names_operations_variables_aliases_and_fragments() {
    let app = app().await;
    for name in VALUES.iter().copied().chain(["null", "true", "false"]) {
        let fragment = if name == "on" { "only" } else { name };
        let text = format!(
            "query {name}(${name}: Int = 1) {{ {name}: alerts(first: ${name}) {{ {name}: totalCount ...{fragment} }} }}
             fragment {fragment} on AlertConnection {{ {name}{name}: __typename }}"
        );
        let mut list = json!({ name: 0 });
        list[format!("{name}{name}")] = json!("AlertConnection");
        assert_eq!(app.data(&text, json!({ name: 3 })).await, json!({ name: list }), "{text}");
    }
    refused(&app, "{ ...on } fragment on on Query { __typename }", Json::Null).await;
}

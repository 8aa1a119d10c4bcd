//! That every panel of the dashboard asks for metrics, labels and label values that a server has.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::support::app::{CacheKind, StoreKind, TestApp};
use super::support::promql::{self, Asked};
use super::support::scrape::Scrape;

const SDL: &str = "type Book @collection { id: ID! isbn: String! @unique title: String! price: Int! }";

/// Labels that Prometheus adds to every series.
const ADDED: [&str; 2] = ["instance", "job"];

fn dashboard() -> Json {
    let text = include_str!("../../infra/grafana/dashboards/oponn.json");
    serde_json::from_str(text).expect("the dashboard is JSON")
}

/// The panels that show something.
fn panels(dashboard: &Json) -> impl Iterator<Item = &Json> {
    dashboard["panels"].as_array().expect("panels").iter().filter(|panel| panel["type"] != "row")
}

/// A server that has had every kind of request.
async fn busy() -> TestApp {
    let app = TestApp::with(SDL).on(StoreKind::Sqlite, CacheKind::Redis).start().await;
    let create = "mutation($i: BookInput!) { createBook(input: $i) { id } }";
    app.data(create, json!({ "i": { "isbn": "1", "title": "a", "price": 1 } })).await;
    app.data("{ books { nodes { title } } }", Json::Null).await;
    app.data("mutation { updateBooks(where: {}, all: true, set: {price: 2}) { count } }", Json::Null).await;
    app.query("{ nothing }", Json::Null).await;
    app.engine.metrics().event_sink("hook");
    app.engine.metrics().event_backlog("hook", 0, 0, 0.0);
    app
}

/// What an expression asks for and the server does not have.
fn missing(expression: &str, scrape: &Scrape) -> Vec<String> {
    let Asked { selectors, grouped } = promql::asked(expression).expect(expression);
    let mut missing = Vec::new();
    let mut labels: BTreeSet<String> = ADDED.map(Into::into).into();
    for selector in &selectors {
        let Some(found) = scrape.labels_of(&selector.metric) else {
            missing.push(format!("the metric {}", selector.metric));
            continue;
        };
        for (label, values) in &selector.matchers {
            match found.get(label) {
                Some(known) => missing.extend(
                    values
                        .iter()
                        .filter(|value| !known.contains(*value))
                        .map(|value| format!("{label}={value:?} of {}", selector.metric)),
                ),
                None if ADDED.contains(&label.as_str()) => {}
                None => missing.push(format!("the label {label} of {}", selector.metric)),
            }
        }
        labels.extend(found.into_keys());
    }
    missing.extend(grouped.difference(&labels).map(|label| format!("a label {label} to group by")));
    missing
}

#[tokio::test]
async fn every_panel_asks_for_what_there_is() {
    let app = busy().await;
    let scrape = app.metrics().await;
    let dashboard = dashboard();
    let mut faults = Vec::new();
    for panel in panels(&dashboard) {
        let title = panel["title"].as_str().expect("a panel has a title");
        let targets = panel["targets"].as_array().expect("a panel has targets");
        assert!(!targets.is_empty(), "{title} shows nothing");
        for target in targets {
            let expression = target["expr"].as_str().expect("a target has an expression");
            faults.extend(missing(expression, &scrape).into_iter().map(|what| format!("{title}: {what}")));
            // What a legend names must be left of the series.
            let grouped = promql::asked(expression).expect(expression).grouped;
            let legend = target["legendFormat"].as_str().unwrap_or_default();
            let named = legend.split("{{").skip(1).filter_map(|part| Some(part.split_once("}}")?.0));
            let lost = named.filter(|label| !grouped.contains(*label));
            faults.extend(lost.map(|label| format!("{title}: the legend's {label} is not grouped by")));
        }
    }
    for variable in dashboard["templating"]["list"].as_array().expect("variables") {
        let query = variable["query"]["query"].as_str();
        let Some((metric, label)) =
            query.and_then(|query| query.strip_prefix("label_values(")?.strip_suffix(')')?.split_once(", "))
        else {
            assert_eq!(variable["type"], "datasource", "{variable}");
            continue;
        };
        assert!(scrape.labels_of(metric).is_some() && ADDED.contains(&label), "{query:?}");
    }
    assert!(
        faults.is_empty(),
        "the dashboard asks for what the server does not have:\n{}",
        faults.join("\n")
    );
}

#[tokio::test]
async fn every_metric_is_on_the_dashboard() {
    let app = busy().await;
    let scrape = app.metrics().await;
    let dashboard = dashboard();
    let mut shown = BTreeSet::new();
    for target in panels(&dashboard).flat_map(|panel| panel["targets"].as_array().into_iter().flatten()) {
        let expression = target["expr"].as_str().expect("a target has an expression");
        shown.extend(promql::asked(expression).expect(expression).selectors.into_iter().map(|it| it.metric));
    }
    let is_shown = |family: &&String| {
        ["", "_bucket", "_sum", "_count"].iter().any(|part| shown.contains(&format!("{family}{part}")))
    };
    let hidden: Vec<&String> = scrape.families().filter(|family| !is_shown(family)).collect();
    assert!(hidden.is_empty(), "{hidden:?} are on no panel");
}

#[test]
fn panels_stand_beside_each_other() {
    let dashboard = dashboard();
    let all = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<u64> = all.iter().filter_map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), all.len(), "each panel has an id of its own");
    let mut taken = BTreeSet::new();
    for panel in all {
        let at = |name: &str| panel["gridPos"][name].as_u64().expect("a place");
        let (x, y, w, h) = (at("x"), at("y"), at("w"), at("h"));
        assert!(x + w <= 24, "{} is too far to the right", panel["title"]);
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(taken.insert(cell), "{} covers another panel", panel["title"]);
        }
        if panel["type"] != "row" {
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
        }
    }
}

#[tokio::test]
async fn what_is_missing_is_found() {
    let scrape = busy().await.metrics().await;
    for (expression, what) in [
        ("rate(oponn_gone_total[5m])", "the metric oponn_gone_total"),
        ("oponn_http_in_flight{colour=\"red\"}", "the label colour of oponn_http_in_flight"),
        (
            "oponn_cache_reads_total{kind=\"batch\",result=~\"hit|lucky\"}",
            "result=\"lucky\" of oponn_cache_reads_total",
        ),
        ("sum by (kind, colour) (oponn_cache_reads_total)", "a label colour to group by"),
        ("a_b / (c_d)", "the metric a_b"),
    ] {
        assert!(missing(expression, &scrape).contains(&what.to_owned()), "{expression}");
    }
    let fine = "histogram_quantile(0.5, sum by (le) (rate(oponn_graphql_request_seconds_bucket{kind=\"query\"}[5m])))";
    assert!(missing(fine, &scrape).is_empty());
}

//! Visits of users to sites, and every figure about them.

use oponn::engine::Clock;
use serde_json::{Map, Value as Json, json};

use crate::support::app::TestApp;

const SDL: &str = r#"
type Visit @collection @partition(by: ["user"], max: MAX) EXPIRY {
  id: ID! @id(as: STRING, client: true)
  user: String
  site: Int
  at: DateTime
  seen: DateTime
  page: String
  size: Int
  far: Long
  weight: Float
  price: Decimal
  day: Date
  done: Boolean
  kind: Kind
}

enum Kind { SHORT LONG }

type Recent @rollup(of: "Visit", by: ["user"], window: {field: "at", last: "1h"}, timeZone: "Asia/Kolkata") { FIGURES }

type All @rollup(of: "Visit", by: ["site", "user"]) { site: Int FIGURES }
"#;

const FIGURES: &str = r#"
  user: String!
  rows: Int! @count
  pages: Int! @countDistinct(field: "page")
  sizes: Long! @countDistinct(field: "size")
  seconds: Int! @countDistinct(field: "at", unit: SECOND)
  minutes: Int! @countDistinct(field: "at", unit: MINUTE)
  hours: Int! @countDistinct(field: "at", unit: HOUR)
  days: Int! @countDistinct(field: "seen", unit: DAY)
  weeks: Int! @countDistinct(field: "seen", unit: WEEK)
  months: Int! @countDistinct(field: "seen", unit: MONTH)
  years: Int! @countDistinct(field: "seen", unit: YEAR)
  size: Long! @sum
  far: Long! @sum
  weight: Float! @sum
  price: Decimal! @sum
  smallest: Int @min(field: "size")
  lightest: Float @min(field: "weight")
  cheapest: Decimal @min(field: "price")
  first: DateTime @min(field: "at")
  alpha: String @min(field: "page")
  farthest: Long @max(field: "far")
  latest: Date @max(field: "day")
  kind: Kind @max(field: "kind")
  meanSize: Float @avg(field: "size")
  meanWeight: Float @avg(field: "weight")
  meanPrice: Decimal @avg(field: "price")
  page: String @mode
  done: Boolean @mode
  usual: Int @mode(field: "size")
  spent: Int! @sessions(field: "at", gap: "10m")
  spentSeconds: Long! @sessions(field: "seen", gap: "36h", unit: SECOND)
"#;

/// The schema, with partitions of so many documents.
pub fn sdl(max: usize, expires: bool) -> String {
    let expiry = if expires { "@ttl(field: \"at\", after: \"2h\")" } else { "" };
    SDL.replace("FIGURES", FIGURES).replace("MAX", &max.to_string()).replace("EXPIRY", expiry)
}

/// Names of the figures.
pub fn figures() -> String {
    FIGURES.lines().filter_map(|line| line.split(':').next()).collect::<Vec<_>>().join(" ")
}

/// A moment some milliseconds after now.
pub fn moment(clock: &Clock, millis: i64) -> String {
    let moment = bson::DateTime::from_millis(clock.now() + millis);
    moment.try_to_rfc3339_string().expect("it is a moment of our time")
}

/// Makes a visit.
pub async fn visit(app: &TestApp, id: &str, values: Json) {
    let mut input: Map<String, Json> = values.as_object().cloned().unwrap_or_default();
    input.insert("id".to_owned(), json!(id));
    let text = "mutation($input: VisitInput!) { createVisit(input: $input) { id } }";
    app.data(text, json!({ "input": input })).await;
}

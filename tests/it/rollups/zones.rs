//! Days, hours and weeks in time zones, where clocks are set forward and back.

use serde_json::json;

use crate::support::app::TestApp;

const SDL: &str = r#"
type Visit @collection @partition(by: ["user"]) {
  id: ID! @id(as: STRING, client: true)
  user: String!
  at: DateTime!
}
type InParis @rollup(of: "Visit", by: ["user"], timeZone: "Europe/Paris") { FIGURES }
type InKolkata @rollup(of: "Visit", by: ["user"], timeZone: "Asia/Kolkata") { FIGURES }
type InUtc @rollup(of: "Visit", by: ["user"]) { FIGURES }
"#;

const FIGURES: &str = r#"
  minutes: Int! @countDistinct(field: "at", unit: MINUTE)
  hours: Int! @countDistinct(field: "at", unit: HOUR)
  days: Int! @countDistinct(field: "at", unit: DAY)
  weeks: Int! @countDistinct(field: "at", unit: WEEK)
  years: Int! @countDistinct(field: "at", unit: YEAR)
"#;

#[tokio::test(flavor = "multi_thread")]
async fn times_are_those_of_the_time_zone() {
    let app = TestApp::with(&SDL.replace("FIGURES", FIGURES)).start().await;
    // Minutes, hours, days, weeks and years, in Paris, Kolkata and UTC.
    let cases = [
        (
            "midnight",
            &["2024-06-01T21:59:59.999Z", "2024-06-01T22:00:00Z"][..],
            [2, 2, 2, 1, 1],
            [2, 1, 1, 1, 1],
            [2, 2, 1, 1, 1],
        ),
        // 2:30 twice, once in summer time.
        (
            "back",
            &["2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z"],
            [2, 2, 1, 1, 1],
            [2, 2, 1, 1, 1],
            [2, 2, 1, 1, 1],
        ),
        (
            "forward",
            &["2024-03-31T00:59:00Z", "2024-03-31T01:00:00Z"],
            [2, 2, 1, 1, 1],
            [2, 1, 1, 1, 1],
            [2, 2, 1, 1, 1],
        ),
        (
            "week",
            &["2023-01-01T22:59:00Z", "2023-01-01T23:00:00Z"],
            [2, 2, 2, 2, 1],
            [2, 1, 1, 1, 1],
            [2, 2, 1, 1, 1],
        ),
        (
            "year",
            &["2024-12-31T18:29:59Z", "2024-12-31T18:30:00Z"],
            [2, 1, 1, 1, 1],
            [2, 2, 2, 1, 2],
            [2, 1, 1, 1, 1],
        ),
        (
            "before 1970",
            &["1969-12-31T23:59:59.500Z", "1970-01-01T00:00:00Z"],
            [2, 2, 1, 1, 1],
            [2, 1, 1, 1, 1],
            [2, 2, 2, 1, 2],
        ),
        (
            "ends of time",
            &["0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
            [2, 2, 2, 2, 2],
            [2, 2, 2, 2, 2],
            [2, 2, 2, 2, 2],
        ),
    ];
    for (user, moments, paris, kolkata, utc) in cases {
        for (number, at) in moments.iter().enumerate() {
            let input = json!({ "id": format!("{user} {number}"), "user": user, "at": at });
            app.data("mutation($i: VisitInput!) { createVisit(input: $i) { id } }", json!({ "i": input }))
                .await;
        }
        let figures = "{ minutes hours days weeks years }";
        let text = format!(
            "query($user: String!) {{ inParis(user: $user) {figures} inKolkata(user: $user) {figures} inUtc(user: $user) {figures} }}"
        );
        let data = app.data(&text, json!({ "user": user })).await;
        for (zone, expected) in [("inParis", paris), ("inKolkata", kolkata), ("inUtc", utc)] {
            let [minutes, hours, days, weeks, years] = expected;
            let expected =
                json!({ "minutes": minutes, "hours": hours, "days": days, "weeks": weeks, "years": years });
            assert_eq!(data[zone], expected, "{user}, {zone}");
        }
    }
}

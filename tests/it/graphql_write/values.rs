//! Values of every type come back exactly as they were written.

use serde_json::{Value as Json, json};

use super::{On, faults};

on_every_place!(
    decimals_are_exact,
    whole_numbers_are_exact,
    moments_and_days_are_exact,
    the_ends_of_time_are_like_other_moments,
    uuids_json_and_floats_are_exact,
    embedded_objects_and_lists_are_kept,
    values_of_other_types_are_refused,
    literals_and_variables_are_the_same,
);

const ALL: &str = r#"
enum Size { SMALL MEDIUM LARGE }

type Thing @collection {
  id: ID! @id(as: STRING, client: true)
  amount: Decimal  amounts: [Decimal!]
  big: Long        bigs: [Long]
  small: Int
  at: DateTime     day: Date
  token: UUID      any: JSON       ratio: Float   flag: Boolean
  size: Size       sizes: [Size!]
  text: String     texts: [String]
  address: Address addresses: [Address!]
}

type Address { street: String! zip: String lines: [String!] geo: Geo }
type Geo { lat: Float! lon: Float! amount: Decimal }
"#;

/// What fields read as after they were written, through the mutation's answer, the entity and a list.
async fn round_trip(on: On, fields: &str, cases: Vec<(Json, Json)>) {
    let app = on.app(ALL).await;
    for (index, (given, expected)) in cases.into_iter().enumerate() {
        let (id, mut input) = (format!("{index}"), given.clone());
        input["id"] = json!(id);
        let text = format!("mutation($input: ThingInput!) {{ createThing(input: $input) {{ {fields} }} }}");
        let made = app.data(&text, json!({"input": input})).await;
        assert_eq!(made["createThing"], expected, "{given}");
        // Once from the store and once from the cache.
        for _ in 0..2 {
            let text = format!(
                "query($id: ID!) {{ thing(id: $id) {{ {fields} }} things(where: {{id: {{eq: $id}}}}) {{ nodes {{ {fields} }} }} }}"
            );
            let read = app.data(&text, json!({"id": id})).await;
            assert_eq!((&read["thing"], &read["things"]["nodes"][0]), (&expected, &expected), "{given}");
        }
        let text = format!(
            "mutation($id: ID!, $set: ThingPatch!) {{ createThing(input: {{id: $id}}) {{ id }}
             updateThing(id: $id, set: $set) {{ {fields} }} }}"
        );
        let again = app.data(&text, json!({"id": format!("{index} again"), "set": given})).await;
        assert_eq!(again["updateThing"], expected, "{given}");
    }
}

fn raw(text: &str) -> Json {
    serde_json::from_str(text).expect("the test's JSON is well formed")
}

async fn decimals_are_exact(on: On) {
    let digits = "1234567890.123456789012345678901234";
    let long = "9999999999999999999999999999999999";
    let case = |given: Json, shown: &str| (json!({"amount": given}), json!({"amount": shown}));
    let cases = vec![
        case(json!(digits), digits),
        case(raw(digits), digits),
        case(json!(long), long),
        case(json!(format!("-0.{long}")), &format!("-0.{long}")),
        case(json!("12.50"), "12.50"),
        case(raw("12.50"), "12.50"),
        case(json!("0.1"), "0.1"),
        case(json!(0), "0"),
        case(json!("-0.00"), "-0.00"),
    ];
    round_trip(on, "amount", cases).await;
    let list = json!({"amounts": ["0.10", long, raw("0.3")]});
    round_trip(on, "amounts", vec![(list, json!({"amounts": ["0.10", long, "0.3"]}))]).await;
}

async fn whole_numbers_are_exact(on: On) {
    let cases = vec![
        (json!({"big": i64::MAX, "small": i32::MAX}), json!({"big": i64::MAX, "small": i32::MAX})),
        (json!({"big": i64::MIN, "small": i32::MIN}), json!({"big": i64::MIN, "small": i32::MIN})),
        (json!({"big": "9007199254740993"}), json!({"big": 9_007_199_254_740_993_i64, "small": null})),
        (json!({"big": 0, "small": 0}), json!({"big": 0, "small": 0})),
    ];
    round_trip(on, "big small", cases).await;
    let list = json!({"bigs": [1, null, i64::MIN]});
    round_trip(on, "bigs", vec![(list.clone(), list)]).await;
}

async fn moments_and_days_are_exact(on: On) {
    let at = |given: &str, shown: &str| (json!({"at": given}), json!({"at": shown, "day": null}));
    let day = |day: &str| (json!({"day": day}), json!({"at": null, "day": day}));
    let cases = vec![
        at("2026-01-31T09:30:00+05:45", "2026-01-31T03:45:00.000Z"),
        at("2026-01-01T00:30:00.5+02:00", "2025-12-31T22:30:00.500Z"),
        at("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
        at("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        at("9999-12-31T00:00:59.999-23:59", "9999-12-31T23:59:59.999Z"),
        at("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"),
        at("0000-01-01T23:59:00+23:59", "0000-01-01T00:00:00.000Z"),
        day("2024-02-29"),
        day("1600-01-01"),
        day("0000-01-01"),
        day("9999-12-31"),
    ];
    round_trip(on, "at day", cases).await;
}

/// What the first and the last moment and day are as an order, a bound, a default, a filter and a cursor.
async fn the_ends_of_time_are_like_other_moments(on: On) {
    let app = on
        .app(
            "type Span @collection {
               id: ID! @id(as: STRING, client: true)
               from: DateTime! @default(value: \"0000-01-01T00:00:00Z\")
               to: DateTime! @default(value: \"9999-12-31T22:59:59.999-01:00\")
                 @range(min: \"0000-01-01T00:00:00Z\", max: \"9999-12-31T23:59:59.999Z\")
               first: Date! @default(value: \"0000-01-01\")
               last: Date! @default(value: \"9999-12-31\") @range(min: \"0000-01-01\", max: \"9999-12-31\")
             }",
        )
        .await;
    let made = app
        .data("mutation { a: createSpan(input: {id: \"a\"}) { from to first last }
            b: createSpan(input: {id: \"b\", to: \"2026-01-01T00:00:00Z\", last: \"2026-01-01\"}) { id }
            c: createSpan(input: {id: \"c\", from: \"2026-01-01T00:00:00Z\", first: \"2026-01-01\"}) { id } }", Json::Null)
        .await;
    let whole = json!({"from": "0000-01-01T00:00:00.000Z", "to": "9999-12-31T23:59:59.999Z",
        "first": "0000-01-01", "last": "9999-12-31"});
    assert_eq!(made["a"], whole);
    for (filter, ids) in [
        ("to: {eq: \"9999-12-31T23:59:59.999Z\"}", vec!["a", "c"]),
        ("to: {lt: \"9999-12-31T23:59:59.999Z\"}", vec!["b"]),
        ("from: {gt: \"0000-01-01T00:00:00.000Z\"}", vec!["c"]),
        ("from: {in: [\"0000-01-01T00:00:00.000Z\"]}", vec!["a", "b"]),
        ("last: {gte: \"9999-12-31\"}", vec!["a", "c"]),
        ("first: {lte: \"0000-01-01\"}", vec!["a", "b"]),
    ] {
        let text = format!("{{ spans(where: {{{filter}}}) {{ nodes {{ id }} }} }}");
        let found = app.data(&text, Json::Null).await;
        let expected: Vec<Json> = ids.iter().map(|id| json!({"id": id})).collect();
        assert_eq!(found["spans"]["nodes"], json!(expected), "{filter}");
    }
    for direction in ["ASC", "DESC"] {
        let (mut seen, mut after) = (Vec::new(), Json::Null);
        loop {
            let text = format!(
                "query($after: String) {{ spans(first: 1, after: $after, orderBy: [
                 {{field: TO, direction: {direction}}}, {{field: FROM, direction: {direction}}}]) {{
                 nodes {{ id }} pageInfo {{ endCursor hasNextPage }} }} }}"
            );
            let page = app.data(&text, json!({ "after": after })).await;
            seen.extend(page["spans"]["nodes"][0]["id"].as_str().map(str::to_owned));
            after = page["spans"]["pageInfo"]["endCursor"].clone();
            if page["spans"]["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!(seen, if direction == "ASC" { ["b", "a", "c"] } else { ["c", "a", "b"] });
    }
    for (field, value) in [
        ("from", "0000-01-01T00:00:00+00:01"),
        ("from", "0000-01-01T00:00:00+23:59"),
        ("to", "9999-12-31T23:59:59-00:01"),
        ("to", "10000-01-01T00:00:00Z"),
        ("last", "10000-01-01"),
        ("first", "-0001-12-31"),
    ] {
        for text in [
            format!("mutation {{ updateSpan(id: \"a\", set: {{{field}: \"{value}\"}}) {{ id }} }}"),
            format!("{{ spans(where: {{{field}: {{eq: \"{value}\"}}}}) {{ totalCount }} }}"),
        ] {
            let refused = app.query(&text, Json::Null).await;
            assert!(refused["errors"].is_array(), "{text}: {refused}");
        }
    }
    let after = app.data("{ span(id: \"a\") { from to first last } }", Json::Null).await;
    assert_eq!(after["span"], whole);
}

async fn uuids_json_and_floats_are_exact(on: On) {
    let any = json!({"a": [1, 2.5, "x", null, true, {"b": {}}], "$c.d": -1, "": 4_294_967_296_i64});
    let fields = "token any ratio flag";
    let cases = vec![
        (
            json!({"token": "01890A5D-AC96-774B-BCCE-B302099A8057", "any": any, "ratio": 0.1, "flag": false}),
            json!({"token": "01890a5d-ac96-774b-bcce-b302099a8057", "any": any, "ratio": 0.1, "flag": false}),
        ),
        (json!({"any": []}), json!({"token": null, "any": [], "ratio": null, "flag": null})),
        (json!({"any": "text"}), json!({"token": null, "any": "text", "ratio": null, "flag": null})),
        (json!({"ratio": 5e-324}), json!({"token": null, "any": null, "ratio": 5e-324, "flag": null})),
        (json!({"ratio": 3}), json!({"token": null, "any": null, "ratio": 3.0, "flag": null})),
    ];
    round_trip(on, fields, cases).await;
}

async fn embedded_objects_and_lists_are_kept(on: On) {
    let fields =
        "size sizes texts address { street zip lines geo { lat lon amount } } addresses { street zip }";
    let nothing = json!({"size": null, "sizes": null, "texts": null, "address": null, "addresses": null});
    let with = |field: &str, value: Json| {
        let mut all = nothing.clone();
        all[field] = value;
        all
    };
    let full = json!({"street": "Straße 1", "zip": "1", "lines": ["a", ""], "geo": {"lat": 1.5, "lon": -0.5, "amount": "1.10"}});
    let bare = json!({"street": "", "zip": null, "lines": null, "geo": null});
    let cases = vec![
        (json!({}), nothing.clone()),
        (json!({"address": full}), with("address", full.clone())),
        (json!({"address": {"street": ""}}), with("address", bare)),
        (
            json!({"addresses": [{"street": "a"}, {"street": "b", "zip": "2"}]}),
            with("addresses", json!([{"street": "a", "zip": null}, {"street": "b", "zip": "2"}])),
        ),
        (json!({"addresses": []}), with("addresses", json!([]))),
        (json!({"texts": ["\u{0}", null, "𝄞 \"'"]}), with("texts", json!(["\u{0}", null, "𝄞 \"'"]))),
        (json!({"texts": "one"}), with("texts", json!(["one"]))),
        (json!({"size": "LARGE", "sizes": ["SMALL", "SMALL"]}), {
            let mut all = with("size", json!("LARGE"));
            all["sizes"] = json!(["SMALL", "SMALL"]);
            all
        }),
    ];
    round_trip(on, fields, cases).await;
}

async fn values_of_other_types_are_refused(on: On) {
    let app = on.app(ALL).await;
    let text = "mutation($input: ThingInput!) { createThing(input: $input) { id } }";
    for (field, value) in [
        ("amount", json!("12345678901234567890123456789012345")),
        ("amount", json!("NaN")),
        ("amount", json!("1,5")),
        ("big", raw("9223372036854775808")),
        ("big", json!(1.5)),
        ("small", json!(2_147_483_648_i64)),
        ("small", json!("1")),
        ("at", json!("2026-01-31T09:30:00")),
        ("at", json!("2026-02-30T09:30:00Z")),
        ("day", json!("2026-02-30")),
        ("day", json!("2026-01-31T00:00:00Z")),
        ("token", json!("x")),
        ("flag", json!("true")),
        ("size", json!("HUGE")),
        ("size", json!(1)),
        ("text", json!(1)),
        ("texts", json!([1])),
        ("sizes", json!([null])),
        ("address", json!({})),
        ("address", json!({"street": "a", "other": 1})),
        ("address", json!({"street": "a", "geo": {"lat": 1}})),
        ("addresses", json!([{"street": "a"}, null])),
        ("other", json!(1)),
    ] {
        let mut input = json!({});
        input[field] = value.clone();
        let refused = app.query(text, json!({"input": input})).await;
        assert_eq!(refused["errors"].as_array().map(Vec::len), Some(1), "{refused}");
        let extensions = &refused["errors"][0]["extensions"];
        assert_eq!(extensions["code"], "BAD_USER_INPUT", "{refused}");
        // What the API's types forbid is a fault of the variable, everything else one of the argument.
        let argument = &extensions["argument"];
        assert!(argument[0] == "$input" || argument[0] == "input", "{refused}");
        assert_eq!(argument[1], field, "{refused}");
    }
    let refused =
        app.query("mutation { createThing(input: {day: \"x\", amount: \"y\"}) { id } }", json!({})).await;
    let of = |field: &str| json!({"code": "BAD_USER_INPUT", "argument": ["input", field], "path": null});
    assert_eq!(faults(&refused), json!([of("day"), of("amount")]));
    assert_eq!(app.data("{ things { totalCount } }", json!({})).await["things"]["totalCount"], 0);
}

async fn literals_and_variables_are_the_same(on: On) {
    let app = on.app(ALL).await;
    let literal = r#"{amount: 1234567890.123456789012345678901234, amounts: ["1.10", 2, 0.3], big: 9223372036854775807,
        at: "2026-01-31T09:30:00+01:00", day: "2026-01-31", token: "01890a5d-ac96-774b-bcce-b302099a8057",
        any: {a: [1, {b: null}], c: LARGE, d: 1.5}, ratio: 1, flag: true, size: LARGE, sizes: SMALL, text: """
          a block
            of text
        """, address: {street: "s", geo: {lat: 1, lon: 2.5}}}"#;
    let fields =
        "amount amounts big at day token any ratio flag size sizes text address { street geo { lat lon } }";
    let made =
        app.data(&format!("mutation {{ createThing(input: {literal}) {{ {fields} }} }}"), json!({})).await;
    let expected = json!({
        "amount": "1234567890.123456789012345678901234", "amounts": ["1.10", "2", "0.3"], "big": i64::MAX,
        "at": "2026-01-31T08:30:00.000Z", "day": "2026-01-31", "token": "01890a5d-ac96-774b-bcce-b302099a8057",
        "any": {"a": [1, {"b": null}], "c": "LARGE", "d": 1.5}, "ratio": 1.0, "flag": true, "size": "LARGE",
        "sizes": ["SMALL"], "text": "a block\n  of text",
        "address": {"street": "s", "geo": {"lat": 1.0, "lon": 2.5}},
    });
    assert_eq!(made["createThing"], expected);
    let text = "mutation($amount: Decimal, $amounts: [Decimal!], $big: Long, $any: JSON, $size: Size, $lat: Float!, $none: String) {
         createThing(input: {amount: $amount, amounts: $amounts, big: $big, any: $any, size: $size, text: $none,
         address: {street: \"s\", geo: {lat: $lat, lon: 2.5}}}) { amount amounts big any size text address { street geo { lat lon } } } }";
    let variables = json!({
        "amount": raw("1234567890.123456789012345678901234"), "amounts": "1.10", "big": i64::MAX,
        "any": {"a": [1, {"b": null}]}, "size": "LARGE", "lat": 1,
    });
    let made = app.data(text, variables).await;
    let expected = json!({
        "amount": "1234567890.123456789012345678901234", "amounts": ["1.10"], "big": i64::MAX,
        "any": {"a": [1, {"b": null}]}, "size": "LARGE", "text": null,
        "address": {"street": "s", "geo": {"lat": 1.0, "lon": 2.5}},
    });
    assert_eq!(made["createThing"], expected);
}

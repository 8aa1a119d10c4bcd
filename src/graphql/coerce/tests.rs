//! Requests against a small schema.

use apollo_compiler::executable::{ExecutableDocument, Operation, Selection};
use serde_json::{Map, Value as Json, json};

use super::{Single, check, variables};
use crate::engine::input::sample;
use crate::graphql::resolve::Variables;
use crate::graphql::types::{self, Definition};
use crate::graphql::{ApiLimits, arguments};
use crate::schema::Surface;

fn api() -> Definition {
    types::build(&sample::model(), Surface::whole().into(), &ApiLimits::default())
        .expect("the sample is a valid model")
}

fn parse(api: &Definition, query: &str) -> ExecutableDocument {
    ExecutableDocument::parse(&api.schema, query, "query").expect("the test's query is well formed")
}

fn operation(document: &ExecutableDocument) -> &Operation {
    document.operations.get(None).expect("the test's query has one operation")
}

fn coerced(query: &str, given: Json) -> Result<Variables, Vec<String>> {
    coerced_with(query, given, Single::List)
}

fn coerced_with(query: &str, given: Json, single: Single) -> Result<Variables, Vec<String>> {
    let Json::Object(given) = given else { panic!("variables are an object") };
    let api = api();
    variables(&api.schema, operation(&parse(&api, query)), &given, single)
        .map_err(|faults| faults.into_iter().map(|fault| fault.message).collect())
}

fn one(ty: &str, given: Json) -> Result<Json, Vec<String>> {
    let query = format!("query ($v: {ty}) {{ __typename }}");
    coerced(&query, json!({ "v": given })).map(|values| values["v"].clone())
}

fn faults(query: &str) -> Vec<String> {
    let api = api();
    let document = parse(&api, query);
    check(&api.schema, &document, operation(&document)).into_iter().map(|fault| fault.message).collect()
}

/// The arguments of the first field.
fn arguments_of(query: &str, given: Json) -> Json {
    let api = api();
    let document = parse(&api, query);
    let operation = operation(&document);
    assert!(check(&api.schema, &document, operation).is_empty(), "{query}");
    let given: Map<String, Json> = given.as_object().cloned().unwrap_or_default();
    let variables =
        variables(&api.schema, operation, &given, Single::List).expect("the test's variables fit");
    let Selection::Field(field) = &operation.selection_set.selections[0] else { panic!("no field") };
    Json::Object(arguments::of_field(&api.schema, field, &variables))
}

#[test]
fn variables_are_brought_to_their_types() {
    for (ty, given, expected) in [
        ("Int", json!(2147483647), json!(2147483647)),
        ("ID", json!(7), json!(7)),
        ("ID", json!("7"), json!("7")),
        ("Int", json!(2.0), json!(2)),
        ("[Int!]", json!(1), json!([1])),
        ("[Int]", json!([1, null]), json!([1, null])),
        ("[Int]", json!(null), json!(null)),
        ("[[Int]]", json!([1, [2]]), json!([[1], [2]])),
        ("Size!", json!("LARGE"), json!("LARGE")),
        ("Decimal", json!(1), json!(1)),
        ("JSON", json!({"a": [{}]}), json!({"a": [{}]})),
        ("BookOrder", json!({"field": "TITLE"}), json!({"field": "TITLE", "direction": "ASC"})),
        ("BookWhere", json!({"and": {"id": {"in": "x"}}}), json!({"and": [{"id": {"in": ["x"]}}]})),
        ("BookPatch!", json!({"title": null}), json!({"title": null})),
    ] {
        assert_eq!(one(ty, given.clone()), Ok(expected), "{ty} {given}");
    }
}

#[test]
fn numbers_keep_their_text() {
    let given: Json = serde_json::from_str("0.1000000000000000000000000000001").expect("JSON");
    let value = one("Decimal", given).expect("a Decimal may be a number");
    assert_eq!(value.to_string(), "0.1000000000000000000000000000001");
    let literal = arguments_of(
        "{ books(where: {price: {eq: 0.1000000000000000000000000000001}}) { totalCount } }",
        json!({}),
    );
    assert_eq!(literal["where"]["price"]["eq"].to_string(), "0.1000000000000000000000000000001");
}

#[test]
fn variables_of_other_types_are_refused_with_their_place() {
    for (ty, given, message) in [
        ("Int", json!(2147483648_i64), "$v: expected a value of the type Int, got 2147483648"),
        ("Int", json!(1.5), "$v: expected a value of the type Int, got 1.5"),
        ("Int", json!("1"), "$v: expected a value of the type Int, got \"1\""),
        ("Int!", json!(null), "$v: expected a value of the type Int, got null"),
        ("String", json!(1), "$v: expected a value of the type String, got 1"),
        ("Boolean", json!("true"), "$v: expected a value of the type Boolean, got \"true\""),
        ("ID", json!(1.5), "$v: expected a value of the type ID, got 1.5"),
        ("Size", json!("HUGE"), "$v: expected a value of the type Size, got \"HUGE\""),
        ("[Int!]", json!([1, null]), "$v[1]: expected a value of the type Int, got null"),
        ("BookWhere", json!([]), "$v: expected a value of the type BookWhere, got a list"),
        ("BookWhere", json!({"no": 1}), "$v.no: the type BookWhere has no such field"),
        ("BookInput", json!({"title": "t"}), "$v.storeId: a value of the type ID! is required"),
        (
            "[BookOrder!]",
            json!([{"field": "X"}]),
            "$v[0].field: expected a value of the type BookOrderField, got \"X\"",
        ),
    ] {
        assert_eq!(one(ty, given.clone()), Err(vec![message.to_owned()]), "{ty} {given}");
    }
    let all = one("BookInput", json!({"isbn": 1, "title": 2, "tags": [3]}));
    assert_eq!(all.map_err(|faults| faults.len()), Err(4));
}

#[test]
fn single_values_can_be_refused_where_lists_are_expected() {
    for (ty, given, message) in [
        ("[Int!]", json!([1]), None),
        ("[Int]", json!(null), None),
        ("[Int]", json!([null]), None),
        ("[Int!]", json!(1), Some("$v: expected a list, got 1")),
        ("[[Int]]", json!([[1], 2]), Some("$v[1]: expected a list, got 2")),
        ("BookWhere", json!({"and": {"id": {}}}), Some("$v.and: expected a list, got an object")),
        ("BookWhere", json!({"id": {"in": "x"}}), Some("$v.id.in: expected a list, got \"x\"")),
        ("JSON", json!("x"), None),
    ] {
        let query = format!("query ($v: {ty}) {{ __typename }}");
        let coerced = coerced_with(&query, json!({ "v": given }), Single::Fault);
        let expected = message.map_or_else(|| Ok(given.clone()), |message| Err(vec![message.to_owned()]));
        assert_eq!(coerced.map(|values| values["v"].clone()), expected, "{ty} {given}");
    }
    // Defaults are the operation's own.
    let values = coerced_with("query ($v: [Int] = 1) { __typename }", json!({}), Single::Fault);
    assert_eq!(values.map(|values| values["v"].clone()), Ok(json!([1])));
}

#[test]
fn defaults_stand_for_variables_that_are_not_given() {
    let query = "query ($a: Int! = 3, $b: [Size] = SMALL, $c: Int, $d: Int = 4) { __typename }";
    let values = coerced(query, json!({"d": null, "other": 1})).expect("nothing is required");
    let mut values: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    values.sort_by_key(|(name, _)| *name);
    assert_eq!(values, [("a", json!(3)), ("b", json!(["SMALL"])), ("d", json!(null))]);
    let missing = coerced("query ($a: Int!, $b: Int!) { __typename }", json!({"b": null}));
    let expected =
        ["$a: a value of the type Int! is required", "$b: expected a value of the type Int, got null"];
    assert_eq!(missing, Err(expected.map(str::to_owned).into()));
}

#[test]
fn variables_stand_only_where_they_fit() {
    for (query, message) in [
        (
            "query ($n: String) { books(first: $n) { totalCount } }",
            "first: the variable $n of the type String cannot stand for a value of the type Int",
        ),
        (
            "query ($id: ID) { book(id: $id) { id } }",
            "id: the variable $id of the type ID cannot stand for a value of the type ID!",
        ),
        (
            "query ($id: ID) { books(where: {id: {in: $id}}) { totalCount } }",
            "where.id.in: the variable $id of the type ID cannot stand for a value of the type [ID]",
        ),
        (
            "query ($o: BookOrder) { books(orderBy: [$o]) { totalCount } }",
            "orderBy[0]: the variable $o of the type BookOrder cannot stand for a value of the type BookOrder!",
        ),
        (
            "query ($if: Boolean) { books { totalCount @include(if: $if) } }",
            "if: the variable $if of the type Boolean cannot stand for a value of the type Boolean!",
        ),
        (
            "query ($n: String) { ...Books } fragment Books on Query { books(last: $n) { totalCount } }",
            "last: the variable $n of the type String cannot stand for a value of the type Int",
        ),
        (
            "query ($n: String) { fruits { nodes { ... on Apple { id } } } bookstore(id: 1) { books(first: $n) { totalCount } } }",
            "first: the variable $n of the type String cannot stand for a value of the type Int",
        ),
    ] {
        assert_eq!(faults(query), [message], "{query}");
    }
}

#[test]
fn variables_that_fit_are_accepted_here_and_by_the_validator() {
    let api = api();
    for query in [
        "query ($ids: [ID!]!) { books(where: {id: {in: $ids}}) { totalCount } }",
        "query ($d: Direction) { books(orderBy: {field: TITLE, direction: $d}) { totalCount } }",
        "query ($id: ID = 1) { book(id: $id) { id } }",
        "query ($x: Int!) { books(where: {extra: {exists: true}, pages: {eq: $x, in: [$x, 2]}}) { totalCount } }",
    ] {
        assert_eq!(faults(query), [""; 0], "{query}");
        assert!(parse(&api, query).validate(&api.schema).is_ok(), "{query}");
    }
}

#[test]
fn literals_are_checked_also_beside_variables() {
    for (query, message) in [
        (
            "query ($t: String) { books(where: {title: {eq: $t}, pages: {gt: \"1\"}}) { totalCount } }",
            "where.pages.gt: expected a value of the type Int, got \"1\"",
        ),
        (
            "query ($t: String) { books(where: {title: {eq: $t}, no: 1}) { totalCount } }",
            "where.no: the type BookWhere has no such field",
        ),
        (
            "{ books(first: 2147483648) { totalCount } }",
            "first: expected a value of the type Int, got 2147483648",
        ),
        (
            "{ books(orderBy: {field: \"TITLE\"}) { totalCount } }",
            "orderBy.field: expected a value of the type BookOrderField, got \"TITLE\"",
        ),
        (
            "query ($d: Direction!) { books(orderBy: [{direction: $d}]) { totalCount } }",
            "orderBy[0].field: a value of the type BookOrderField! is required",
        ),
        (
            "{ books(where: {and: [null]}) { totalCount } }",
            "where.and[0]: expected a value of the type BookWhere, got null",
        ),
        (
            "query ($a: Int = 99999999999) { __typename }",
            "$a: expected a value of the type Int, got 99999999999",
        ),
        ("{ book(id: 1.5) { id } }", "id: expected a value of the type ID, got 1.5"),
    ] {
        assert_eq!(faults(query), [message], "{query}");
    }
}

#[test]
fn arguments_hold_what_was_meant() {
    for (query, given, expected) in [
        ("{ books { totalCount } }", json!({}), json!({})),
        (
            "{ books(orderBy: {field: TITLE}, first: 3, after: null) { totalCount } }",
            json!({}),
            json!({"orderBy": [{"field": "TITLE", "direction": "ASC"}], "first": 3, "after": null}),
        ),
        (
            "query ($w: BookWhere, $n: Int) { books(where: $w, first: $n) { totalCount } }",
            json!({"w": {"title": {"eq": "x"}}}),
            json!({"where": {"title": {"eq": "x"}}}),
        ),
        (
            "query ($t: String, $n: Int) { books(where: {title: {eq: $t, ne: \"a\"}, pages: {in: [1, $n]}}) { totalCount } }",
            json!({}),
            json!({"where": {"title": {"ne": "a"}, "pages": {"in": [1, null]}}}),
        ),
        (
            "query ($d: Direction) { books(orderBy: {field: TITLE, direction: $d}) { totalCount } }",
            json!({"d": null}),
            json!({"orderBy": [{"field": "TITLE", "direction": null}]}),
        ),
        (
            "query ($ids: [ID!] = 5) { books(where: {id: {in: $ids}}) { totalCount } }",
            json!({}),
            json!({"where": {"id": {"in": [5]}}}),
        ),
    ] {
        assert_eq!(arguments_of(query, given), expected, "{query}");
    }
}

#[test]
fn json_literals_may_hold_anything() {
    let api = api();
    let query = "mutation ($a: Int, $b: Int) { createBook(input: {extra: {list: [1, $a, {e: SOME}], gone: $b, \
                 text: \"t\", yes: true}}) { id } }";
    let document = parse(&api, query);
    let Selection::Field(field) = &operation(&document).selection_set.selections[0] else { panic!() };
    let variables = Variables::from([(apollo_compiler::Name::new_static_unchecked("a"), json!(7))]);
    let value = arguments::of_field(&api.schema, field, &variables);
    let expected = json!({"list": [1, 7, {"e": "SOME"}], "text": "t", "yes": true});
    assert_eq!(value["input"]["extra"], expected);
}

#[test]
fn input_fields_stand_once() {
    for (query, message) in [
        (
            "{ books(where: {title: {eq: \"a\", eq: \"b\"}}) { totalCount } }",
            "where.title.eq: the field is given more than once",
        ),
        (
            "query ($w: BookWhere = {id: {}, id: {}}) { books(where: $w) { totalCount } }",
            "$w.id: the field is given more than once",
        ),
    ] {
        assert_eq!(faults(query), [message], "{query}");
    }
}

#[test]
fn scalars_of_the_api_are_judged_in_variables_and_literals() {
    for (ty, given) in [
        ("DateTime", json!("yesterday")),
        ("Date", json!("2026-02-30")),
        ("Decimal", json!("x")),
        ("Long", json!("1.5")),
        ("UUID", json!("")),
    ] {
        let message = one(ty, given.clone()).expect_err(ty).remove(0);
        assert!(message.starts_with("$v: expected a"), "{message}");
        let default = format!("query ($v: {ty} = {given}) {{ __typename }}");
        assert_eq!(faults(&default), [message], "{default}");
    }
}

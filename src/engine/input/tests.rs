//! Whole inputs against a small model.

use bson::{Bson, Document, doc};
use serde_json::{Map, Value as Json, json};

use super::{FilterLimits, create, filter, order, patch, sample, unique, unique_values, value};
use crate::engine::{InputFault, Step};
use crate::query::{Filter, Order};
use crate::store::Patch;

const STORE: &str = "65a1b2c3d4e5f60718293a4b";

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

/// Messages of the faults.
fn messages<T>(result: Result<T, Vec<InputFault>>) -> Result<T, Vec<String>> {
    result.map_err(|faults| faults.into_iter().map(|fault| fault.message).collect())
}

fn created(ty: &str, input: Json) -> Result<Document, Vec<String>> {
    let model = sample::model();
    let collection = model.collection(ty).expect("the sample has the type");
    messages(create(&model, collection, &object(input)))
}

fn patched(ty: &str, set: Json) -> Result<Patch, Vec<String>> {
    let model = sample::model();
    let collection = model.collection(ty).expect("the sample has the type");
    messages(patch(&model, collection, &object(set)))
}

fn filtered(on: &str, given: Json) -> Result<Filter, Vec<String>> {
    messages(filter(&sample::model(), on, &given, &FilterLimits::default()))
}

/// The canonical form of a filter as JSON, in relaxed form.
fn canonical(on: &str, given: Json) -> Json {
    match filtered(on, given) {
        Ok(filter) => filter.canonical().to_json(),
        Err(faults) => panic!("{faults:?}"),
    }
}

fn ordered(on: &str, given: Json) -> Result<Order, Vec<String>> {
    messages(order(&sample::model(), on, &given))
}

fn oid() -> Bson {
    Bson::ObjectId(STORE.parse().expect("an ObjectId"))
}

#[test]
fn new_documents_have_stored_forms_and_defaults() {
    let book = created(
        "Book",
        json!({
            "isbn": "123", "title": "Emma", "price": "12.50", "tags": ["a"], "sold": "7", "extra": {"x": 1},
            "published": "1815-12-23", "source": "import", "storeId": STORE,
        }),
    );
    let published = bson::DateTime::parse_rfc3339_str("1815-12-23T00:00:00Z").expect("a moment");
    let price: bson::Decimal128 = "12.50".parse().expect("a decimal");
    let expected = doc! {
        "isbn": "123", "title": "Emma", "pages": 100, "price": price, "tags": ["a"], "sold": 7_i64,
        "extra": {"x": 1}, "published": published, "source": "import", "storeId": oid(),
    };
    assert_eq!(book, Ok(expected));
}

#[test]
fn absent_and_null_differ() {
    let book = created("Book", json!({"title": "Emma", "storeId": STORE, "isbn": null}));
    assert_eq!(book, Ok(doc! {"isbn": null, "title": "Emma", "pages": 100, "storeId": oid()}));
    let null = created("Book", json!({"title": null, "pages": null, "storeId": STORE}));
    assert_eq!(null, Err(vec!["title: must not be null".into(), "pages: must not be null".into()]));
}

#[test]
fn embedded_values_are_documents() {
    let bookstore = created("Bookstore", json!({"name": "A", "address": {"city": "Bath"}, "branches": []}));
    assert_eq!(bookstore, Ok(doc! {"name": "A", "address": {"city": "Bath", "zip": "0"}, "branches": []}));
    let faults = created(
        "Bookstore",
        json!({"name": "A", "address": 1, "branches": [{"city": "Bath", "lines": ["x", 2]}, null, {"street": "x"}]}),
    );
    let expected = [
        "address: expected an object of the type Address, got 1",
        "branches[0].lines[1]: expected a String, got 2",
        "branches[1]: must not be null",
        "branches[2].street: there is no such field; there are city, zip, lines",
        "branches[2].city: is required",
    ];
    assert_eq!(faults, Err(expected.map(str::to_owned).into()));
}

#[test]
fn all_faults_of_a_document_come_at_once() {
    let faults = created(
        "Book",
        json!({
            "id": "x", "isbn": "12", "title": "", "pages": 0, "price": 0.05, "tags": ["a", "b", "c"],
            "storeId": "x", "createdAt": "2026-01-01T00:00:00Z", "store": {}, "no": 1,
        }),
    );
    let expected = [
        "id: the server gives Books their ids, which do not change; leave it out",
        "store: give the other's id in storeId instead",
        "no: there is no such field; Book has isbn, title, pages, price, tags, sold, extra, published, source, \
         storeId, createdAt, version",
        "isbn: must match the pattern ^[0-9]{3}$, is \"12\"",
        "title: is too short: 0 characters of at least 1",
        "pages: must be at least 1, is 0",
        "price: must be at least 0.10, is 0.05",
        "tags: is too long: 3 items of at most 2",
        "storeId: expected an id of Bookstore, 24 hexadecimal digits, got \"x\"",
        "createdAt: is filled by the server; leave it out",
    ];
    assert_eq!(faults, Err(expected.map(str::to_owned).into()));
    let required = created("Book", json!({"pages": 5001}));
    let expected = ["title: is required", "pages: must be at most 5000, is 5001", "storeId: is required"];
    assert_eq!(required, Err(expected.map(str::to_owned).into()));
    let characters = created("Book", json!({"title": "ü".repeat(20), "storeId": STORE}));
    assert!(characters.is_ok(), "{characters:?}");
}

#[test]
fn ids_of_clients_are_left_to_the_engine() {
    let orange = created("Orange", json!({"id": "o1", "breed": "Navel", "size": "LARGE"}));
    assert_eq!(orange, Ok(doc! {"breed": "Navel", "size": "LARGE"}));
    let huge = created("Orange", json!({"breed": "Navel", "size": "HUGE"}));
    assert_eq!(huge, Err(vec!["size: expected a Size (SMALL, MEDIUM, LARGE), got \"HUGE\"".to_owned()]));
}

#[test]
fn patches_set_what_they_hold() {
    assert_eq!(patched("Book", json!({})), Ok(Patch::default()));
    let set = patched("Book", json!({"isbn": null, "pages": 3, "tags": []}));
    let expected = vec![
        ("isbn".to_owned(), Bson::Null),
        ("pages".to_owned(), Bson::Int32(3)),
        ("tags".to_owned(), Bson::Array(Vec::new())),
    ];
    assert_eq!(set, Ok(Patch { set: expected, unset: Vec::new() }));
    let faults = patched("Book", json!({"title": null, "version": 1, "id": "x", "no": 1, "pages": "1"}));
    let Err(faults) = faults else { panic!("{faults:?}") };
    let places: Vec<&str> = faults.iter().filter_map(|fault| fault.split(':').next()).collect();
    assert_eq!(places, ["title", "version", "id", "no", "pages"]);
    let books = patched("Bookstore", json!({"books": []}));
    let message = "books: cannot be written here; write storeId of the other documents instead";
    assert_eq!(books, Err(vec![message.to_owned()]));
}

#[test]
fn single_values_have_paths_from_within() {
    let model = sample::model();
    let tags = model.collection("Book").and_then(|book| book.field("tags")).expect("the sample has it");
    assert_eq!(value(&model, tags, &json!(["a"])), Ok(Bson::Array(vec!["a".into()])));
    let faults = value(&model, tags, &json!(["a", null])).expect_err("null is no tag");
    assert_eq!(faults, [InputFault { path: vec![Step::Index(1)], message: "[1]: must not be null".into() }]);
}

#[test]
fn filters_say_what_was_meant() {
    let regex = |text: &str, start, end, insensitive| {
        crate::query::Pattern::literal(text, start, end, insensitive).as_str().to_owned()
    };
    let number = |n: i32| json!({"$numberInt": n.to_string()});
    for (given, expected) in [
        (json!(null), json!({"and": []})),
        (json!({}), json!({"and": []})),
        (json!({"or": []}), json!({"or": []})),
        (json!({"title": {}}), json!({"and": []})),
        (json!({"title": {"eq": "a"}}), json!({"in": ["title", ["a"]]})),
        (json!({"isbn": {"eq": null}}), json!({"in": ["isbn", [null]]})),
        (json!({"isbn": {"ne": null}}), json!({"not": {"in": ["isbn", [null]]}})),
        (json!({"isbn": {"in": ["b", null, "a", "b"]}}), json!({"in": ["isbn", [null, "a", "b"]]})),
        (json!({"isbn": {"in": []}}), json!({"or": []})),
        (json!({"isbn": {"nin": []}}), json!({"and": []})),
        (json!({"pages": {"gte": 3}}), json!({"gte": ["pages", number(3)]})),
        (
            json!({"pages": {"gt": 1, "lt": 3}}),
            json!({"and": [{"gt": ["pages", number(1)]}, {"lt": ["pages", number(3)]}]}),
        ),
        (json!({"isbn": {"exists": false}}), json!({"not": {"exists": "isbn"}})),
        (json!({"extra": {"exists": true}}), json!({"exists": "extra"})),
        (
            json!({"title": {"startsWith": "a"}}),
            json!({"matches": ["title", regex("a", true, false, false)]}),
        ),
        (json!({"title": {"endsWith": "a"}}), json!({"matches": ["title", regex("a", false, true, false)]})),
        (json!({"title": {"contains": "."}}), json!({"matches": ["title", regex(".", false, false, false)]})),
        (
            json!({"title": {"eq": "a", "mode": "INSENSITIVE"}}),
            json!({"matches": ["title", regex("a", true, true, true)]}),
        ),
        (json!({"title": {"ne": null, "mode": "INSENSITIVE"}}), json!({"not": {"in": ["title", [null]]}})),
        (json!({"tags": {"has": "a"}}), json!({"hasAny": ["tags", ["a"]]})),
        (json!({"tags": {"hasAny": []}}), json!({"or": []})),
        (
            json!({"tags": {"hasAll": ["a", "b"]}}),
            json!({"and": [{"hasAny": ["tags", ["a"]]}, {"hasAny": ["tags", ["b"]]}]}),
        ),
        (json!({"tags": {"hasAll": []}}), json!({"and": []})),
        (json!({"tags": {"isEmpty": false}}), json!({"not": {"isEmpty": "tags"}})),
        (json!({"storeId": {"eq": STORE}}), json!({"in": ["storeId", [{"$oid": STORE}]]})),
        (json!({"not": {"not": {"pages": {"eq": 1}}}}), json!({"in": ["pages", [number(1)]]})),
        (
            json!({"and": [{"title": {"eq": "a"}}], "or": [{"pages": {"eq": 1}}]}),
            json!({"and": [{"in": ["pages", [number(1)]]}, {"in": ["title", ["a"]]}]}),
        ),
    ] {
        assert_eq!(canonical("Book", given.clone()), expected, "{given}");
    }
}

#[test]
fn filters_reach_into_embedded_values() {
    let city = json!({"in": ["address.city", ["Bath"]]});
    assert_eq!(canonical("Bookstore", json!({"address": {"city": {"eq": "Bath"}}})), city);
    let negated = canonical("Bookstore", json!({"address": {"not": {"city": {"eq": "Bath"}}}}));
    assert_eq!(negated, json!({ "not": city }));
    let some = canonical("Bookstore", json!({"branches": {"some": {"lines": {"has": "x"}}}}));
    assert_eq!(some, json!({"some": ["branches", {"hasAny": ["lines", ["x"]]}]}));
}

#[test]
fn ids_are_compared_as_their_type_stores_them() {
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    assert_eq!(filtered("Book", json!({"id": {"eq": id}})).map(|_| ()), Ok(()));
    assert_eq!(
        canonical("Bookstore", json!({"id": {"eq": STORE}})),
        json!({"in": ["_id", [{"$oid": STORE}]]})
    );
    assert_eq!(canonical("Fruit", json!({"id": {"in": [7]}})), json!({"in": ["_id", ["7"]]}));
    let message = "id.eq: expected an id of Bookstore, 24 hexadecimal digits, got \"7\"";
    assert_eq!(filtered("Bookstore", json!({"id": {"eq": "7"}})), Err(vec![message.to_owned()]));
}

#[test]
fn no_id_is_null() {
    let (all, none) = (json!({"and": []}), json!({"or": []}));
    for (given, expected) in [
        (json!({"eq": null}), &none),
        (json!({"ne": null}), &all),
        (json!({"in": [null]}), &none),
        (json!({"nin": [null]}), &all),
        (json!({"exists": true}), &all),
        (json!({"exists": false}), &none),
        (json!({"in": [null, STORE]}), &json!({"in": ["_id", [{"$oid": STORE}]]})),
    ] {
        assert_eq!(canonical("Bookstore", json!({ "id": given })), *expected, "{given}");
    }
}

#[test]
fn documents_without_a_version_have_version_zero() {
    let path = "_oponn.v";
    let number = |n: i32| json!({"$numberInt": n.to_string()});
    for (given, expected) in [
        (json!({"eq": 0}), json!({"in": [path, [null, number(0)]]})),
        (json!({"eq": 1}), json!({"in": [path, [number(1)]]})),
        (json!({"gt": 0}), json!({"gt": [path, number(0)]})),
        (json!({"gte": 0}), json!({"or": [{"gte": [path, number(0)]}, {"in": [path, [null]]}]})),
        (json!({"lt": 1}), json!({"or": [{"in": [path, [null]]}, {"lt": [path, number(1)]}]})),
        (json!({"exists": true}), json!({"and": []})),
    ] {
        assert_eq!(canonical("Book", json!({ "version": given })), expected);
    }
}

#[test]
fn wrong_filters_are_refused_with_their_places() {
    for (given, message) in [
        (json!([]), "expected an object of conditions, got a list"),
        (
            json!({"title": "a"}),
            "title: expected an object with operators (eq, ne, in, nin, lt, lte, gt, gte, exists, startsWith, endsWith, contains, matches, mode), got \"a\"",
        ),
        (
            json!({"title": null}),
            "title: expected an object with operators (eq, ne, in, nin, lt, lte, gt, gte, exists, startsWith, endsWith, contains, matches, mode), got null",
        ),
        (
            json!({"pages": {"contains": "a"}}),
            "pages.contains: there is no such operator here; there are eq, ne, in, nin, lt, lte, gt, gte, exists",
        ),
        (json!({"pages": {"lt": null}}), "pages.lt: must not be null; eq: null finds what has no value"),
        (json!({"tags": {"has": null}}), "tags.has: must not be null; eq: null finds what has no value"),
        (json!({"pages": {"in": 1}}), "pages.in: expected a list of values, got 1"),
        (json!({"isbn": {"exists": null}}), "isbn.exists: expected true or false, got null"),
        (json!({"title": {"contains": null}}), "title.contains: expected a String, got null"),
        (
            json!({"title": {"lt": "a", "mode": "INSENSITIVE"}}),
            "title.lt: cannot be used with mode: INSENSITIVE",
        ),
        (
            json!({"title": {"eq": "a", "mode": null}}),
            "title.mode: expected SENSITIVE or INSENSITIVE, got null",
        ),
        (json!({"and": {}}), "and: expected a list of filters, got an object"),
        (json!({"or": [{"and": [1]}]}), "or[0].and[0]: expected an object of conditions, got 1"),
        (
            json!({"title": {"contains": "x".repeat(1_001)}}),
            "title.contains: a text to search for may have 1000 characters",
        ),
        (json!({"pages": {"in": vec![1; 1_001]}}), "pages.in: may have 1000 values, has 1001"),
    ] {
        assert_eq!(filtered("Book", given.clone()), Err(vec![message.to_owned()]), "{given}");
    }
    let regex = filtered("Book", json!({"title": {"matches": "("}})).expect_err("no expression");
    assert!(regex[0].starts_with("title.matches: "), "{}", regex[0]);
    let unknown = filtered("Book", json!({"store": {}})).expect_err("relations have no filters");
    assert!(unknown[0].starts_with("store: nothing can be filtered by this"), "{}", unknown[0]);
    let several = filtered("Book", json!({"pages": {"in": [1, "2", 3, "4"]}, "title": {"eq": 1}}));
    assert_eq!(several.map_err(|faults| faults.len()), Err(3));
}

#[test]
fn filters_are_bounded() {
    let nested = |levels| (0..levels).fold(json!({}), |inner, _| json!({ "not": inner }));
    assert!(filtered("Book", nested(15)).is_ok());
    let deep = filtered("Book", nested(16)).expect_err("too deep");
    assert!(deep[0].ends_with("a filter may be 16 levels deep"), "{}", deep[0]);
    let wide = |parts: usize| json!({"or": vec![json!({"pages": {"eq": 1}}); parts]});
    assert!(filtered("Book", wide(2_000)).is_ok());
    let wide = filtered("Book", wide(2_001)).expect_err("too wide");
    assert!(
        wide[0].ends_with("the filters of an operation may have 4000 operators and values"),
        "{}",
        wide[0]
    );
}

#[test]
fn orders_name_fields_and_directions() {
    for (on, given, expected) in [
        ("Book", json!(null), json!([])),
        ("Book", json!([]), json!([])),
        ("Book", json!({"field": "PRICE"}), json!([["price", 1]])),
        (
            "Book",
            json!([{"field": "CREATED_AT", "direction": "DESC"}, {"field": "VERSION"}, {"field": "ID"}]),
            json!([["createdAt", -1], ["_oponn.v", 1]]),
        ),
        ("Bookstore", json!([{"field": "ADDRESS_CITY", "direction": "ASC"}]), json!([["address.city", 1]])),
        ("Fruit", json!([{"field": "SIZE"}]), json!([["size", 1]])),
    ] {
        assert_eq!(ordered(on, given.clone()).map(|order| order.to_json()), Ok(expected), "{given}");
    }
    for (given, message) in [
        (json!([1]), "[0]: expected an object with field and direction, got 1"),
        (json!([{"field": "SIZE", "direction": null}]), "[0].direction: expected ASC or DESC, got null"),
        (json!([{"direction": "ASC"}]), "[0].field: expected one of ID, BREED, SIZE, got null"),
        (json!([{"field": "SIZE", "by": 1}]), "[0].by: there is no such field; there are field, direction"),
        (json!(vec![json!({"field": "SIZE"}); 17]), "an order may have 16 parts, has 17"),
    ] {
        assert_eq!(ordered("Fruit", given), Err(vec![message.to_owned()]));
    }
}

#[test]
fn unique_keys_find_by_what_is_stored_beside() {
    let model = sample::model();
    let book = model.collection("Book").expect("the sample has it");
    let store = model.collection("Bookstore").expect("the sample has it");
    let isbn = book.uniques.iter().find(|key| key.name == "isbn").expect("the key is there");
    let both = book.uniques.iter().find(|key| key.name == "titleSold").expect("the key is there");
    assert_eq!(unique(&model, book, isbn, &[json!("123")]), Ok(Filter::eq("isbn", "123")));
    let title = Filter::eq("_oponn.u.titleSold.title", "emma");
    let sold = Filter::eq("_oponn.u.titleSold.sold", 7_i64);
    assert_eq!(unique(&model, book, both, &[json!("EMMA"), json!(7)]), Ok(title.and(sold)));
    let faults = messages(unique(&model, book, both, &[json!(null), json!("x")]));
    assert_eq!(faults.map_err(|faults| faults.len()), Err(2));
    let missing = messages(unique(&model, book, isbn, &[]));
    assert_eq!(missing, Err(vec!["isbn: documents without a value cannot be found by it".to_owned()]));

    let (name, title) = (Bson::from(" The SHOP "), Bson::Null);
    let values = unique_values(store, [("name", &name), ("address", &Bson::Null)]);
    assert_eq!(values, [("_oponn.u.name.name".to_owned(), Bson::from("the shop"))]);
    let values = unique_values(book, [("isbn", &name), ("title", &title)]);
    assert_eq!(values, [("_oponn.u.titleSold.title".to_owned(), Bson::Null)]);
}

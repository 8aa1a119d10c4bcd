//! Properties that hold between the parts: canonical filters, batch definitions, and where writers look.

use std::sync::Arc;

use bson::{Bson, DateTime, Document, doc};
use proptest::collection::{hash_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::schema::Ttl;
use crate::value::Doc;

fn scalars() -> impl Strategy<Value = Bson> {
    prop_oneof![
        (-1..2_i32).prop_map(Bson::Int32),
        (-1..2_i64).prop_map(Bson::Int64),
        select(vec![0.0, -0.0, 1.0, 0.5, f64::INFINITY]).prop_map(Bson::Double),
        select(vec!["1", "1.0", "0.5", "1E-20", "1E+3", "-0"])
            .prop_map(|text| Bson::Decimal128(text.parse().expect("a decimal"))),
        "[ab\0]{0,2}".prop_map(Bson::String),
        any::<bool>().prop_map(Bson::Boolean),
        Just(Bson::Null),
        (0..2_i64).prop_map(|n| Bson::DateTime(DateTime::from_millis(n))),
        (0..2_u8).prop_map(|n| crate::value::Id::Uuid(uuid::Uuid::from_bytes([n; 16])).to_bson()),
    ]
}

fn values() -> impl Strategy<Value = Bson> {
    let containers = prop_oneof![
        vec(scalars(), 0..3).prop_map(Bson::Array),
        option::of(scalars()).prop_map(|k| Bson::Document(k.map(|k| doc! { "k": k }).unwrap_or_default())),
        Just(Bson::Document(doc! { "$numberInt": "1" })),
        vec(scalars(), 0..3).prop_map(|ks| ks
            .into_iter()
            .map(|k| doc! { "k": k })
            .collect::<Vec<_>>()
            .into()),
    ];
    prop_oneof![4 => scalars(), 1 => containers]
}

fn documents() -> impl Strategy<Value = Document> {
    let field = || option::weighted(0.8, values());
    (field(), field(), field()).prop_map(|(a, b, d)| {
        let fields = [("a", a), ("b", b), ("d", d)].into_iter();
        let mut document = doc! { "_id": "x" };
        document.extend(fields.filter_map(|(name, value)| Some((name.to_owned(), value?))));
        document
    })
}

fn filters() -> impl Strategy<Value = Filter> {
    let path = || select(vec!["a", "b", "d.k", "d"]).prop_map(str::to_owned);
    let op = select(vec![CmpOp::Lt, CmpOp::Lte, CmpOp::Gt, CmpOp::Gte]);
    let leaf = prop_oneof![
        4 => (path(), vec(values(), 0..4)).prop_map(|(path, values)| Filter::In(path, values)),
        1 => (path(), op, scalars()).prop_map(|(path, op, value)| Filter::Cmp(path, op, value)),
        1 => path().prop_map(Filter::Exists),
        1 => path().prop_map(|path| Filter::Matches(path, Pattern::literal("a", true, false, true))),
        1 => (path(), vec(values(), 0..3)).prop_map(|(path, values)| Filter::HasAny(path, values)),
        1 => path().prop_map(Filter::IsEmpty),
        1 => vec(scalars(), 0..3)
            .prop_map(|values| Filter::Some("d".into(), Box::new(Filter::In("k".into(), values)))),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            1 => inner.clone().prop_map(|inner| Filter::Not(Box::new(inner))),
            3 => vec(inner.clone(), 0..4).prop_map(Filter::And),
            1 => vec(inner, 0..4).prop_map(Filter::Or),
        ]
    })
}

fn orders() -> impl Strategy<Value = Order> {
    let by = (select(vec!["a", "d.k", "_id"]), select(vec![Direction::Asc, Direction::Desc]));
    vec(by.prop_map(|(path, direction)| OrderBy { path: path.into(), direction }), 0..3).prop_map(Order::new)
}

fn definitions() -> impl Strategy<Value = BatchDef> {
    let rules = hash_map(select(vec!["T", "U"]).prop_map(Arc::from), filters(), 0..3);
    let expiry = (select(vec!["a", "d"]), 1..100_u64);
    let expiry = expiry.prop_map(|(field, seconds)| Expiry::of(&Ttl { field: field.into(), seconds }));
    let expiry = hash_map(select(vec!["T", "U"]).prop_map(Arc::from), expiry, 0..3);
    (filters(), rules, expiry, orders()).prop_map(|(filter, rules, expiry, order)| {
        let all = BatchDef::new("T".into(), vec!["T".into(), Arc::from("U")], filter, order);
        all.with_rules(rules.into_iter().collect()).with_expiry(expiry.into_iter().collect())
    })
}

/// The same filter in another order and with other nesting.
fn shuffled(filter: Filter) -> Filter {
    let turned = |parts: Vec<Filter>, junction: fn(Vec<Filter>) -> Filter| {
        let mut parts: Vec<Filter> = parts.into_iter().map(shuffled).rev().collect();
        let inner = parts.split_off(parts.len() / 2);
        let repeated = inner.first().cloned();
        parts.push(junction(inner));
        parts.extend(repeated);
        junction(parts)
    };
    match filter {
        Filter::And(parts) => turned(parts, Filter::And),
        Filter::Or(parts) => turned(parts, Filter::Or),
        Filter::Not(inner) => Filter::Not(Box::new(Filter::And(vec![shuffled(*inner)]))),
        Filter::In(path, mut values) => {
            values.reverse();
            values.extend(values.first().cloned());
            Filter::In(path, values)
        }
        Filter::HasAny(path, mut values) => {
            values.reverse();
            Filter::HasAny(path, values)
        }
        Filter::Some(path, inner) => Filter::Some(path, Box::new(shuffled(*inner))),
        leaf => Filter::Not(Box::new(Filter::Not(Box::new(leaf)))),
    }
}

fn encoded(document: &Document) -> Doc {
    Doc::encode(document).expect("the document can be encoded")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn canonical_filters_match_the_same_documents(filter in filters(), document in documents()) {
        let doc = encoded(&document);
        let canonical = filter.clone().canonical();
        prop_assert_eq!(matches(&canonical, doc.raw()), matches(&filter, doc.raw()));
        prop_assert_eq!(&canonical.clone().canonical(), &canonical);
    }

    #[test]
    fn filters_that_say_the_same_have_one_text(filter in filters()) {
        let text = |filter: Filter| filter.canonical().to_json().to_string();
        prop_assert_eq!(text(shuffled(filter.clone())), text(filter));
    }

    #[test]
    fn what_holds_before_a_change_is_what_a_filter_says_after_it(
        filter in filters(), document in documents(), mut change in documents(),
    ) {
        change.remove("_id");
        let mut changed = document.clone();
        changed.extend(change.clone());
        let holds = matches(&filter, encoded(&changed).raw());
        prop_assert_eq!(matches(&before(&filter, encoded(&change).raw()), encoded(&document).raw()), holds);
    }

    #[test]
    fn a_list_with_rules_has_the_documents_that_satisfy_both(definition in definitions(), document in documents()) {
        let doc = encoded(&document);
        for ty in ["T", "U"] {
            let listed = definition.row(ty, &doc).is_some();
            prop_assert_eq!(listed, matches(&definition.filter_of(ty), doc.raw()));
        }
    }

    #[test]
    fn definitions_are_read_back_from_their_text(definition in definitions()) {
        let text = definition.text();
        let back = BatchDef::parse(&text);
        prop_assert_eq!(back.as_ref().map(BatchDef::text), Some(text));
        prop_assert_eq!(back, Some(definition));
    }

    #[test]
    fn writers_find_every_batch_that_holds_a_document(
        definition in definitions(), documents in vec(documents(), 1..6),
    ) {
        let (shape, entries) = definition.entries();
        for document in documents {
            let doc = encoded(&document);
            if definition.row("T", &doc).is_some() {
                match shape.probe(&doc) {
                    Probe::Values(parts) => prop_assert!(
                        parts.iter().any(|part| entries.contains(part)),
                        "{:?} is not among {:?} for {}", parts, entries, document
                    ),
                    Probe::TooMany => {}
                }
            }
        }
    }
}

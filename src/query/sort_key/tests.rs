//! The encoding orders values as a slow comparison does, and gives them back.
use bigdecimal::BigDecimal;
use bson::oid::ObjectId;
use bson::{Binary, DateTime, Decimal128, Document, Timestamp, doc};
use proptest::prelude::*;

use super::*;
use crate::query::OrderBy;
use crate::value::Doc;

/// Finite numbers as decimals, which are slow and exact.
fn number(value: &Bson) -> Option<Result<BigDecimal, f64>> {
    Some(match value {
        Bson::Int32(n) => Ok((*n).into()),
        Bson::Int64(n) => Ok((*n).into()),
        Bson::Double(n) => BigDecimal::try_from(*n).map_err(|_| *n),
        Bson::Decimal128(n) => match n.to_string().as_str() {
            "NaN" => Err(f64::NAN),
            "Infinity" => Err(f64::INFINITY),
            "-Infinity" => Err(f64::NEG_INFINITY),
            finite => Ok(finite.parse().expect("a finite decimal")),
        },
        _ => return None,
    })
}

fn class(value: &Bson) -> u8 {
    match value {
        Bson::MinKey => 0,
        Bson::Undefined => 1,
        Bson::Null => 2,
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => 3,
        Bson::String(_) | Bson::Symbol(_) => 4,
        Bson::Document(_) => 5,
        Bson::Array(_) => 6,
        Bson::Binary(_) => 7,
        Bson::ObjectId(_) => 8,
        Bson::Boolean(_) => 9,
        Bson::DateTime(_) => 10,
        Bson::Timestamp(_) => 11,
        Bson::RegularExpression(_) => 12,
        _ => 13,
    }
}

/// MongoDB's comparison, written down as its documentation has it.
fn compare(a: &Bson, b: &Bson) -> Ordering {
    if let (Some(a), Some(b)) = (number(a), number(b)) {
        let place = |n: &Result<BigDecimal, f64>| match n {
            Err(n) if n.is_nan() => 0,
            Err(n) if *n < 0.0 => 1,
            Ok(_) => 2,
            Err(_) => 3,
        };
        return match (&a, &b) {
            (Ok(a), Ok(b)) => a.cmp(b),
            _ => place(&a).cmp(&place(&b)),
        };
    }
    match (a, b) {
        (Bson::String(a) | Bson::Symbol(a), Bson::String(b) | Bson::Symbol(b)) => a.cmp(b),
        (Bson::Document(a), Bson::Document(b)) => {
            let field = |(x, y): ((&String, &Bson), (&String, &Bson))| {
                class(x.1).cmp(&class(y.1)).then(x.0.cmp(y.0)).then_with(|| compare(x.1, y.1))
            };
            a.iter().zip(b).map(field).find(|order| order.is_ne()).unwrap_or(a.len().cmp(&b.len()))
        }
        (Bson::Array(a), Bson::Array(b)) => {
            let pairs = a.iter().zip(b).map(|(x, y)| compare(x, y));
            pairs.into_iter().find(|order| order.is_ne()).unwrap_or(a.len().cmp(&b.len()))
        }
        (Bson::Binary(a), Bson::Binary(b)) => {
            let key = |x: &Binary| (x.bytes.len(), u8::from(x.subtype), x.bytes.clone());
            key(a).cmp(&key(b))
        }
        (Bson::ObjectId(a), Bson::ObjectId(b)) => a.cmp(b),
        (Bson::Boolean(a), Bson::Boolean(b)) => a.cmp(b),
        (Bson::DateTime(a), Bson::DateTime(b)) => a.cmp(b),
        (Bson::Timestamp(a), Bson::Timestamp(b)) => (a.time, a.increment).cmp(&(b.time, b.increment)),
        _ => class(a).cmp(&class(b)),
    }
}

fn decimal(text: &str) -> Bson {
    Bson::Decimal128(text.parse::<Decimal128>().expect("a decimal"))
}

fn numbers() -> impl Strategy<Value = Bson> {
    let near = prop_oneof![Just(1_i64 << 53), Just(i64::MAX), Just(i64::MIN), Just(-(1_i64 << 53)), Just(0)];
    let awkward = [
        "0",
        "-0",
        "0.1",
        "-0.1",
        "1E-6176",
        "-1E-6176",
        "9.999999999999999999999999999999999E6144",
        "1E6144",
        "-9.999999999999999999999999999999999E6144",
        "NaN",
        "Infinity",
        "-Infinity",
        "9223372036854775807",
        "9223372036854775808",
        "9007199254740993",
        "4.9E-324",
        "1.797693134862315708E308",
        "10.0",
        "1E+1",
        "0.3000000000000000000000000000000000",
        "0.1000000000000000055511151231257827",
    ];
    let doubles = [
        0.0,
        -0.0,
        0.1,
        -0.1,
        0.5,
        1.0,
        10.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        -5e-324,
        9_007_199_254_740_992.0,
        9_223_372_036_854_775_808.0,
    ];
    prop_oneof![
        (-3..3_i32).prop_map(Bson::Int32),
        any::<i32>().prop_map(Bson::Int32),
        any::<i64>().prop_map(Bson::Int64),
        (near, -3..3_i64).prop_map(|(n, d)| Bson::Int64(n.saturating_add(d))),
        any::<f64>().prop_map(Bson::Double),
        (-30..30_i32).prop_map(|n| Bson::Double(f64::from(n) / 10.0)),
        prop::sample::select(doubles.to_vec()).prop_map(Bson::Double),
        (-400..400_i64, -3..2_i32).prop_map(|(c, e)| decimal(&format!("{c}E{e}"))),
        (any::<i64>(), -40..40_i32).prop_map(|(c, e)| decimal(&format!("{c}E{e}"))),
        (0..10_u128.pow(34), -6176..6111_i32).prop_map(|(c, e)| decimal(&format!("{c}E{e}"))),
        prop::sample::select(awkward.to_vec()).prop_map(decimal),
    ]
}

fn values() -> impl Strategy<Value = Bson> {
    let scalar = prop_oneof![
        4 => numbers(),
        3 => "[a\0\u{1}\u{ff}é😀]{0,3}".prop_map(Bson::String),
        1 => Just(Bson::Null),
        1 => prop_oneof![Just(Bson::MinKey), Just(Bson::MaxKey), Just(Bson::Undefined)],
        1 => any::<bool>().prop_map(Bson::Boolean),
        1 => any::<i64>().prop_map(|n| Bson::DateTime(DateTime::from_millis(n))),
        1 => any::<[u8; 12]>().prop_map(|b| Bson::ObjectId(ObjectId::from_bytes(b))),
        1 => (prop::collection::vec(any::<u8>(), 0..3), prop::sample::select(vec![0_u8, 4, 128]))
            .prop_map(|(bytes, subtype)| Bson::Binary(Binary { subtype: subtype.into(), bytes })),
        1 => (0..3_u32, any::<u32>())
            .prop_map(|(time, increment)| Bson::Timestamp(Timestamp { time, increment })),
    ];
    scalar.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Bson::Array),
            prop::collection::vec(("[ab]{0,2}", inner), 0..3)
                .prop_map(|fields| Bson::Document(fields.into_iter().collect())),
        ]
    })
}

fn complement(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

fn row(order: &Order, document: Document) -> SortKey {
    let doc = Doc::encode(&document).expect("the document can be encoded");
    row_key(order, "T", doc.raw()).expect("it has an id")
}

fn by(path: &str, direction: Direction) -> OrderBy {
    OrderBy { path: path.into(), direction }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn bytes_compare_as_values_do(a in values(), b in values()) {
        prop_assert_eq!(encode_value(&a).cmp(&encode_value(&b)), compare(&a, &b), "{} and {}", a, b);
    }

    #[test]
    fn numbers_compare_exactly(a in numbers(), b in numbers()) {
        prop_assert_eq!(encode_value(&a).cmp(&encode_value(&b)), compare(&a, &b), "{} and {}", a, b);
    }

    #[test]
    fn what_is_read_back_is_equal(value in values()) {
        let bytes = encode_value(&value);
        for flip in [false, true] {
            let mut key = if flip { complement(&bytes) } else { bytes.clone() };
            key.extend_from_slice(b"rest");
            let mut reader = Reader::new(&key);
            reader.flip(flip);
            let back = reader.value();
            prop_assert_eq!(back.as_ref().map(encode_value), Some(bytes.clone()), "{}", value);
            prop_assert_eq!(reader.rest(), b"rest");
            let mut skipping = Reader::new(&key);
            skipping.flip(flip);
            prop_assert!(skipping.skip().is_some());
            prop_assert_eq!(skipping.rest(), b"rest");
        }
    }

    #[test]
    fn concatenations_compare_part_by_part(
        a in (values(), values()), b in (values(), values()), down in (any::<bool>(), any::<bool>()),
    ) {
        let join = |(x, y): &(Bson, Bson)| {
            let part = |value: &Bson, down: bool| {
                let bytes = encode_value(value);
                if down { complement(&bytes) } else { bytes }
            };
            [part(x, down.0), part(y, down.1)].concat()
        };
        let turn = |order: Ordering, down: bool| if down { order.reverse() } else { order };
        let expected = turn(compare(&a.0, &b.0), down.0).then(turn(compare(&a.1, &b.1), down.1));
        prop_assert_eq!(join(&a).cmp(&join(&b)), expected);
    }

    #[test]
    fn hostile_bytes_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..40), prefix in values()) {
        let order = Order::new([by("a", Direction::Asc), by("b", Direction::Desc)]);
        let mut cut = encode_value(&prefix);
        cut.extend_from_slice(&bytes);
        for key in [SortKey(bytes), SortKey(cut)] {
            let _ = (key.entity(&order), key.row_ref(&order), key.bound(&order, "T", true));
        }
    }

    #[test]
    fn rows_know_their_document_and_place(a in values(), b in values(), up: bool) {
        let direction = if up { Direction::Asc } else { Direction::Desc };
        let order = Order::new([by("a", Direction::Asc), by("b.c", direction)]);
        let key = row(&order, doc! { "_id": "x\0y", "a": a, "b": { "c": b } });
        let entity = EntityRef { ty: "T".into(), id: Id::String("x\0y".into()) };
        prop_assert_eq!(key.entity(&order), Some(entity.clone()));
        let named = row_ref(&entity);
        prop_assert_eq!(key.row_ref(&order), Some(named.as_slice()));
        let bound = key.bound(&order, "T", true).expect("its own order");
        prop_assert_eq!(&bound.id, &entity.id);
        prop_assert!(!bound.inclusive);
        // In an array of its own, because a value that is an array sorts by its elements.
        let [a, c] = [0, 1].map(|part: usize| Bson::Array(vec![bound.values[part].clone()]));
        let again = doc! { "_id": "x\0y", "a": a, "b": { "c": c } };
        prop_assert_eq!(row(&order, again), key);
    }
}

#[test]
fn a_key_that_no_row_can_have_is_no_place() {
    let order = Order::new([by("_id", Direction::Desc)]);
    let [a, b] = ["a", "b"].map(|id| row(&order, doc! { "_id": id }));
    assert!(a.bound(&order, "T", true).is_some());
    // First the one id, then the other.
    let part = encode_value(&"a".into()).len();
    let both = SortKey([&a.0[..part], &b.0[part..]].concat());
    assert!(both.entity(&order).is_some());
    assert_eq!(both.bound(&order, "T", true), None);
    // A number that is written as one that is no double, and is one.
    let order = Order::new([by("n", Direction::Asc)]);
    let mut digits = row(&order, doc! { "_id": "a", "n": 1 }).0;
    assert_eq!(digits[9], 0);
    digits.splice(9..10, [1, 0x40, 0x01, 2, 0]);
    assert_eq!(SortKey(digits).bound(&order, "T", true), None);
}

#[test]
fn nesting_without_end_is_no_panic() {
    let key = SortKey(vec![layout::rank::ARRAY; 100_000]);
    assert_eq!(key.entity(&Order::new([by("a", Direction::Asc)])), None);
    let mut value = Bson::Array(Vec::new());
    for _ in 0..1_000 {
        value = Bson::Array(vec![value]);
    }
    assert!(encode_value(&value).len() < 1_000);
}

#[test]
fn arrays_sort_by_their_least_or_greatest_element() {
    let place =
        |direction, value: Bson| row(&Order::new([by("a", direction)]), doc! { "_id": 1, "a": value });
    let array = Bson::Array(vec![2.into(), 1.into(), 3.into()]);
    for (direction, edge) in [(Direction::Asc, 1), (Direction::Desc, 3)] {
        assert_eq!(place(direction, array.clone()), place(direction, edge.into()));
    }
    let empty = Bson::Array(Vec::new());
    assert!(place(Direction::Asc, empty.clone()) < place(Direction::Asc, Bson::Null));
    assert!(place(Direction::Desc, empty) > place(Direction::Desc, Bson::Null));
    let order = Order::new([by("a.b", Direction::Desc)]);
    let inner = doc! { "_id": 1, "a": [{ "b": 1 }, { "b": [5, 2] }, 9, {}] };
    assert_eq!(row(&order, inner), row(&order, doc! { "_id": 1, "a": { "b": 5 } }));
    assert_eq!(row(&order, doc! { "_id": 1, "a": [] }), row(&order, doc! { "_id": 1 }));
}

#[test]
fn types_decide_between_equal_ids() {
    let order = Order::new([by("a", Direction::Asc)]);
    let key = row(&order, doc! { "_id": 5, "a": 1 });
    let inclusive = |ty, after| key.bound(&order, ty, after).map(|bound| bound.inclusive);
    assert_eq!(inclusive("T", true), Some(false));
    assert_eq!(inclusive("T", false), Some(false));
    assert_eq!(inclusive("U", true), Some(true));
    assert_eq!(inclusive("U", false), Some(false));
    assert_eq!(inclusive("S", true), Some(false));
    assert_eq!(inclusive("S", false), Some(true));
}

#[test]
fn only_ids_that_can_be_addressed_have_rows() {
    for id in [Bson::Double(1.0), Bson::Null, Bson::Document(Document::new())] {
        let doc = Doc::encode(&doc! { "_id": id }).expect("the document can be encoded");
        assert_eq!(row_key(&Order::default(), "T", doc.raw()), None);
    }
    let key = row(&Order::default(), doc! { "_id": i64::MAX });
    assert_eq!(key.entity(&Order::default()).map(|entity| entity.id), Some(Id::Int(i64::MAX)));
    assert_eq!(row(&Order::default(), doc! { "_id": 7_i32 }), row(&Order::default(), doc! { "_id": 7_i64 }));
}

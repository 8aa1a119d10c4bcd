//! Random documents and queries. Values come from small pools, so that they often meet.

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, doc};
use oponn::query::{CmpOp, Direction, Filter, Order, OrderBy, Pattern, SortKey, row_key};
use oponn::store::Find;
use oponn::value::{Doc, Id};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Which values are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Values {
    /// Arrays at any path; otherwise nowhere.
    pub arrays: bool,
    /// Places in orders by a path that holds arrays, and such orders from their end.
    pub array_places: bool,
    /// Orders by a path through an array.
    pub orders_through_arrays: bool,
    /// Patterns of more than 1,000 bytes.
    pub long_patterns: bool,
}

impl Values {
    /// Everything.
    pub const ALL: Values =
        Values { arrays: true, array_places: true, orders_through_arrays: true, long_patterns: true };
    /// MongoDB orders an array by its least or its greatest element, according to the direction, but its
    /// filters see all of them, so that a place among arrays cannot be said in its query language, nor
    /// can such an order be turned round. The API has no orders by lists.
    ///
    /// An empty array within an array of documents sorts as undefined, before null, as an index key has
    /// it; the server that tests may run on takes it for null in an order through the outer array.
    ///
    /// MongoDB takes patterns of 32,764 bytes, but the server that tests may run on only 1,000.
    pub const MONGODB: Values =
        Values { array_places: false, orders_through_arrays: false, long_patterns: false, ..Values::ALL };
}

/// One query; its places are rows of documents of the set, as another type may have them.
#[derive(Clone, Debug)]
pub struct Query {
    filter: Filter,
    order: Order,
    after: Option<(prop::sample::Index, &'static str)>,
    before: Option<(prop::sample::Index, &'static str)>,
    from_end: bool,
    offset: u64,
    limit: u64,
}

impl Query {
    /// The query as stores take it.
    pub fn find(&self, docs: &[Doc]) -> Find {
        let bound = |key: Option<SortKey>, after| {
            key.map(|key| {
                key.bound(&self.order, "Thing", after).expect("a row's key is a place in its order")
            })
        };
        Find {
            ty: "Thing".into(),
            filter: self.filter.clone(),
            order: self.order.clone(),
            after: bound(self.after_key(docs), true),
            before: bound(self.before_key(docs), false),
            from_end: self.from_end,
            offset: self.offset,
            limit: self.limit,
        }
    }

    /// Rows beyond this key only.
    pub fn after_key(&self, docs: &[Doc]) -> Option<SortKey> {
        self.place(&self.after, docs)
    }

    /// Rows before this key only.
    pub fn before_key(&self, docs: &[Doc]) -> Option<SortKey> {
        self.place(&self.before, docs)
    }

    fn place(&self, place: &Option<(prop::sample::Index, &'static str)>, docs: &[Doc]) -> Option<SortKey> {
        let (index, ty) = place.as_ref()?;
        row_key(&self.order, ty, index.get(docs).raw())
    }
}

fn decimal(text: &str) -> Bson {
    Bson::Decimal128(text.parse().expect("a decimal"))
}

fn numbers() -> impl Strategy<Value = Bson> {
    prop_oneof![
        (-2..4_i32).prop_map(Bson::Int32),
        (-2..4_i64).prop_map(Bson::Int64),
        select(vec![0.0, -0.0, 0.1, 1.0, 2.5, -1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300])
            .prop_map(Bson::Double),
        select(vec![i64::MAX, i64::MIN, (1 << 53) + 1, 1 << 53]).prop_map(Bson::Int64),
        select(vec![
            "0.1",
            "1.0",
            "1",
            "2.50",
            "NaN",
            "-Infinity",
            "9007199254740993",
            "1E+3",
            "-0",
            "1E-30"
        ])
        .prop_map(decimal),
    ]
}

fn strings() -> impl Strategy<Value = String> {
    prop_oneof![
        "[abA]{0,2}",
        select(vec!["a\0b", "a\0", "a\u{1}", "é", "É", "straße", "STRASSE", "😀", "a.b", "a\nb", "\u{ffff}"])
            .prop_map(str::to_owned),
    ]
}

fn scalars() -> impl Strategy<Value = Bson> {
    prop_oneof![
        4 => numbers(),
        3 => strings().prop_map(Bson::String),
        1 => any::<bool>().prop_map(Bson::Boolean),
        1 => select(vec![-1, 0, 1_700_000_000_000]).prop_map(|n| Bson::DateTime(DateTime::from_millis(n))),
        1 => (0..3_u8).prop_map(|n| Bson::ObjectId(ObjectId::from_bytes([n; 12]))),
        1 => (0..3_u8).prop_map(|n| Id::Uuid(uuid::Uuid::from_bytes([n; 16])).to_bson()),
    ]
}

fn embedded(values: Values, depth: u32) -> BoxedStrategy<Bson> {
    let inner = anything(values, depth);
    (option::of(inner.clone()), option::of(inner))
        .prop_map(|(k, q)| {
            let fields = [("k", k), ("q", q)].into_iter();
            Bson::Document(fields.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
        })
        .boxed()
}

/// Any value, containers included.
fn anything(values: Values, depth: u32) -> BoxedStrategy<Bson> {
    let flat = prop_oneof![6 => scalars(), 1 => Just(Bson::Null)];
    if depth == 0 {
        return flat.boxed();
    }
    let embedded = embedded(values, depth - 1);
    if !values.arrays {
        return prop_oneof![6 => flat, 1 => embedded].boxed();
    }
    let list = vec(anything(values, depth - 1), 0..3).prop_map(Bson::Array);
    prop_oneof![6 => flat, 1 => embedded, 2 => list].boxed()
}

/// A set of documents with different ids.
pub fn documents(values: Values) -> BoxedStrategy<Vec<Document>> {
    let list = |depth| match values.arrays {
        true => vec(anything(values, depth), 0..4).prop_map(Bson::Array).boxed(),
        false => anything(values, depth),
    };
    let elements = match values.arrays {
        true => vec(prop_oneof![4 => embedded(values, 1), 1 => anything(values, 1)], 0..4)
            .prop_map(Bson::Array)
            .boxed(),
        false => embedded(values, 1),
    };
    let mostly = |usual: BoxedStrategy<Bson>| {
        prop_oneof![5 => usual.prop_map(Some), 1 => Just(Some(Bson::Null)), 1 => Just(None),
                    1 => anything(values, 2).prop_map(Some)]
    };
    let fields = (
        mostly(numbers().boxed()),
        mostly(strings().prop_map(Bson::String).boxed()),
        mostly(anything(values, 2)),
        mostly(list(1)),
        mostly(elements),
        mostly(anything(values, 1).prop_map(|x| Bson::Document(doc! { "x": x })).boxed()),
    );
    let document = fields.prop_map(|(n, s, v, l, e, d)| {
        let fields = [("n", n), ("s", s), ("v", v), ("l", l), ("e", e), ("d", d)].into_iter();
        fields.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<Document>()
    });
    vec(document, 10..25)
        .prop_map(|documents| {
            let identified = documents.into_iter().enumerate().map(|(n, fields)| {
                let id = match n % 4 {
                    0 => Bson::String(format!("id\0{n}")),
                    1 => Bson::Int64(n as i64 - 5),
                    2 => Bson::ObjectId(ObjectId::from_bytes([n as u8; 12])),
                    _ => Id::Uuid(uuid::Uuid::from_bytes([n as u8; 16])).to_bson(),
                };
                let mut document = doc! { "_id": id };
                document.extend(fields);
                document
            });
            identified.collect()
        })
        .boxed()
}

fn patterns(values: Values) -> impl Strategy<Value = Pattern> {
    let written = select(vec![
        ("a", false),
        ("^a", true),
        ("b$", false),
        ("[^a]", false),
        (".", false),
        ("^$", false),
        ("a.b", false),
        ("(?i)É|ß", false),
        (r"\d|a{2}", false),
        (r"^\w*$", false),
        ("(a|b)+A?", true),
        (r"\.", false),
    ])
    .prop_map(|(text, insensitive)| Pattern::regex(text, insensitive).expect("the pattern is valid"));
    let literal = (strings(), any::<[bool; 3]>())
        .prop_map(|(text, [start, end, loose])| Pattern::literal(&text, start, end, loose));
    let short = !values.long_patterns;
    prop_oneof![written, literal].prop_map(move |pattern| match short && pattern.as_str().len() > 1_000 {
        true => Pattern::literal("a", false, false, false),
        false => pattern,
    })
}

fn filters(values: Values, paths: Vec<&'static str>, nested: bool) -> BoxedStrategy<Filter> {
    let path = select(paths).prop_map(str::to_owned);
    let op = select(vec![CmpOp::Lt, CmpOp::Lte, CmpOp::Gt, CmpOp::Gte]);
    let some = match nested {
        true => (path.clone(), filters(values, vec!["k", "q", "k.q"], false))
            .prop_map(|(path, inner)| Filter::Some(path, Box::new(inner)))
            .boxed(),
        false => path.clone().prop_map(Filter::IsEmpty).boxed(),
    };
    let many = vec(anything(values, 1), 0..4);
    let leaf = prop_oneof![
        4 => (path.clone(), many.clone()).prop_map(|(path, values)| Filter::In(path, values)),
        4 => (path.clone(), op, scalars()).prop_map(|(path, op, value)| Filter::Cmp(path, op, value)),
        1 => path.clone().prop_map(Filter::Exists),
        2 => (path.clone(), patterns(values)).prop_map(|(path, pattern)| Filter::Matches(path, pattern)),
        1 => (path.clone(), many).prop_map(|(path, values)| Filter::HasAny(path, values)),
        1 => path.prop_map(Filter::IsEmpty),
        2 => some,
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Filter::Not(Box::new(inner))),
            vec(inner.clone(), 0..4).prop_map(Filter::And),
            vec(inner, 0..4).prop_map(Filter::Or),
        ]
    })
    .boxed()
}

/// A query.
pub fn query(values: Values) -> BoxedStrategy<Query> {
    let paths = vec!["n", "n", "s", "s", "v", "l", "e", "e.k", "e.q.k", "d", "d.x", "d.x.k", "_id", "zz"];
    let direction = select(vec![Direction::Asc, Direction::Desc]);
    let mut ordered = vec!["n", "s", "v", "d.x", "l", "_id", "zz"];
    if values.orders_through_arrays || !values.arrays {
        ordered.push("e.k");
    }
    let by = (select(ordered), direction)
        .prop_map(|(path, direction)| OrderBy { path: path.to_owned(), direction });
    let order = vec(by, 0..3).prop_map(Order::new);
    let place = || option::of((any::<prop::sample::Index>(), select(vec!["Thing", "Abc", "Zyx"])));
    let filter = prop_oneof![4 => filters(values, paths, true), 1 => Just(Filter::all())];
    (filter, order, place(), place(), any::<bool>(), 0..4_u64, prop_oneof![Just(1000_u64), 0..6_u64])
        .prop_map(move |(filter, order, after, before, from_end, offset, limit)| {
            let placed = values.array_places || !values.arrays || order.parts().is_empty();
            let (after, before) = if placed { (after, before) } else { (None, None) };
            let from_end = from_end && placed;
            Query { filter, order, after, before, from_end, offset, limit }
        })
        .boxed()
}

//! What only MongoDB can show: documents of other programs, indexes of operators, broken connections.

use std::sync::Arc;

use bson::{Bson, Document, doc};
use mongodb::Database;
use oponn::query::{CmpOp, Direction, Filter, Order, OrderBy};
use oponn::schema::{Model, Scalar};
use oponn::store::{Condition, Find, MongoStore, Patch, Store, StoreError, Write, Written};
use oponn::value::{Id, Time};

use crate::store_contract::models::{
    all, change, collection, fill, id, ids, insert, item, parsed, set, shop, unique, write_one,
};
use crate::support::proxy::Proxy;
use crate::support::services::MongoDatabase;

mod expiry;

/// A prepared store, and the driver's own view of its database.
async fn prepared(place: &MongoDatabase) -> (MongoStore, Database) {
    let store = open(&place.url()).await;
    store.prepare().await.expect("the store can be prepared");
    (store, raw(place).await)
}

async fn open(url: &str) -> MongoStore {
    MongoStore::connect(Arc::new(shop()), url).await.expect("the URL can be used")
}

async fn raw(place: &MongoDatabase) -> Database {
    let client = mongodb::Client::with_uri_str(place.url()).await.expect("the driver takes the URL");
    client.default_database().expect("the URL names a database")
}

async fn put(database: &Database, documents: impl IntoIterator<Item = Document>) {
    let items = database.collection::<Document>("items");
    items.insert_many(documents).await.expect("another program can insert");
}

#[tokio::test]
async fn a_collection_that_compares_text_in_its_own_way_is_refused() {
    for (locale, refused) in [("en", true), ("simple", false)] {
        let place = MongoDatabase::new();
        let database = raw(&place).await;
        let create = doc! { "create": "items", "collation": { "locale": locale } };
        database.run_command(create).await.expect("another program can create the collection");
        let prepared = open(&place.url()).await.prepare().await;
        match prepared {
            Err(StoreError::Refused(message)) => {
                assert!(refused && message.contains("`items`") && message.contains("(en)"), "{message}")
            }
            other => assert!(!refused, "{:?}", other.err()),
        }
    }
}

#[tokio::test]
async fn documents_of_other_programs_can_be_updated_and_deleted() {
    let place = MongoDatabase::new();
    let (store, database) = prepared(&place).await;
    let foreign = [
        Bson::Null,
        "text".into(),
        Bson::Array(vec![1.into(), doc! { "v": 5 }.into()]),
        doc! {}.into(),
        doc! { "v": "text", "u": { "other": 1 } }.into(),
        doc! { "v": 2.5 }.into(),
        doc! { "v": 7_i32 }.into(),
        doc! { "v": 8_i64, "u": Bson::Null }.into(),
    ];
    let versions = [0, 0, 0, 0, 0, 0, 7, 8];
    let document =
        |(n, own): (usize, Bson)| doc! { "_id": format!("{n}"), "_oponn": own, "info": Bson::Null };
    put(&database, foreign.into_iter().enumerate().map(document)).await;
    put(&database, [doc! { "_id": "8", "info": [1] }]).await;
    for (n, version) in versions.into_iter().chain([0]).enumerate() {
        let key = id(&n.to_string());
        let patch = Patch {
            set: vec![
                ("info.city".into(), "x".into()),
                ("_oponn.u.name.name".into(), format!("n{n}").into()),
                ("name".into(), doc! { "$literal": "$stock" }.into()),
            ],
            unset: vec!["stock".into()],
        };
        let when = |version| Condition { version: Some(version), filter: None };
        let update = |version| Write::Update {
            ty: "Item".into(),
            id: key.clone(),
            patch: patch.clone(),
            when: when(version),
        };
        match write_one(&store, update(version + 1)).await {
            Ok(Written::VersionMismatch(is)) => assert_eq!(is, version),
            other => panic!("{n}: {other:?}"),
        }
        let done = change(&store, update(version)).await;
        assert_eq!(done.stamp.v, version + 1, "{n}");
        let after = done.after.expect("an update leaves a document");
        let stored = store.get("Item", std::slice::from_ref(&key), done.stamp.t).await.expect("reads work");
        assert_eq!(parsed(&stored[&key]), parsed(&after), "{n}");
        assert_eq!(stored[&key].bytes(), after.bytes(), "{n}: even in the order of fields");
        assert_eq!(parsed(&after).get("info"), Some(&doc! { "city": "x" }.into()));
        let delete = Write::Delete { ty: "Item".into(), id: key, when: when(version + 1) };
        assert_eq!(change(&store, delete).await.stamp.v, version + 2);
    }
}

#[tokio::test]
async fn values_are_never_operators() {
    let place = MongoDatabase::new();
    let (store, database) = prepared(&place).await;
    put(&database, [doc! { "_id": "a", "n": 5, "s": "abc" }]).await;
    let pattern = Bson::RegularExpression(bson::Regex {
        pattern: "a".try_into().expect("a pattern has no NUL"),
        options: "".try_into().expect("nor have options"),
    });
    for filter in [
        Filter::eq("n", doc! { "$gt": 1 }),
        Filter::In("n".into(), vec![doc! { "$gt": 1 }.into(), 7.into()]),
        Filter::Cmp("n".into(), CmpOp::Gte, doc! { "$gt": 1 }.into()),
        Filter::HasAny("n".into(), vec![doc! { "$gt": 1 }.into()]),
        Filter::eq("s", pattern),
        Filter::eq("s", "$s"),
    ] {
        let found = store.find(&Find { filter: filter.clone(), ..all("Item") }, Time(0)).await;
        assert!(ids(&found.expect("reads work")).is_empty(), "{filter:?}");
    }
    let values = ["$s".into(), Bson::Document(doc! { "$gt": 1 }), "abc".into()];
    let counts = store.count_each("Item", &Filter::all(), "s", &values, Time(0)).await.expect("reads work");
    assert_eq!(counts, [0, 0, 1]);
}

#[tokio::test]
async fn look_ups_of_unique_keys_use_their_index() {
    let fields = [
        ("sku", Scalar::String),
        ("int", Scalar::Int),
        ("float", Scalar::Float),
        ("decimal", Scalar::Decimal),
        ("yes", Scalar::Boolean),
        ("made", Scalar::DateTime),
        ("uuid", Scalar::Uuid),
        ("ref", Scalar::Id),
    ];
    let values = [
        Bson::from("x"),
        Bson::Int32(-5),
        Bson::Double(0.5),
        Bson::Decimal128("-1.5".parse().expect("a decimal")),
        Bson::Boolean(false),
        Bson::DateTime(bson::DateTime::from_millis(-1)),
        Id::Uuid(uuid::Uuid::nil()).to_bson(),
        Bson::from("y"),
    ];
    let uniques = fields.iter().map(|(name, _)| unique(name, &[name], &[])).collect();
    let model =
        Model { collections: vec![collection("Item", "items", &fields, uniques, &[])], ..Model::default() };
    let place = MongoDatabase::new();
    let store = MongoStore::connect(Arc::new(model), &place.url()).await.expect("the URL can be used");
    store.prepare().await.expect("the store can be prepared");
    let database = raw(&place).await;
    let named = || fields.iter().map(|(name, _)| (*name).to_owned()).zip(values.clone());
    let full: Document = named().collect();
    change(&store, insert("Item", item("a", full))).await;
    change(&store, insert("Item", item("b", named().map(|(name, _)| (name, Bson::Null)).collect()))).await;
    change(&store, insert("Item", item("c", named().map(|(name, _)| (name, Bson::Null)).collect()))).await;
    for (name, value) in named() {
        match write_one(&store, insert("Item", item("d", doc! { &name: value.clone() }))).await {
            Err(StoreError::Duplicate { key, .. }) => assert_eq!(key, name),
            other => panic!("{name}: {other:?}"),
        }
        let explain = doc! {
            "explain": { "find": "items", "filter": { &name: { "$eq": value } } },
            "verbosity": "queryPlanner",
        };
        let plan = database.run_command(explain).await.expect("the server explains").to_string();
        assert!(plan.contains(&format!("oponn_{name}")), "{name}: {plan}");
    }
}

#[tokio::test]
async fn indexes_that_are_there_are_used_or_named() {
    let place = MongoDatabase::new();
    let database = raw(&place).await;
    let index = |key: Document, name: &str| {
        let command = doc! { "createIndexes": "items", "indexes": [{ "key": key, "name": name }] };
        let database = &database;
        async move { database.run_command(command).await.expect("another program can make an index") }
    };
    index(doc! { "price": 1 }, "by_price").await;
    open(&place.url()).await.prepare().await.expect("an index of another name serves as well");
    let names = database.collection::<Document>("items").list_index_names().await.expect("they are listed");
    assert!(names.contains(&"oponn_by_stock_price".to_owned()), "{names:?}");
    assert!(!names.contains(&"oponn_by_price".to_owned()), "{names:?}");

    let place = MongoDatabase::new();
    let database = raw(&place).await;
    let taken = doc! {
        "createIndexes": "items",
        "indexes": [{ "key": { "other": 1 }, "name": "oponn_sku" }],
    };
    database.run_command(taken).await.expect("another program can make an index");
    match open(&place.url()).await.prepare().await {
        Err(StoreError::Refused(message)) => {
            for part in ["oponn_sku", "dropIndex", "items"] {
                assert!(message.contains(part), "{message:?} names {part}");
            }
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn repeated_values_of_other_programs_are_named_when_the_index_is_there() {
    let place = MongoDatabase::new();
    let (store, database) = prepared(&place).await;
    put(&database, [doc! { "_id": "a", "name": "Straße" }]).await;
    store.prepare().await.expect("one value is no repetition");
    put(&database, ["x", "y"].map(|name| doc! { "_id": name, "name": " STRASSE" })).await;
    put(&database, [doc! { "_id": "z", "name": "Other" }]).await;
    match store.prepare().await {
        Err(StoreError::Refused(message)) => {
            for part in ["items", "name", "2 documents", "strasse"] {
                assert!(message.contains(part), "{message:?} names {part}");
            }
        }
        other => panic!("{other:?}"),
    }
    let filled = store.count("Item", &Filter::eq("_oponn.u.name.name", "other"), Time(0)).await;
    assert_eq!(filled.ok(), Some(1), "the others are filled all the same");
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_unavailable_and_no_password_is_shown() {
    // A port that nobody listens on, because it was given up just now.
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.local_addr().expect("it has an address").port()
    };
    let options = "directConnection=true&serverSelectionTimeoutMS=100";
    let store = open(&format!("mongodb://ann:secret@127.0.0.1:{port}/x?{options}")).await;
    for error in [
        store.ping().await.expect_err("nobody answers"),
        store.count("Item", &Filter::all(), Time(0)).await.expect_err("nobody answers"),
        write_one(&store, insert("Item", item("a", doc! {}))).await.expect_err("nobody answers"),
        store.insert_many("Item", vec![item("a", doc! {})]).await.expect("each has its result").0[0]
            .clone()
            .expect_err("nobody answers"),
    ] {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    for url in [
        "mongodb://ann:secret@",
        "mongo://ann:secret@host/",
        "mongodb://ann:secret@host/?directConnection=what",
    ] {
        match MongoStore::connect(Arc::new(shop()), url).await.map(drop) {
            Err(StoreError::Refused(message)) => assert!(!message.contains("secret"), "{message}"),
            other => panic!("{url}: {other:?}"),
        }
    }
}

/// A store whose way to its server is a proxy.
async fn behind_proxy(place: &MongoDatabase) -> (MongoStore, Proxy) {
    let url = place.url();
    let host = url.split('/').nth(2).expect("a URL names a host");
    let proxy = Proxy::start(host).await;
    (open(&url.replace(host, proxy.address())).await, proxy)
}

#[tokio::test]
async fn a_list_that_takes_several_replies_is_of_one_moment() {
    let place = MongoDatabase::new();
    let (direct, _) = prepared(&place).await;
    let text = "x".repeat(1 << 20);
    // 16 MB are one reply.
    let documents = (0..20).map(|n| item(&format!("{n:02}"), doc! { "stock": n, "text": &text }));
    let at = fill(&direct, "Item", documents).await;
    let (store, proxy) = behind_proxy(&place).await;
    store.prepare().await.expect("it is prepared already");

    let order = Order::new(vec![OrderBy { path: "stock".into(), direction: Direction::Asc }]);
    let list = Find { order, ..all("Item") };
    for at in [at, Time(0)] {
        proxy.hold_at(b"snapshot");
        let mut read = Box::pin(store.find(&list, at));
        tokio::select! {
            read = &mut read => panic!("it asks for no snapshot: {:?}", read.map(|rows| ids(&rows))),
            () = proxy.held() => {}
        }
        proxy.hold_at(b"getMore");
        proxy.restore();
        tokio::select! {
            read = &mut read => panic!("it takes one reply: {:?}", read.map(|rows| ids(&rows))),
            () = proxy.held() => {}
        }
        // The first document becomes the last, and the last the first.
        let before = ids(&direct.find(&list, Time(0)).await.expect("reads work"));
        for (row, stock) in [(&before[0], 100), (&before[19], -100)] {
            change(&direct, set("Item", &id(row), [("stock", stock.into())])).await;
        }
        proxy.restore();
        assert_eq!(ids(&read.await.expect("reads work")), before);
    }
}

#[tokio::test]
async fn a_server_that_gives_no_snapshots_is_asked_for_one_once() {
    let place = MongoDatabase::new();
    let (store, proxy) = behind_proxy(&place).await;
    proxy.replace(b"snapshot", b"picture!");
    store.prepare().await.expect("the store can be prepared");
    let at = change(&store, insert("Item", item("a", doc! { "stock": 1 }))).await.stamp.t;
    assert_eq!(store.count("Item", &Filter::all(), at).await.ok(), Some(1));
    proxy.hold_at(b"snapshot");
    let reads = async {
        let found = store.find(&all("Item"), at).await.expect("reads work");
        assert_eq!(ids(&found), ["a"]);
        let values: Vec<Bson> = (0..100).map(Bson::Int32).collect();
        let counts =
            store.count_each("Item", &Filter::all(), "stock", &values, at).await.expect("reads work");
        assert_eq!(counts.iter().sum::<u64>(), 1);
    };
    tokio::select! {
        () = reads => {}
        () = proxy.held() => panic!("it is asked again"),
    }
}

#[tokio::test]
async fn the_outcome_is_unknown_when_the_connection_breaks_during_a_write() {
    let place = MongoDatabase::new();
    let (direct, _) = prepared(&place).await;
    change(&direct, insert("Item", item("a", doc! { "stock": 1 }))).await;
    let (store, proxy) = behind_proxy(&place).await;
    store.ping().await.expect("the proxy lets it through");

    proxy.cut_after(b"findAndModify");
    match write_one(&store, set("Item", &id("a"), [("stock", 2.into())])).await {
        Err(StoreError::Unknown(_)) => {}
        other => panic!("{other:?}"),
    }
    proxy.cut_after(b"aggregate");
    let count = store.count("Item", &Filter::all(), Time(0)).await;
    assert_eq!(count.ok(), Some(1), "a read is tried once more");
}

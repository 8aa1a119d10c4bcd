//! Tests that SQLite answers the statements from indexes.

use bson::{Bson, doc};

use super::arrays::Arrays;
use super::*;
use crate::query::{CmpOp, Direction, Order, OrderBy};
use crate::schema::{ApiNames, IdKind, Index, UniqueKey};

fn model() -> Model {
    let index = |fields: &[&str]| Index { fields: fields.iter().map(|field| Arc::from(*field)).collect() };
    let book = Collection {
        name: "Book".into(),
        description: None,
        names: ApiNames { single: "book".into(), list: "books".into(), plural: "Books".into() },
        collection: "books".into(),
        id: IdKind::String,
        client_id: false,
        fields: Vec::new(),
        relations: Vec::new(),
        uniques: vec![UniqueKey { name: "isbn".into(), fields: vec!["isbn".into()], normalize: Vec::new() }],
        indexes: vec![index(&["storeId", "price"]), index(&["price"]), index(&["Price"])],
        ttl: None,
        partition: None,
        access: Vec::new(),
        members: Default::default(),
        emits: Vec::new(),
        interfaces: Vec::new(),
        order: Vec::new(),
    };
    Model { collections: vec![Arc::new(book)], ..Model::default() }
}

fn by(path: &str, direction: Direction) -> Order {
    Order::new([OrderBy { path: path.into(), direction }])
}

/// How SQLite goes about a find.
fn plan(connection: &Connection, find: &Find) -> String {
    let model = model();
    let arrays = Arrays::load(connection, "books").expect("the file is prepared");
    let (text, params) = list::statement(&model.collections[0], find, &arrays);
    let steps =
        params.query(connection, &format!("EXPLAIN QUERY PLAN {text}"), |row| row.get::<_, String>(3));
    steps.expect("the statement is valid").join("; ")
}

#[tokio::test]
async fn filters_and_orders_are_answered_from_indexes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("plan.db");
    let store = SqliteStore::open(Arc::new(model()), &path).expect("the store opens");
    store.prepare().await.expect("the store can be prepared");
    let connection = connection::open(&path, false).expect("the file opens");
    let all = Find {
        ty: "Book".into(),
        filter: Filter::all(),
        order: Order::default(),
        after: None,
        before: None,
        from_end: false,
        offset: 0,
        limit: 20,
    };
    let of_store = Find { filter: Filter::eq("storeId", "a"), ..all.clone() };
    let several = Filter::In("isbn".into(), vec!["a".into(), "b".into()]);
    let cheap = Filter::Cmp("price".into(), CmpOp::Lt, 5.into());
    let start = Filter::Matches("isbn".into(), crate::query::Pattern::literal("97", true, false, false));
    let place = |value: Bson| {
        Some(crate::query::Bound { values: vec![value], id: Id::String("x".into()), inclusive: false })
    };
    let by_price = Find { order: by("price", Direction::Asc), ..all.clone() };
    let cases = [
        ("by id", all.clone(), "autoindex_books", "TEMP"),
        ("unique", Find { filter: Filter::eq("isbn", "a"), ..all.clone() }, "unique/isbn", "SCAN"),
        ("start", Find { filter: start, ..all.clone() }, "SEARCH books USING INDEX unique/isbn", "SCAN"),
        ("several", Find { filter: several, ..all.clone() }, "unique/isbn", "SCAN"),
        (
            "range",
            Find { filter: cheap, ..all.clone() },
            "SEARCH books USING INDEX index/books/price",
            "SCAN",
        ),
        (
            "of another field",
            Find { filter: Filter::eq("Price", 5), ..all.clone() },
            "SEARCH books USING INDEX index/books/^Price",
            "SCAN",
        ),
        ("order", by_price.clone(), "index/books/price", "TEMP"),
        (
            "order down",
            Find { order: by("price", Direction::Desc), ..all.clone() },
            "index/books/price",
            "FOR ORDER",
        ),
        ("page", Find { after: place(5.into()), ..by_price.clone() }, "SEARCH", "TEMP"),
        ("from the end", Find { from_end: true, ..by_price }, "index/books/price", "TEMP"),
        (
            "children in order",
            Find { order: by("price", Direction::Asc), ..of_store },
            "SEARCH books USING INDEX index/books/store^Id,price",
            "TEMP",
        ),
        (
            "order by a unique key",
            Find { order: by("isbn", Direction::Asc), ..all },
            "unique/isbn",
            "FOR ORDER",
        ),
    ];
    for (name, find, has, has_not) in cases {
        let plan = plan(&connection, &find);
        assert!(plan.contains(has) && !plan.contains(has_not), "{name}: {plan}");
    }
    // Where there are arrays the answer is looked for in every document, and is right all the same.
    let filter = Filter::eq("isbn", "a");
    let document = doc! { "_id": "1", "isbn": ["a", "b"] };
    store.insert_many("Book", vec![document]).await.expect("it can be inserted");
    assert_eq!(store.count("Book", &filter, Time(1)).await.ok(), Some(1));
}

#[tokio::test]
async fn a_full_disk_is_told_until_there_is_space() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = SqliteStore::open(Arc::new(model()), &directory.path().join("full.db")).expect("it opens");
    store.prepare().await.expect("the store can be prepared");
    let pages = async |most: i64| {
        let limit = move |session: &mut writer::Session| {
            session.connection.pragma_update(None, "max_page_count", most).map_err(|cause| cause.to_string())
        };
        store.writer.run(limit).await.expect("the writer runs").expect("the limit can be set");
    };
    let insert = async |id: &str| {
        let document = doc! { "_id": id, "text": "x".repeat(100_000) };
        store.write(vec![Write::Insert { ty: "Book".into(), document }]).await.remove(0)
    };
    insert("a").await.expect("there is space");
    pages(1).await;
    let full = insert("b").await;
    assert!(matches!(full, Err(StoreError::Disk(DiskFault::Full, _))), "{full:?}");
    assert_eq!(store.fault(), Some(DiskFault::Full));
    let all = Filter::all();
    assert_eq!(store.count("Book", &all, Time(0)).await.ok(), Some(1), "what is there can be read");
    store.ping().await.expect("it answers");
    pages(1_000_000).await;
    insert("b").await.expect("there is space again");
    assert_eq!(store.fault(), None);
}

/// A read that is dropped ends, and neither its place nor its connection is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_nobody_waits_for_ends() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = SqliteStore::open(Arc::new(model()), &directory.path().join("left.db")).expect("it opens");
    store.prepare().await.expect("the store can be prepared");
    // Without an end.
    let count = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT count(*) FROM n";
    for between in [false, true] {
        let (begins, begun) = tokio::sync::oneshot::channel();
        let (ends, ended) = tokio::sync::oneshot::channel();
        let mut read = Box::pin(store.read(Time(0), move |connection, _| {
            let _ = begins.send(());
            let result = if between {
                // Of many statements, each too short to notice.
                std::iter::repeat_with(|| connection.query_row("SELECT 1", [], |_| Ok(())))
                    .find(Result::is_err)
            } else {
                Some(connection.query_row(count, [], |_| Ok(())))
            };
            let _ = ends.send(result);
            Ok(())
        }));
        tokio::select! {
            _ = &mut read => panic!("it has no end"),
            begun = begun => begun.expect("it begins"),
        }
        drop(read);
        let end = ended.await.expect("it ends");
        let code = end.and_then(|end| end.err()).and_then(|error| error.sqlite_error_code());
        assert_eq!(code, Some(rusqlite::ErrorCode::OperationInterrupted));
    }
    // On every connection.
    let reads = (0..64).map(|_| store.count("Book", &FILTER, Time(0)));
    for read in futures_util::future::join_all(reads).await {
        assert_eq!(read.ok(), Some(0));
    }
}

/// The filter of everything, for as long as the test runs.
static FILTER: Filter = Filter::And(Vec::new());

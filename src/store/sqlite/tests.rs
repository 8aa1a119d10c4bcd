//! Whether the statements are such that SQLite answers them from the indexes.

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
        indexes: vec![index(&["storeId", "price"]), index(&["price"])],
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
            "SEARCH books USING INDEX index/books/storeId,price",
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

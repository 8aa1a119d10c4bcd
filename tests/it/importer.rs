//! Loaders on real files and a real HTTP server, into a real store.

use std::path::Path;

use oponn::importer::{self, Loader, Options, Progress, Summary};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::support::app::TestApp;

mod http;
mod many;
mod records;

const SDL: &str = r#"
type Shop @collection {
  id: ID!
  name: String! @unique(normalize: [TRIM, COLLAPSE_SPACES, CASEFOLD])
  address: Address
  books: [Book!]! @hasMany(field: "shopId")
}

type Address { street: String! city: String }

type Book @collection {
  id: ID!
  isbn: String! @unique
  title: String!
  pages: Int
  price: Decimal
  published: Date
  tags: [String!]
  sold: Boolean! @default(value: false)
  shopId: ID
  shop: Shop @belongsTo(field: "shopId")
  changedAt: DateTime @updatedAt
}
"#;

const SHOPS: &str = r#"
[source]
kind = "json"
path = "shops.json"
items = "/data/shops"

[target]
type = "Shop"
on = "name"

[fields]
name = "name"
"address.street" = { from = "where.street", transforms = ["trim"] }
"address.city" = "/where/city"
"#;

const SHOPS_DATA: &str = r#"{"data": {"shops": [
  {"name": "The Owl", "where": {"street": " 1 High St ", "city": "London"}},
  {"name": "Straße & Co", "where": {"street": "2 Low St"}}
]}}"#;

const BOOKS: &str = r#"
[source]
kind = "csv"
path = "books.csv"
delimiter = ";"

[target]
type = "Book"
on = "isbn"

[fields]
isbn = "isbn"
title = "title"
pages = "pages"
price = { from = "price", transforms = [{ number = { decimal = "," } }] }
published = { from = "published", transforms = [{ date = "%d.%m.%Y" }] }
tags = { from = "tags", default = [], transforms = [{ split = "," }, "lower"] }
shopId = { references = { type = "Shop", key = "name", from = "shop" } }
"#;

const BOOKS_DATA: &str = "isbn;title;pages;price;published;tags;shop\n\
    1;One;100;12,50;31.12.2020;A, b;the  owl \n\
    2;Two;;;;;STRASSE & CO\n\
    3;Three;300;9,00;01.02.2021;;\n";

/// A folder with loaders and their data.
struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a temporary folder can be made"));
        files.iter().for_each(|(name, text)| folder.write(name, text));
        folder
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).expect("the file can be written");
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn load(&self, app: &TestApp, names: &[&str]) -> Result<Vec<Loader>, Vec<String>> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let env = |name: &str| (name == "TOKEN").then(|| "secret".to_owned());
        importer::load(self.path(), &names, app.engine.model(), &env).map_err(|faults| {
            let folder = format!("{}/", self.path().display());
            faults.iter().map(|fault| fault.to_string().replace(&folder, "")).collect()
        })
    }

    async fn run(&self, app: &TestApp) -> Vec<Summary> {
        let loaders = self.load(app, &[]).expect("the loaders are right");
        importer::run(&app.engine, loaders, Options::default(), &mut Silent).await.expect("it runs")
    }
}

struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _: &Loader) {}
    fn advance(&mut self, _: u64, _: Option<u64>, _: u64) {}
    fn end(&mut self, _: &Summary) {}
}

fn counts(summaries: &[Summary]) -> Vec<(&str, u64, u64, u64, u64)> {
    summaries.iter().map(|s| (s.loader.as_str(), s.created, s.updated, s.unchanged, s.rejected)).collect()
}

fn reasons(summary: &Summary) -> Vec<(u64, &str)> {
    summary.rejects.iter().map(|reject| (reject.record, reject.reason.as_str())).collect()
}

#[tokio::test]
async fn records_are_mapped_and_refer_to_each_other() {
    let app = TestApp::new(SDL).await;
    let files =
        [("books.toml", BOOKS), ("books.csv", BOOKS_DATA), ("shops.toml", SHOPS), ("shops.json", SHOPS_DATA)];
    let folder = Folder::new(&files);
    let summaries = folder.run(&app).await;
    assert_eq!(counts(&summaries), [("shops", 2, 0, 0, 0), ("books", 3, 0, 0, 0)], "{summaries:?}");

    let query = "{ books(orderBy: [{field: ISBN, direction: ASC}]) { nodes {
        isbn title pages price published tags sold shop { name address { street city } } } } }";
    let data = app.data(query, Json::Null).await;
    assert_eq!(
        data["books"]["nodes"],
        json!([
            {"isbn": "1", "title": "One", "pages": 100, "price": "12.50", "published": "2020-12-31",
             "tags": ["a", "b"], "sold": false,
             "shop": {"name": "The Owl", "address": {"street": "1 High St", "city": "London"}}},
            {"isbn": "2", "title": "Two", "pages": null, "price": null, "published": null, "tags": [],
             "sold": false, "shop": {"name": "Straße & Co", "address": {"street": "2 Low St", "city": null}}},
            {"isbn": "3", "title": "Three", "pages": 300, "price": "9.00", "published": "2021-02-01",
             "tags": [], "sold": false, "shop": null},
        ])
    );
}

#[tokio::test]
async fn a_second_run_changes_nothing_and_a_changed_record_is_updated() {
    let app = TestApp::new(SDL).await;
    let files =
        [("books.toml", BOOKS), ("books.csv", BOOKS_DATA), ("shops.toml", SHOPS), ("shops.json", SHOPS_DATA)];
    let folder = Folder::new(&files);
    folder.run(&app).await;
    let stamps = "{ books(orderBy: [{field: ISBN, direction: ASC}]) { nodes { changedAt } } }";
    let before = app.data(stamps, Json::Null).await;

    assert_eq!(counts(&folder.run(&app).await), [("shops", 0, 0, 2, 0), ("books", 0, 0, 3, 0)]);
    assert_eq!(app.data(stamps, Json::Null).await, before, "what is unchanged is not written");

    folder.write("books.csv", &BOOKS_DATA.replace("Two", "Deux"));
    assert_eq!(counts(&folder.run(&app).await), [("shops", 0, 0, 2, 0), ("books", 0, 1, 2, 0)]);
    let data = app.data(r#"{ bookByIsbn(isbn: "2") { title shop { name } } }"#, Json::Null).await;
    assert_eq!(data["bookByIsbn"], json!({"title": "Deux", "shop": {"name": "Straße & Co"}}));
}

#[tokio::test]
async fn cached_lists_are_right_after_an_import() {
    let app = TestApp::new(SDL).await;
    let folder = Folder::new(&[("shops.toml", SHOPS), ("shops.json", SHOPS_DATA)]);
    let query = "{ shops { totalCount } }";
    assert_eq!(app.data(query, Json::Null).await, json!({"shops": {"totalCount": 0}}));
    folder.run(&app).await;
    assert_eq!(app.data(query, Json::Null).await, json!({"shops": {"totalCount": 2}}));
}

#[tokio::test]
async fn what_does_not_fit_is_rejected_with_its_number_and_reason() {
    let app = TestApp::new(SDL).await;
    let loader = "[source]\nkind = 'ndjson'\npath = 'books.ndjson'\n[target]\ntype = 'Book'\non = 'isbn'\n\
        [fields]\nisbn = 'isbn'\ntitle = 'title'\npages = 'pages'\n\
        published = { from = 'published', transforms = [{ date = '%d.%m.%Y' }] }\n\
        shopId = { references = { type = 'Shop', key = 'name', from = 'shop' } }\n";
    let data = "{\"isbn\": 1, \"title\": \"One\"}\n\nnot json\n[]\n{\"isbn\": \"4\"}\n\
        {\"isbn\": \"5\", \"title\": \"Five\", \"pages\": \"many\"}\n\
        {\"isbn\": \"6\", \"title\": \"Six\", \"shop\": \"Nowhere\"}\n\
        {\"isbn\": \"7\", \"title\": \"Seven\", \"published\": \"2020-01-01\"}\n\
        {\"isbn\": \"8\", \"title\": \"Eight\", \"shop\": null}\n";
    let folder = Folder::new(&[("books.toml", loader), ("books.ndjson", data)]);
    let loaders = folder.load(&app, &[]).expect("the loader is right");
    let mut rejects = Vec::new();
    let options = Options { rejects: Some(&mut rejects), ..Options::default() };
    let summaries = importer::run(&app.engine, loaders, options, &mut Silent).await.expect("it runs");

    assert_eq!(counts(&summaries), [("books", 2, 0, 0, 6)], "{summaries:?}");
    let found = reasons(&summaries[0]);
    for (record, part) in [
        (2, "not valid JSON"),
        (3, "not an object"),
        (4, "title"),
        (5, "pages"),
        (6, "shopId: there is no Shop whose name is \"Nowhere\""),
        (7, "published: `date` needs a date like `%d.%m.%Y`"),
    ] {
        assert!(
            found.iter().any(|(n, reason)| *n == record && reason.contains(part)),
            "{record} {part}: {found:?}"
        );
    }
    let lines: Vec<Json> = String::from_utf8(rejects)
        .expect("text")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 6);
    assert_eq!(
        lines[0],
        json!({"loader": "books", "record": 2, "reason": lines[0]["reason"], "source": "not json"})
    );
    assert_eq!(lines[4]["source"]["shop"], "Nowhere");
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let app = TestApp::new(SDL).await;
    let books = format!("{BOOKS_DATA}4;;400;1;01.01.2020;;the owl\n");
    let files = [
        ("books.toml", BOOKS),
        ("books.csv", books.as_str()),
        ("shops.toml", SHOPS),
        ("shops.json", SHOPS_DATA),
    ];
    let folder = Folder::new(&files);
    let loaders = folder.load(&app, &[]).expect("the loaders are right");
    let options = Options { dry_run: true, ..Options::default() };
    let summaries = importer::run(&app.engine, loaders, options, &mut Silent).await.expect("it runs");
    let fit: Vec<_> = summaries.iter().map(|summary| (summary.fit, summary.rejected)).collect();
    assert_eq!(fit, [(2, 0), (3, 1)], "{summaries:?}");
    let data = app.data("{ shops { totalCount } books { totalCount } }", Json::Null).await;
    assert_eq!(data, json!({"shops": {"totalCount": 0}, "books": {"totalCount": 0}}));
}

#[tokio::test]
async fn every_fault_of_every_loader_is_told_at_once() {
    let app = TestApp::new(SDL).await;
    let folder = Folder::new(&[
        ("a.toml", "nme = 'x'\n[source]\nkind = 'jsn'\n[target]\ntype = 'Bok'\non = 'isbn'\n[fields]\n"),
        (
            "b.toml",
            "after = ['c', 'd']\n[source]\nkind = 'csv'\npath = 'missing.csv'\ndelimiter = ';;'\npointer = 'x'\n\
             [target]\ntype = 'Book'\non = 'title'\n\
             [fields]\nisbn = 'isbn'\ntitel = 'title'\nchangedAt = 'x'\nshop = 'x'\n'shopId.name' = 'x'\n\
             pages = { from = 'p', constant = 1 }\nprice = { from = 'p', transforms = ['trimm'], defalt = 1 }\n\
             shopId = { references = { type = 'Shop', key = 'nam', from = 'shop' } }\n",
        ),
        ("c.toml", "[source\n"),
        (
            "d.toml",
            "[source]\nkind = 'http'\nurl = 'ftp://x'\nheaders = { a = '${NOTHING}' }\n[source.pagination]\nstyle = 'page'\nstop = 'short'\n[target]\ntype = 'Shop'\non = 'name'\n[fields]\n'address.town' = 't'\n",
        ),
    ]);
    let faults = folder.load(&app, &["a", "b", "c", "d", "e"]).err().expect("faulty");
    for expected in [
        "a.toml: nme: this key is not known here; did you mean `name`?",
        "a.toml: source.kind: `jsn` is not known; did you mean `json`?",
        "a.toml: target.type: there is no type `Bok` with @collection; did you mean `Book`?",
        "b.toml: source.path: there is no file",
        "b.toml: source.delimiter: this has to be one ASCII character",
        "b.toml: source.pointer: this key is not known here; known are `kind`, `path`, `delimiter`, `header`",
        "b.toml: target.on: Book has no unique key `title`; known are `isbn`",
        "b.toml: fields.titel: Book has no field `titel`; did you mean `title`?",
        "b.toml: fields.title: this is missing",
        "b.toml: fields.changedAt: `changedAt` is filled by the server",
        "b.toml: fields.shop: `shop` is a relation; map its foreign key instead",
        "b.toml: fields.shopId.name: `shopId` has no fields of its own",
        "b.toml: fields.pages: this has more than one of",
        "b.toml: fields.price.transforms: the transform `trimm` is not known; did you mean `trim`?",
        "b.toml: fields.price.defalt: this key is not known here; did you mean `default`?",
        "b.toml: fields.shopId.references.key: Shop has no unique key `nam`; did you mean `name`?",
        "c.toml: this is not valid TOML",
        "d.toml: source.url: this has to be an address",
        "d.toml: source.headers.a: the environment variable NOTHING is not set",
        "d.toml: source.pagination.size: this is missing",
        "d.toml: fields.address.town: Address has no field `town`",
        "d.toml: fields.name: this is missing; documents are found by `name`",
        "there is no loader `e`",
    ] {
        assert!(
            faults.iter().any(|fault| fault.contains(expected)),
            "{expected}\nis not in\n{}",
            faults.join("\n")
        );
    }
}

#[tokio::test]
async fn loaders_that_wait_for_each_other_are_refused() {
    let app = TestApp::new(SDL).await;
    let shops = SHOPS.replacen('\n', "\nafter = ['books']\n", 1);
    let files = [
        ("books.toml", BOOKS),
        ("books.csv", BOOKS_DATA),
        ("shops.toml", &shops),
        ("shops.json", SHOPS_DATA),
    ];
    let faults = Folder::new(&files).load(&app, &[]).err().expect("faulty");
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("`books` after `shops` after `books`"), "{faults:?}");
}

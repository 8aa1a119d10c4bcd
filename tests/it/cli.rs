//! The program as people run it: its output, its exit codes, its life as a process.

use std::process::Stdio;

use serde_json::{Value as Json, json};

use crate::support::program::{Folder, LOADER, Ran};
use crate::support::services::{MongoDatabase, redis_prefix, redis_url};

#[test]
fn help_and_version() {
    let folder = Folder::new();
    folder.run(&["--version"]).assert(0, "oponn 0.", "");
    let version = folder.run(&["-V"]).out();
    // A debug build does not know its commit.
    assert!(version.contains(" (commit ") || version.ends_with(" (development build)\n"), "{version}");
    let help = folder.run(&["--help"]);
    for text in ["serve", "check", "print-schema", "import", "cache", "OPONN_STORE", "Exit codes"] {
        help.assert(0, text, "");
    }
    folder.run(&["import", "--help"]).assert(0, "--dry-run", "");
}

#[test]
fn wrong_command_lines_and_settings_exit_with_2() {
    let folder = Folder::with_books();
    folder.run(&["serv"]).assert(2, "", "serve");
    folder.run(&["--stor", "x"]).assert(2, "", "--store");
    folder.run(&["--store", "postgres://ann:secret@db/x"]).assert(
        2,
        "",
        "flag --store is `postgres://ann:***@db/x`; it has to be `sqlite:PATH`, `mongodb://HOST/DATABASE`",
    );
    folder.run(&["--config", "other.toml"]).assert(2, "", "other.toml cannot be read");
    let ran = Ran(folder.command(&["check"]).env("OPONN_CACHE", "redis").output().expect("the program runs"));
    ran.assert(2, "", "environment variable OPONN_CACHE is `redis`; it has to be `memory:`");
    folder.write("oponn.toml", "listen = 'nowhere'\nstroe = 'x'\n[api]\nbody_limit = 'much'\n");
    let ran = folder.run(&["check"]);
    ran.assert(2, "", "`listen` in oponn.toml is `nowhere`");
    ran.assert(2, "", "`stroe` in oponn.toml is not a setting; did you mean `store`?");
    ran.assert(2, "", "`api.body_limit` in oponn.toml is `much`; it has to be a size");
}

#[test]
fn check_tells_faults_to_people_and_programs() {
    let folder = Folder::with_books();
    folder.run(&["check"]).assert(0, "schema.graphql: no faults; 1 collection, 0 interfaces", "");
    let ran = folder.run(&["check", "--format", "json"]);
    assert_eq!((ran.code(), ran.out().trim()), (0, "[]"));

    folder.write("wrong.graphql", "type Book @collection { id: ID! title: Strin! pages: In }\n");
    let ran = folder.run(&["check", "wrong.graphql"]);
    ran.assert(1, "wrong.graphql:1:", "");
    ran.assert(1, "wrong.graphql: 2 faults", "");
    let ran = folder.run(&["check", "wrong.graphql", "--format", "json"]);
    let faults: Json = serde_json::from_str(&ran.out()).expect("JSON");
    assert_eq!(ran.code(), 1);
    assert_eq!(faults.as_array().map(Vec::len), Some(2), "{faults}");
    for key in ["file", "line", "column", "code", "message", "help"] {
        assert!(!faults[0][key].is_null(), "{key} is missing in {faults}");
    }
    folder.run(&["check", "missing.graphql"]).assert(1, "", "there is no file missing.graphql");
    folder.run(&["--schema", "wrong.graphql", "serve"]).assert(1, "", "wrong.graphql has 2 faults");
}

#[test]
fn print_schema_prints_the_whole_api() {
    let folder = Folder::with_books();
    let ran = folder.run(&["print-schema"]);
    for text in ["type Book {", "input BookInput {", "input BookPatch {", "input BookWhere {", "createBooks"]
    {
        ran.assert(0, text, "");
    }
    assert!(!folder.path().join("data").exists(), "no store is needed");
}

#[test]
fn shells_and_man_are_told_of_every_command() {
    let folder = Folder::new();
    // Settings do not matter to them.
    folder.write("oponn.toml", "nonsense = 1\n");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = folder.run(&["completions", shell]);
        for text in ["serve", "print-schema", "dry-run", "allow-cache-override"] {
            ran.assert(0, text, "");
        }
    }
    folder.run(&["completions", "csh"]).assert(2, "", "zsh");
    folder.run(&["man"]).assert(0, ".TH oponn 1", "");
    folder.run(&["man", "--folder", "nowhere"]).assert(1, "", "nowhere cannot be written to");
    folder.run(&["man", "--folder", "."]).assert(0, "", "");
    for (page, text) in
        [("oponn.1", "SUBCOMMANDS"), ("oponn-import.1", "dry\\-run"), ("oponn-auth-key-new.1", "NAME")]
    {
        let page = std::fs::read_to_string(folder.path().join(page)).expect(page);
        assert!(page.contains(text), "{text} is not in\n{page}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = Folder::with_books();
    let many: String =
        (0..300).map(|n| format!("type T{n} @collection {{ id: ID! name: String! }}\n")).collect();
    folder.write("schema.graphql", &many);
    let mut command = folder.command(&["print-schema"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    drop(child.stdout.take());
    let ended = Ran(child.wait_with_output().expect("it ends"));
    ended.assert(0, "", "");
    assert_eq!(ended.err(), "");
}

#[test]
fn import_tells_what_it_did() {
    let folder = Folder::with_books();
    folder.run(&["import", "--dry-run"]).assert(
        0,
        "books: 2 fit, 0 rejected (dry run: nothing was written)",
        "",
    );
    folder.run(&["import"]).assert(0, "books: 2 created, 0 updated, 0 unchanged, 0 rejected", "");
    folder.run(&["import", "books"]).assert(0, "books: 0 created, 0 updated, 2 unchanged, 0 rejected", "");

    folder.write("loaders/books.json", r#"[{"isbn": "1", "title": "A"}, {"isbn": "3"}]"#);
    let ran = folder.run(&["import", "--rejects", "bad.ndjson"]);
    ran.assert(1, "books: 0 created, 0 updated, 1 unchanged, 1 rejected\n  record 2: ", "");
    let rejects = std::fs::read_to_string(folder.path().join("bad.ndjson")).expect("the file is there");
    let reject: Json = serde_json::from_str(rejects.trim()).expect("one line of JSON");
    assert_eq!((&reject["record"], &reject["source"]), (&json!(2), &json!({"isbn": "3"})));

    folder.run(&["import", "boks"]).assert(1, "", "there is no loader `boks`; did you mean `books`?");
    folder.write("loaders/books.toml", &LOADER.replace("title = 'title'", "titel = 'title'"));
    folder.run(&["import"]).assert(
        1,
        "",
        "books.toml: fields.titel: Book has no field `titel`; did you mean `title`?",
    );
}

#[test]
fn the_memory_cache_belongs_to_the_server() {
    let folder = Folder::with_books();
    folder.run(&["cache", "stats"]).assert(2, "", "ends with the server's process");
    folder.run(&["cache", "clear", "--cache", "none:"]).assert(2, "", "nothing to look at");
}

#[test]
fn a_store_that_is_away_is_waited_for_a_while() {
    let folder = Folder::with_books();
    folder.write("oponn.toml", "[server]\nstore_retry = '10ms'\n");
    let store = "mongodb://ann:secret@127.0.0.1:9/shop?serverSelectionTimeoutMS=20&connectTimeoutMS=20";
    let ran = folder.run(&["--listen", "127.0.0.1:0", "--store", store]);
    ran.assert(1, "", "did not answer within 10ms");
    ran.assert(1, "", "OPONN_STORE");
    assert!(!ran.err().contains("secret"), "{}", ran.err());
}

#[test]
fn an_address_in_use_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = taken.local_addr().expect("a bound socket has an address").to_string();
    Folder::with_books().run(&["--listen", &address]).assert(1, "", "Set another address with --listen");
}

#[tokio::test]
async fn the_first_start_imports_and_later_ones_do_not() {
    let folder = Folder::with_books();
    let serving = folder.serve(&[]);
    assert!(serving.logged("imported"), "{:?}", serving.lines);
    let titles = "{ books(orderBy: [{field: TITLE, direction: ASC}]) { nodes { title } } }";
    let both = json!({"data": {"books": {"nodes": [{"title": "A"}, {"title": "B"}]}}});
    assert_eq!(serving.query(titles).await, both);
    let deleted = serving.query("mutation { deleteBooks(where: {isbn: {eq: \"1\"}}) { count } }").await;
    assert_eq!(deleted, json!({"data": {"deleteBooks": {"count": 1}}}));

    // Nobody else may write past the memory cache.
    folder.run(&["import"]).assert(1, "", "is in use by another oponn");

    // By whatever name, and with another cache neither.
    let data = folder.path().join("data");
    std::os::unix::fs::symlink(&data, folder.path().join("elsewhere")).expect("a link can be made");
    std::fs::hard_link(data.join("oponn.db"), folder.path().join("hard.db")).expect("a link can be made");
    for other in ["elsewhere/oponn.db", "hard.db"] {
        let store = format!("--store=sqlite:{other}");
        folder.run(&["import", &store]).assert(1, "", "is in use by another oponn");
        folder.run(&["import", &store, "--cache=none:"]).assert(1, "", "would not hear of this one's");
    }
    std::fs::remove_file(folder.path().join("hard.db")).expect("the link can go");
    // That has not taken SQLite's own locks away: nobody may take the log from a server.
    let beside = rusqlite::Connection::open(data.join("oponn.db")).expect("the file can be opened");
    let taken = beside.pragma_update(None, "journal_mode", "DELETE");
    assert!(taken.is_err_and(|error| error.to_string().contains("locked")));
    drop(beside);

    let (code, log) = serving.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("stopped"), "{log}");

    let serving = folder.serve(&["serve"]);
    assert!(!serving.logged("imported"), "{:?}", serving.lines);
    let one = json!({"data": {"books": {"nodes": [{"title": "B"}]}}});
    assert_eq!(serving.query(titles).await, one);
    assert_eq!(serving.stop().0, Some(0));

    // A first import that was broken off is done again.
    folder.write("data/oponn.db.importing", "");
    let serving = folder.serve(&[]);
    assert_eq!(serving.query(titles).await, both);
    assert_eq!(serving.stop().0, Some(0));
    assert!(!folder.path().join("data/oponn.db.importing").exists());
}

#[tokio::test]
async fn faulty_loaders_do_not_keep_a_new_server_from_starting() {
    let folder = Folder::with_books();
    folder.write("loaders/apples.toml", &LOADER.replace("Book", "Apple"));
    let serving = folder.serve(&[]);
    let warned = serving.lines.iter().any(|line| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.contains("apples.toml: target.type: there is no type `Apple`"))
    });
    assert!(warned, "{:?}", serving.lines);
    let count = serving.query("{ books { totalCount } }").await;
    assert_eq!(count, json!({"data": {"books": {"totalCount": 0}}}));
    assert_eq!(serving.stop().0, Some(0));
}

#[tokio::test]
async fn check_tells_what_a_database_lacks_and_puts_it_right() {
    let (folder, database) = (Folder::with_books(), MongoDatabase::new());
    let store = format!("--store={}", database.url());
    let client = mongodb::Client::with_uri_str(database.url()).await.expect("the URL is right");
    let made = client.default_database().expect("it names a database").create_collection("books").await;
    made.expect("there is no such collection yet");

    let ran = folder.run(&["check", &store]);
    ran.assert(1, "schema.graphql: no faults", "");
    ran.assert(1, "the collection books has no images", "");
    ran.assert(1, "changeStreamPreAndPostImages", "");
    folder.run(&["check", &store, "--fix"]).assert(0, "put right: the collection books has no images", "");
    folder.run(&["check", &store]).assert(0, "the store has everything that oponn needs", "");
    folder.run(&["check", "--fix"]).assert(2, "", "--fix: name the database with --store");
    folder.run(&["check", "--store=sqlite:books.db"]).assert(0, "has everything", "");
}

#[tokio::test]
async fn importing_beside_a_server_keeps_its_cached_lists_right() {
    let (folder, store) = (Folder::with_books(), MongoDatabase::new());
    folder.write("oponn.toml", &format!("deployment = '{}'\n", redis_prefix()));
    let (store, cache) = (format!("--store={}", store.url()), format!("--cache={}", redis_url()));
    let serving = folder.serve(&[&store, &cache]);
    let titles = "{ books(orderBy: [{field: TITLE, direction: ASC}]) { totalCount nodes { title } } }";
    let none = json!({"data": {"books": {"totalCount": 0, "nodes": []}}});
    assert_eq!(serving.query(titles).await, none);

    folder.run(&["import", &store, &cache]).assert(0, "books: 2 created", "");
    let both = json!({"data": {"books": {"totalCount": 2, "nodes": [{"title": "A"}, {"title": "B"}]}}});
    assert_eq!(serving.query(titles).await, both);

    let row = |ran: Ran| -> Vec<String> {
        let out = ran.out();
        let line = out.lines().find(|line| line.starts_with("Book ")).expect("a line for the type");
        line.split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(row(folder.run(&["cache", "stats", &store, &cache])), ["Book", "2", "1"]);
    folder.run(&["cache", "clear", "--type", "Bok", &store, &cache]).assert(2, "", "did you mean `Book`?");
    folder.run(&["cache", "clear", "--type", "Book", &store, &cache]).assert(
        0,
        "Nothing is cached of Book",
        "",
    );
    assert_eq!(row(folder.run(&["cache", "stats", &store, &cache])), ["Book", "0", "0"]);
    assert_eq!(serving.query(titles).await, both);
    folder.run(&["cache", "clear", &store, &cache]).assert(0, "The cache is empty", "");
    assert_eq!(row(folder.run(&["cache", "stats", &store, &cache])), ["Book", "0", "0"]);
    assert_eq!(serving.query(titles).await, both);
    assert_eq!(serving.stop().0, Some(0));
}

#[tokio::test]
async fn a_cache_that_is_away_at_start_does_not_matter() {
    let folder = Folder::with_books();
    let serving = folder.serve(&["--cache", "redis://127.0.0.1:9"]);
    let count = serving.query("{ books { totalCount } }").await;
    assert_eq!(count, json!({"data": {"books": {"totalCount": 2}}}));
    assert_eq!(serving.stop().0, Some(0));
    folder.write("oponn.toml", "[server]\nstore_retry = '10ms'\n");
    folder.run(&["import", "--cache", "redis://127.0.0.1:9"]).assert(1, "", "start it and import then");
    folder.run(&["cache", "stats", "--cache", "redis://:secret@127.0.0.1:9"]).assert(
        1,
        "",
        "redis://:***@127.0.0.1:9",
    );
}

#[tokio::test]
async fn a_store_that_was_chosen_is_not_filled_unasked() {
    let folder = Folder::with_books();
    let serving = folder.serve(&["--store", "sqlite:mine.db"]);
    let count = serving.query("{ books { totalCount } }").await;
    assert_eq!(count, json!({"data": {"books": {"totalCount": 0}}}));
    assert_eq!(serving.stop().0, Some(0));
}

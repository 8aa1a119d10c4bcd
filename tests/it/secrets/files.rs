//! Secrets given by files, as Docker and Kubernetes mount them.

use serde_json::json;

use super::{SECRET, assert_hidden};
use crate::support::program::{Folder, LOADER, Ran};

const COUNT: &str = "{ books { totalCount } }";

fn one_in(count: u64) -> serde_json::Value {
    json!({"data": {"books": {"totalCount": count}}})
}

#[tokio::test]
async fn the_environment_names_the_file() {
    let folder = Folder::with_books();
    folder.write("secrets/store", "sqlite:mine.db\n");
    let mut command = folder.command(&["import"]);
    let ran = Ran(command.env("OPONN_STORE_FILE", "secrets/store").output().expect("the program runs"));
    ran.assert(0, "books: 2 created", "");
    let serving = folder.serve(&["--store=sqlite:mine.db"]);
    assert_eq!(serving.query(COUNT).await, one_in(2));
}

#[tokio::test]
async fn the_settings_name_the_file_from_where_they_are() {
    let folder = Folder::with_books();
    folder.write("etc/oponn.toml", "schema = '../schema.graphql'\nstore_file = 'secrets/store'\n");
    folder.write("etc/secrets/store", "sqlite:mine.db\r\n");
    let serving = folder.serve(&["--config=etc/oponn.toml"]);
    assert_eq!(serving.query(COUNT).await, one_in(0));
    assert!(folder.path().join("mine.db").exists(), "it is the store that the file says");
}

#[test]
fn what_overrides_overrides_files_too() {
    let folder = Folder::with_books();
    folder.write("oponn.toml", "cache_file = 'nowhere'\n");
    folder.run(&["--cache=memory:", "cache", "stats"]).assert(2, "", "ends with the server's process");
    folder.run(&["cache", "stats"]).assert(
        2,
        "",
        "`cache_file` in oponn.toml: the file nowhere cannot be read",
    );
    folder.write("none", "none:");
    let mut command = folder.command(&["cache", "stats"]);
    let ran = Ran(command.env("OPONN_CACHE_FILE", "none").output().expect("the program runs"));
    ran.assert(2, "", "nothing to look at");
}

#[test]
fn what_is_wrong_with_a_file_is_told_without_what_is_in_it() {
    let folder = Folder::with_books();
    folder.write("address", "postgres://ann:S3CRET@h/x\n");
    folder.write("word", SECRET);
    folder.write("lines", "redis://h\nS3CRET\n");
    folder.write("empty", "\n");
    let path = folder.path().display().to_string();
    for (name, fault) in [
        ("address", "what is in the file address is not shown; it has to be `sqlite:PATH`, `mongodb://HOST"),
        ("word", "what is in the file word is not shown; it has to be"),
        ("lines", "the file lines has more than one line"),
        ("empty", "the file empty is empty; write the secret into it"),
        ("missing", "the file missing cannot be read"),
        (path.as_str(), "cannot be read"),
        ("redis://ann:S3CRET@h", "the file redis://ann:***@h cannot be read"),
        ("", "has to be the path of a file"),
    ] {
        let told = assert_hidden(&folder, &["check"], &[("OPONN_STORE_FILE", name)]);
        assert!(told.contains("environment variable OPONN_STORE_FILE") && told.contains(fault), "{told}");
        folder.write("oponn.toml", &format!("store_file = '{name}'"));
        let told = assert_hidden(&folder, &["check"], &[]);
        assert!(told.contains("`store_file` in oponn.toml") && told.contains(fault), "{told}");
        folder.write("oponn.toml", "");
    }
}

#[test]
fn both_forms_at_once_are_refused() {
    let folder = Folder::with_books();
    folder.write("store", "sqlite:mine.db");
    for key in ["STORE", "CACHE", "TRACES"] {
        let (plain, file) = (format!("OPONN_{key}"), format!("OPONN_{key}_FILE"));
        let told = assert_hidden(&folder, &["check"], &[(&plain, "redis://:S3CRET@h"), (&file, "store")]);
        assert!(told.contains(&format!("{plain} and environment variable {file} are both given")), "{told}");
    }
    folder.write("oponn.toml", "store = 'sqlite:x.db'\nstore_file = 'store'\n");
    let told = assert_hidden(&folder, &["check"], &[]);
    assert!(told.contains("`store` in oponn.toml and `store_file` in oponn.toml are both given"), "{told}");
}

#[test]
fn only_what_can_be_secret_is_given_by_files() {
    let folder = Folder::with_books();
    folder.write("oponn.toml", "schema_file = 'x'\n");
    folder.run(&["check"]).assert(2, "", "`schema_file` in oponn.toml is not a setting");
    folder.write("oponn.toml", "");
    let mut command = folder.command(&["check"]);
    let ran = Ran(command.env("OPONN_STORE_FLIE", "x").output().expect("the program runs"));
    ran.assert(0, "no faults", "did you mean `OPONN_STORE_FILE`?");
}

#[test]
fn loaders_take_secrets_from_files() {
    let folder = Folder::with_books();
    let source = "kind = 'http'\nurl = 'http://127.0.0.1:9/x?key=${KEY}'\nretries = 0";
    folder.write("loaders/books.toml", &LOADER.replace("kind = 'json'\npath = 'books.json'", source));
    folder.write("key", "S3CRET\n");
    for (env, fault) in [
        (&[][..], "KEY is not set; set it or KEY_FILE"),
        (&[("KEY_FILE", "missing")], "KEY_FILE: the file missing cannot be read"),
        (&[("KEY", SECRET), ("KEY_FILE", "key")], "KEY and KEY_FILE are both set"),
        // The placeholder is filled, so the API is asked.
        (&[("KEY_FILE", "key")], "127.0.0.1:9"),
    ] {
        let told = assert_hidden(&folder, &["import", "--log", "trace"], env);
        assert!(told.contains(fault), "{told}");
    }
}

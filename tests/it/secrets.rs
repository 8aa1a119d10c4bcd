//! What is secret in addresses, settings and loaders is in no output, however wrong they are.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::support::program::{Folder, LOADER};

mod files;
mod serving;

const SECRET: &str = "S3CRET";

/// Runs of the program.
const RUNS: u32 = 60;

#[track_caller]
fn assert_hidden(folder: &Folder, arguments: &[&str], env: &[(&str, &str)]) -> String {
    let mut command = folder.command(arguments);
    let ran = command.envs(env.iter().copied()).output().expect("the program runs");
    let told = [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(!told.contains(SECRET), "{arguments:?} {env:?}: {told}");
    assert!(!told.contains("panicked"), "{arguments:?}: {told}");
    assert_ne!(ran.status.code(), Some(0), "{arguments:?}: {told}");
    told
}

#[test]
fn addresses_that_are_wrong_in_any_way_are_masked() {
    let folder = Folder::with_books();
    folder.write("oponn.toml", "[server]\nstore_retry = '1ms'\n");
    let query = "serverSelectionTimeoutMS=1&connectTimeoutMS=1";
    let address = (
        "(redis|rediss|mongodb|mongodb\\+srv|postgres|Redis|)(://|:/|:|//|:///|)",
        "(ann:|ann:[:/?#&=%]{0,3}|)",
        "[a-z:/?#&=%\\[\\], ]{0,4}",
        "([a-z/?#@&=%\\[\\], ]{0,4}@|@|%40)",
        "(127\\.0\\.0\\.1:9|127\\.0\\.0\\.1:x|127\\.0\\.0\\.1:99999|)(/[a-z]{0,3})?",
        prop_oneof![Just(""), Just("?password=S3CRET&"), Just("?tls=S3CRET2&token=S3CRET&")],
    );
    // The same addresses in every run.
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let config = Config { cases: RUNS, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng);
    let run = |(scheme, user, before, after, host, more): (String, String, String, String, String, &str)| {
        let more = more.replace("tls=S3CRET2&", "");
        let more = if more.is_empty() { "?".to_owned() } else { more };
        let address = format!("{scheme}{user}{before}{SECRET}{after}{host}{more}{query}");
        assert_hidden(&folder, &["import", "--store", &address], &[]);
        assert_hidden(&folder, &["cache", "stats", "--cache", &address], &[]);
        assert_hidden(&folder, &["import"], &[("OPONN_STORE", &address)]);
        assert_hidden(&folder, &["check", &address], &[]);
        assert_hidden(&folder, &["--config", &address, "check"], &[]);
        assert_hidden(&folder, &["serve", &address], &[]);
        assert_hidden(&folder, &["--listen", &address, "serve", "--store", "sqlite:x.db"], &[]);
        Ok(())
    };
    runner.run(&address, run).expect("no output has it");
}

#[test]
fn text_that_is_no_toml_is_not_repeated() {
    let folder = Folder::with_books();
    for (text, place) in [
        ("cache = redis://ann:S3CRET@h\n", "line 1"),
        ("listen = '127.0.0.1:0'\ncache = 'redis://ann:S3CRET@h\n", "line 2"),
        ("cache = \"redis://ann:S3CRET\\q@h\"\n", "line 1"),
        ("cache = 'redis://ann:S3CRET@h' x\n", "line 1"),
        ("cache = 'redis://ann:S3CRET@h'\ncache = 'redis://ann:S3CRET@h'\n", "line 2"),
        ("S3CRET\n", "line 1"),
        ("= 'S3CRET'\n", "line 1"),
        ("cache = '''\nS3CRET\n", "line"),
        ("[S3CRET\n", "line 1"),
        ("cache = S3CRET\n", "line 1"),
        ("cache = 1979-05-S3CRET\n", "line 1"),
    ] {
        folder.write("oponn.toml", text);
        let told = assert_hidden(&folder, &["check"], &[]);
        assert!(told.contains("oponn.toml is not valid TOML: ") && told.contains(place), "{told}");
        folder.write("oponn.toml", "");
        folder.write("loaders/other.toml", text);
        let told = assert_hidden(&folder, &["import"], &[]);
        assert!(told.contains("other.toml: this is not valid TOML: ") && told.contains(place), "{told}");
        folder.write("loaders/other.toml", &LOADER.replace("Book", "Nothing"));
    }
}

#[test]
fn settings_of_a_wrong_kind_are_masked() {
    let folder = Folder::with_books();
    for text in [
        "cache = ['redis://ann:S3CRET@h']",
        "cache = { url = 'redis://ann:S3CRET@h' }",
        "[[cache]]\nurl = 'redis://ann:S3CRET@h'",
        "[[cache]]\nurl = [{ a = 'S3CRET' }]",
        "'redis://ann:S3CRET@h' = 1",
        "['redis://ann:S3CRET@h']\na = 1",
        "store = 'redis:ann:S3CRET@h'",
        "traces = 'ftp://ann:S3CRET@h'",
        "listen = 'ann:S3CRET@h'",
        "deployment = 'redis://S3CRET@h'",
        "[cors]\norigins = ['https://ann:S3CRET@h']",
    ] {
        folder.write("oponn.toml", text);
        assert_hidden(&folder, &["check"], &[]);
    }
}

#[test]
fn secrets_of_loaders_are_in_no_message() {
    let folder = Folder::with_books();
    let loader = |source: &str| LOADER.replace("kind = 'json'\npath = 'books.json'", source);
    for source in [
        "kind = 'http'\nurl = 'http://ann:S3CRET@127.0.0.1:9/x?key=S3CRET#S3CRET'\nretries = 0",
        "kind = 'http'\nurl = 'http://127.0.0.1:9/x?key=${KEY}'\nretries = 1\nbackoff = '1ms'",
        "kind = 'http'\nurl = 'ftp://ann:S3CRET@127.0.0.1:9/'",
        "kind = 'http'\nurl = 'http://ann:S3CRET@127.0.0.1:99999/'",
        "kind = 'http'\nurl = 'http://127.0.0.1:9/'\nheaders = { a = \"S3CRET\\n\" }",
        "kind = 'http'\nurl = 'http://127.0.0.1:9/'\nheaders = { a = ['S3CRET'] }",
        "kind = 'http://ann:S3CRET@h'",
        "kind = 'http'\nurl = 'http://127.0.0.1:9/'\nretries = 'S3CRET'",
    ] {
        folder.write("loaders/books.toml", &loader(source));
        assert_hidden(&folder, &["import", "--log", "trace"], &[("KEY", SECRET)]);
    }
}

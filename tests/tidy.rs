//! Laws of the source tree that no compiler keeps: layers, sizes, and what must not be left behind.
//!
//! Every breach is told at once, with its place and what to do.

#[path = "tidy/code.rs"]
mod code;
#[path = "tidy/laws.rs"]
mod laws;

use std::fs;
use std::path::{Path, PathBuf};

use laws::Source;

#[test]
fn the_tree_keeps_its_laws() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        texts(&root.join(folder), &["rs"], &mut files);
    }
    assert!(files.len() > 20, "the source tree was found");
    files.sort();
    let mut breaches = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).expect("a source file is readable UTF-8");
        let path = file.strip_prefix(root).expect("it is in the tree");
        let path = path.to_string_lossy().replace('\\', "/");
        breaches.extend(laws::breaches(&Source::new(&path, &text)));
    }
    let count = breaches.len();
    assert!(breaches.is_empty(), "{count} breaches of the laws of the tree:\n\n{}\n", breaches.join("\n"));
}

/// The files in a folder whose names end so.
fn texts(folder: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() && !path.ends_with("node_modules") {
            texts(&path, extensions, found);
        } else if path.extension().is_some_and(|extension| extensions.iter().any(|known| extension == *known))
        {
            found.push(path);
        }
    }
}

#[test]
fn no_file_is_half_merged() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["bench", "docs", "k6", "scripts", "src", "tests"] {
        texts(&root.join(folder), &["js", "lua", "md", "mjs", "py", "rs", "sh", "toml"], &mut files);
    }
    files.extend(["CONTRIBUTING.md", "Cargo.toml", "Makefile", "README.md"].map(|name| root.join(name)));
    // Put together, so that this file has none.
    let marks = ["<", "|", ">"].map(|mark| mark.repeat(7) + " ");
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file is readable UTF-8");
        let marked = text.lines().position(|line| marks.iter().any(|mark| line.starts_with(mark)));
        assert_eq!(
            marked.map(|line| line + 1),
            None,
            "the line in {} where a merge was left",
            file.display()
        );
    }
}

#[test]
fn each_law_finds_its_breach() {
    let breaches = |path: &str, text: &str| laws::breaches(&Source::new(path, text));
    let found = |path: &str, text: &str, part: &str| {
        let all = breaches(path, &format!("//! For the test.\n{text}\n"));
        assert_eq!(all.len(), 1, "{path}: {text}: {all:?}");
        assert!(all[0].contains(part) && all[0].starts_with(path), "{all:?}");
    };
    let fine = |path: &str, text: &str| {
        let all = breaches(path, &format!("//! For the test.\n{text}\n"));
        assert!(all.is_empty(), "{path}: {text}: {all:?}");
    };
    assert_eq!(
        breaches("src/value.rs", "use std::fmt;\n").len(),
        1,
        "no first line that says what it is for"
    );
    found("src/value.rs", &"\n".repeat(399), "401 lines");
    found("src/store/mod.rs", "", "src/store.rs");

    found("src/store.rs", "use crate::cache::Cache;", "store must not import cache");
    found("src/cache/redis.rs", "fn f() { crate::store::f() }", "cache must not import store");
    found("src/query.rs", "use crate::{schema::Model, engine::Engine};", "query must not import engine");
    found("src/query/filter.rs", "use super::super::store::Store;", "query must not import store");
    found("src/graphql/a/b.rs", "use crate::importer::Loader;", "graphql must not import importer");
    found("src/metrics.rs", "use crate::store::Store;", "metrics must not import store");
    found("src/query.rs", "use std::{fmt, fs};", "std::fs");
    found("src/schema/load.rs", "async fn f() { tokio::spawn(g()) }", "tokio");
    fine("src/engine.rs", "use crate::{cache::Cache, store::Store, metrics};\nuse super::value::Id;");
    fine("src/store.rs", "#[cfg(test)]\nmod tests {\n    use crate::cache::Cache;\n}");
    fine("src/store.rs", "// use crate::cache::Cache;\nconst A: &str = \"crate::cache\";");
    fine("src/store/mongo/read.rs", "use super::super::Find;");

    for (text, part) in [
        ("// TO-DO: later", "TO-DO"),
        ("fn f() { unimple-mented!() }", "unimple-mented!"),
        ("#[ig-nore]", "ig-nore"),
    ] {
        found("src/value.rs", &text.replace('-', ""), &part.replace('-', ""));
    }
    let sleeping = "async fn f() { tokio::time::sleep(d).await }";
    found("tests/it/cli.rs", sleeping, "sleep");
    found("src/engine.rs", &format!("#[cfg(test)]\nmod tests {{ {sleeping} }}"), "sleep");
    fine("src/engine.rs", sleeping);
}

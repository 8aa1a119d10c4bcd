//! Every fault of a schema file, by golden fixtures: `UPDATE_GOLDEN=1` writes what is expected anew, to be
//! read in the diff.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use oponn::engine::load;
use oponn::schema::{Diagnostic, Model};

/// The schema files of a folder below `tests/schema`, sorted.
fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema").join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "graphql"));
    files.sort();
    assert!(!files.is_empty(), "{} has no fixtures", folder.display());
    files
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("fixtures have plain names")
}

/// Compares with the `.expected` file beside the fixture; says how they differ.
fn golden(fixture: &Path, actual: &str) -> Result<(), String> {
    let path = fixture.with_extension("expected");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, actual).expect("the fixtures' folder can be written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if expected == actual {
        return Ok(());
    }
    Err(format!("{}: expected\n{expected}\nbut got\n{actual}", path.display()))
}

fn check_all(results: impl IntoIterator<Item = Result<(), String>>) {
    let failures: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn faults_of(name: &str, bytes: &[u8]) -> Vec<Diagnostic> {
    load(name, bytes).err().unwrap_or_default()
}

fn model_of(source: &str) -> Model {
    load("schema.graphql", source.as_bytes()).unwrap_or_else(|faults| {
        panic!("{}", faults.iter().map(|fault| fault.render(source)).collect::<String>())
    })
}

/// Codes of the faults with their places.
fn places(source: &str) -> Vec<(&'static str, usize, usize)> {
    let faults = faults_of("schema.graphql", source.as_bytes());
    faults.iter().map(|fault| (fault.code, fault.line, fault.column)).collect()
}

#[test]
fn every_fault_is_reported_as_expected() {
    let mut codes = BTreeSet::new();
    check_all(fixtures("invalid").iter().map(|path| {
        let source = fs::read_to_string(path).expect("fixtures are text");
        let faults = faults_of(file_name(path), source.as_bytes());
        codes.extend(faults.iter().map(|fault| fault.code));
        let rendered: Vec<String> = faults.iter().map(|fault| fault.render(&source)).collect();
        if rendered.is_empty() {
            return Err(format!("{}: no fault was found", path.display()));
        }
        golden(path, &rendered.join("\n"))
    }));
    assert!(codes.len() >= 45, "only {} kinds of faults have fixtures: {codes:?}", codes.len());
}

#[test]
fn every_valid_file_means_what_is_expected() {
    check_all(fixtures("valid").iter().map(|path| {
        let source = fs::read_to_string(path).expect("fixtures are text");
        match load(file_name(path), source.as_bytes()) {
            Ok(model) => golden(path, &model.describe()),
            Err(faults) => Err(faults.iter().map(|fault| fault.render(&source)).collect()),
        }
    }));
}

#[test]
fn the_default_application_is_valid() {
    let model = model_of(include_str!("../../schema.graphql"));
    let names: Vec<&str> = model.collections.iter().map(|collection| &*collection.name).collect();
    assert_eq!(names, ["Bookstore", "Book", "Apple", "Orange"]);
    assert_eq!(model.members("Fruit").iter().map(|name| &**name).collect::<Vec<_>>(), ["Apple", "Orange"]);
}

#[test]
fn faults_come_in_the_order_of_the_file() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema/invalid/many-faults.graphql");
    let faults = faults_of("many-faults.graphql", &fs::read(path).expect("the fixture is there"));
    let places: Vec<(usize, usize)> = faults.iter().map(|fault| (fault.line, fault.column)).collect();
    assert!(places.len() >= 15 && places.is_sorted(), "{places:?}");
}

#[test]
fn a_fault_is_json_with_all_its_parts() {
    let faults = faults_of("shop.graphql", b"type Book @collection {\n  id: ID!\n  title: Sting\n}\n");
    assert_eq!(
        serde_json::to_value(&faults).expect("diagnostics are plain data"),
        serde_json::json!([{
            "file": "shop.graphql",
            "line": 3,
            "column": 10,
            "code": "unknown-type",
            "message": "there is no type `Sting`",
            "help": "did you mean `String`?",
        }])
    );
}

#[test]
fn columns_count_characters_whatever_the_encoding_and_line_ends() {
    let plain = "type Book @collection {\n  id: ID!\n  \"é𝄞\" title: Sting\n}\n";
    let expected = [("unknown-type", 3, 15)];
    assert_eq!(places(plain), expected);
    assert_eq!(places(&format!("\u{feff}{plain}")), expected, "byte-order mark");
    assert_eq!(places(&plain.replace('\n', "\r\n")), expected, "CRLF");
    assert_eq!(places(&plain.replace('\n', "\r")), expected, "CR");
    assert_eq!(places(&plain.replace("  ", "\t")), [("unknown-type", 3, 14)], "tabs");
    assert_eq!(places("\u{feff}typo"), [("syntax", 1, 1)], "a mark is no column");
    assert_eq!(places("\u{feff}type A \0"), [("nul-character", 1, 8)]);
}

#[test]
fn a_rendering_shows_the_line_with_a_caret() {
    let source = "\u{feff}type Book @collection {\r\n\tid: ID!\r\n\t\"é\" title: Sting\r\n}\r\n";
    let fault = &faults_of("shop.graphql", source.as_bytes())[0];
    assert_eq!(
        fault.render(source),
        "shop.graphql:3:13: error[unknown-type]: there is no type `Sting`\n\
         3 | \t\"é\" title: Sting\n  | \t           ^\n\
         help: did you mean `String`?\n"
    );
    let long = format!("{} {{", "x".repeat(300_000));
    let rendered = faults_of("long.graphql", long.as_bytes())[0].render(&long);
    assert!(rendered.len() < 1_000, "{}", rendered.len());
    let escape = "type Book \u{1b}[31m";
    let rendered = faults_of("escape.graphql", escape.as_bytes())[0].render(escape);
    assert!(!rendered.contains('\u{1b}'), "{rendered:?}");
}

#[test]
fn the_fingerprint_follows_the_meaning_only() {
    let one = model_of("type Book @collection { id: ID! title: String! price: Decimal @range(min: \"0\") }");
    let same = model_of(
        "# Books.\n\"A book.\"\ntype Book @collection(name: \"books\") {\n  \"Its id.\" id: ID!\n\
           price: Decimal @range(min: 0)\n  title: String!\n}",
    );
    let other =
        model_of("type Book @collection { id: ID! title: String! price: Decimal @range(min: \"1\") }");
    assert_eq!(one.fingerprint.len(), 16);
    assert!(one.fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(one.fingerprint, same.fingerprint);
    assert_ne!(one.fingerprint, other.fingerprint);
}

#[test]
fn hostile_files_are_refused() {
    let book = "type Book @collection { id: ID! }\n";
    let deep = |open: &str| open.repeat(300_000 / open.len());
    let chain: String = (0..40).map(|i| format!("type T{i} {{ a: T{} }} ", i + 1)).collect();
    let wide: String =
        (0..3).map(|i| format!("type W{i} {{ {} }} ", fields_of(&format!("W{}", i + 1)))).collect();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("file-too-large", b"# ".repeat(5_000_000)),
        ("not-utf8", b"type Book\xff @collection { id: ID! }".to_vec()),
        ("not-utf8", b"\xff\xfet\0y\0p\0e\0".to_vec()),
        ("nul-character", b"type Book\0 @collection { id: ID! }".to_vec()),
        ("nested-too-deeply", format!("type A {{ a: {} }}", deep("[")).into()),
        ("nested-too-deeply", format!("type A {{ a: JSON @default(value: {}) }}", deep("[")).into()),
        ("nested-too-deeply", format!("type A {{ a: JSON @default(value: {}) }}", deep("{a:")).into()),
        ("nested-too-deeply", deep("{a").into()),
        ("syntax", deep("}").into()),
        ("syntax", deep("\"\"\"").into()),
        ("syntax", deep("\u{1}").into()),
        ("syntax", deep("𝄞").into()),
        ("too-many-definitions", deep("type ").into()),
        ("syntax", default_of(r"\uD800").into()),
        ("syntax", default_of(r"\uD800\u0041").into()),
        ("syntax", default_of(r"\u{110000}").into()),
        ("syntax", default_of(r"\u{FFFFFFFFFFFFFFFF}").into()),
        ("syntax", default_of(r"\u12").into()),
        ("syntax", default_of(r"\").into()),
        ("too-many-definitions", deep(book).into()),
        ("too-many-members", format!("type A @collection {{ {} }}", deep("a: Int ")).into()),
        ("too-many-members", format!("enum A {{ {} }}", deep("A ")).into()),
        ("too-many-members", format!("type A {} {{ a: Int }}", deep("@index ")).into()),
        ("repeated-directive", format!("type A @collection {{ a: Int {} }}", deep("@readOnly ")).into()),
        ("embedded-cycle", format!("{book} type A {{ a: [A!]! }} ").into()),
        (
            "embedded-depth",
            format!("type B @collection {{ id: ID! a: T0 }} {chain} type T40 {{ a: Int }}").into(),
        ),
        (
            "too-many-orders",
            format!("type B @collection {{ id: ID! a: W0 }} {wide} type W3 {{ {} }}", fields_of("Int"))
                .into(),
        ),
        ("unknown-type", format!("type A @collection {{ id: ID! {} }}", fields_of("Strin")).into()),
    ];
    for (code, bytes) in cases {
        let faults = faults_of("hostile.graphql", &bytes);
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
        assert!(
            faults.iter().any(|fault| fault.code == code),
            "{code} is not among those of {text}: {faults:.3?}"
        );
        assert!(faults.len() <= 1_001, "{} faults of {text}", faults.len());
        let source = String::from_utf8_lossy(&bytes);
        faults.iter().take(3).for_each(|fault| drop(fault.render(&source)));
    }
}

/// A file with a string of this text in it.
fn default_of(text: &str) -> String {
    format!("type A @collection {{ id: ID! a: String @default(value: \"{text}\") }}")
}

/// Ten fields of a type.
fn fields_of(ty: &str) -> String {
    (0..10).map(|i| format!("f{i}: {ty} ")).collect()
}

#[test]
fn no_cut_or_changed_file_makes_it_panic() {
    let source = include_str!("../../schema.graphql");
    let places: Vec<usize> = source.char_indices().map(|(at, _)| at).collect();
    for at in places.into_iter().step_by(7) {
        let _ = load("cut.graphql", &source.as_bytes()[..at]);
        for put in ["\"", "}", "\\", "@", "é"] {
            let changed = format!("{}{put}{}", &source[..at], &source[at..]);
            if let Err(faults) = load("changed.graphql", changed.as_bytes()) {
                faults.iter().for_each(|fault| drop(fault.render(&changed)));
            }
        }
    }
}

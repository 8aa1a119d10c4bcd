//! Records that are not what they seem, of files of every kind.

use serde_json::{Value as Json, json};

use super::Silent;
use super::{Folder, counts, reasons};
use crate::support::app::TestApp;
use oponn::importer::{self, Options, Summary};

const SDL: &str = r#"
type Row @collection {
  id: ID! @id(as: STRING, client: true)
  tag: String @unique
  a: String
  n: Decimal
  texts: [String]
}
type Pair @collection @unique(fields: ["x", "y"]) {
  id: ID!
  x: String
  y: String
}
"#;

fn loader(source: &str, ty: &str, on: &str, fields: &[&str]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| format!("{field} = '{field}'\n")).collect();
    format!("[source]\n{source}\n[target]\ntype = '{ty}'\non = '{on}'\n[fields]\n{}", fields.concat())
}

fn csv(more: &str) -> String {
    format!("kind = 'csv'\npath = 'rows'\n{more}")
}

const NDJSON: &str = "kind = 'ndjson'\npath = 'rows'\n";

#[tokio::test]
async fn a_record_without_its_key_is_rejected_each_time() {
    for (ty, on, fields, rows) in [
        ("Row", "tag", &["id", "tag", "a"][..], "id,tag,a\n1,,n1\n2,t,ok\n3,,n2\n4,,n1\n"),
        ("Row", "id", &["id", "a"], "id,a\n,n1\n2,ok\n,n2\n"),
        ("Pair", "xY", &["x", "y"], "x,y\n1,\n1,1\n,1\n,\n1,\n"),
    ] {
        let rejected = rows.lines().count() as u64 - 2;
        for dry_run in [true, false] {
            let app = TestApp::new(SDL).await;
            let folder = Folder::new(&[("rows.toml", &loader(&csv(""), ty, on, fields)), ("rows", rows)]);
            for run in 0..3_u64 {
                let loaders = folder.load(&app, &[]).expect("the loader is right");
                let options = Options { dry_run, ..Options::default() };
                let summaries =
                    importer::run(&app.engine, loaders, options, &mut Silent).await.expect("it runs");
                let Summary { created, unchanged, fit, rejected: bad, .. } = &summaries[0];
                let expected = if dry_run { (0, 0, 1) } else { (1 - run.min(1), run.min(1), 0) };
                assert_eq!((*created, *unchanged, *fit), expected, "{on}: {summaries:?}");
                assert_eq!(*bad, rejected, "{on}: {summaries:?}");
                for (_, reason) in reasons(&summaries[0]) {
                    assert!(reason.contains("it must be given and not null"), "{reason}");
                }
            }
        }
    }
}

#[tokio::test]
async fn numbers_become_texts_as_they_are_written() {
    let app = TestApp::new(SDL).await;
    let huge = "9".repeat(400);
    let numbers = ["1E5", "1e5", "1e-05", "-0", "1.0", "-1.50E+007", "1e400", &huge, "[1E5, 2.0]"];
    let field = |text: &str| if text.starts_with('[') { "texts" } else { "a" };
    let line = |(n, text): (usize, &&str)| format!("{{\"id\": {n}E0, \"{}\": {text}}}", field(text));
    let lines: Vec<String> = numbers.iter().enumerate().map(line).collect();
    let json = format!("[{}]", lines.join(", "));
    for (kind, text) in [("ndjson", lines.join("\n")), ("json", json)] {
        let source = format!("kind = '{kind}'\npath = 'rows'");
        let fields = ["id", "a", "texts"];
        let folder = Folder::new(&[("rows.toml", &loader(&source, "Row", "id", &fields)), ("rows", &text)]);
        let summaries = folder.run(&app).await;
        assert!(summaries[0].is_clean(), "{summaries:?}");
        for (n, text) in numbers.iter().enumerate() {
            let row = format!("{{ row(id: \"{n}E0\") {{ a texts }} }}");
            let row = app.data(&row, Json::Null).await["row"].take();
            let expected = match field(text) {
                "a" => json!({"a": text, "texts": null}),
                _ => json!({"a": null, "texts": ["1E5", "2.0"]}),
            };
            assert_eq!(row, expected);
        }
    }
}

#[tokio::test]
async fn an_encoding_is_known_by_its_mark() {
    let [csv_rows, ndjson, json] =
        ["id,a\n1,é\n", "{\"id\": \"1\", \"a\": \"é\"}\n", "[{\"id\": \"1\", \"a\": \"é\"}]"];
    for (source, text) in [
        (csv(""), csv_rows),
        (csv("header = ['id', 'a']"), "1,é\n"),
        (csv(""), "\"id\",a\n1,é\n"),
        (NDJSON.to_owned(), ndjson),
        ("kind = 'json'\npath = 'rows'".to_owned(), json),
    ] {
        let app = TestApp::new(SDL).await;
        let folder = Folder::new(&[("rows.toml", &loader(&source, "Row", "id", &["id", "a"]))]);
        folder.write("rows", &format!("\u{feff}{text}"));
        assert_eq!(counts(&folder.run(&app).await), [("rows", 1, 0, 0, 0)], "{source}");
        let row = app.data("{ row(id: \"1\") { a } }", Json::Null).await;
        assert_eq!(row["row"]["a"], "é");
        for (mark, big) in [(true, true), (true, false), (false, true), (false, false)] {
            let text = if mark { format!("\u{feff}{text}") } else { text.to_owned() };
            let units = text.encode_utf16();
            let bytes: Vec<u8> =
                units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect();
            std::fs::write(folder.path().join("rows"), bytes).expect("the file can be written");
            let summaries = folder.run(&app).await;
            let failure = summaries[0].failure.as_deref().unwrap_or_default();
            assert!(failure.contains("UTF-16 or UTF-32; save it as UTF-8"), "{source}: {summaries:?}");
        }
    }
}

#[tokio::test]
async fn what_a_csv_file_does_not_say_is_not_guessed() {
    for (more, rows, counted, reason, failure) in [
        // Unclosed quotes.
        ("", "id,a\n1,x\n2,\"y\n3,z\n", 1, "", "line 3 is never closed"),
        ("", "id,a\n1,x\n\"2,y\n3,z\n", 1, "", "line 3 is never closed"),
        ("", "\"id,a\n1,x\n", 0, "", "line 1 is never closed"),
        ("", "id,a\n1,\"x\n2,\"y\"\n3,z\n", 1, "line 2: text stands behind a closing quote", ""),
        ("", "id,a\n1,\"x\"z\n3,z\n", 1, "line 2: text stands behind a closing quote", ""),
        ("", "id,a\n1,\"x\"\n3,\"z\"", 2, "", ""),
        // Names of columns.
        ("", "id,a,a\n1,x,y\n", 0, "", "two columns are called `a`"),
        ("", "id,a,b,b\n1,x,y,z\n", 0, "", "two columns are called `b`"),
        ("", "id, a,a\n1,x,y\n", 0, "", "two columns are called `a`"),
        ("", "id,a,,\n1,x,y,z\n", 1, "", ""),
        ("header = ['id', 'a']", "1,x\n", 1, "", ""),
        // Bounds.
        (
            "max_record = '20B'",
            "id,a\n1,12345678901234567\n2,x\n1234,1234567890123456\n",
            2,
            "",
            "raise `max_record`",
        ),
        ("max_record = '20B'", "id,a\n1,123456789012345678\n2,x\n", 2, "", ""),
        ("", "", 0, "", ""),
        ("", "id,a\n", 0, "", ""),
        ("", "id,a\n1\n2,x\n", 1, "the line has 1 values for 2 columns", ""),
    ] {
        let app = TestApp::new(SDL).await;
        let files = [("rows.toml", &*loader(&csv(more), "Row", "id", &["id", "a"])), ("rows", rows)];
        let summaries = Folder::new(&files).run(&app).await;
        assert_eq!(summaries[0].created, counted, "{rows:?}: {summaries:?}");
        let told = reasons(&summaries[0]).first().map_or("", |(_, reason)| *reason);
        assert!(told.contains(reason) && told.is_empty() == reason.is_empty(), "{rows:?}: {summaries:?}");
        let failed = summaries[0].failure.as_deref().unwrap_or_default();
        assert!(
            failed.contains(failure) && failed.is_empty() == failure.is_empty(),
            "{rows:?}: {summaries:?}"
        );
    }
    let app = TestApp::new(SDL).await;
    let rows = loader(&csv("header = ['id', 'a', 'a']"), "Row", "id", &["id", "a"]);
    let faults = Folder::new(&[("rows.toml", &rows), ("rows", "")]).load(&app, &[]).err().expect("faulty");
    assert_eq!(faults, ["rows.toml: source.header: two columns are called `a`; rename one of them"]);
}

#[tokio::test]
async fn lines_that_are_too_long_are_rejected_and_the_next_are_taken() {
    let app = TestApp::new(SDL).await;
    let line =
        |id: usize, length: usize| format!("{{\"id\": \"{id}\", \"a\": \"{}\"}}", "x".repeat(length - 20));
    let source = format!("{NDJSON}max_record = '100KB'");
    let lines: Vec<String> = [100, 100_000, 100_001, 100_002, 1_000_000, 100, 100_001]
        .into_iter()
        .enumerate()
        .map(|(id, length)| line(id, length))
        .collect();
    let rows = loader(&source, "Row", "id", &["id", "a"]);
    let folder = Folder::new(&[("rows.toml", &rows), ("rows", &lines.join("\n"))]);
    let summaries = folder.run(&app).await;
    assert_eq!(counts(&summaries), [("rows", 3, 0, 0, 4)]);
    let told: Vec<u64> = reasons(&summaries[0]).iter().map(|(record, _)| *record).collect();
    assert_eq!(told, [3, 4, 5, 7]);
    for reject in &summaries[0].rejects {
        assert!(reject.reason.contains("more than 100000 bytes; raise `max_record`"), "{}", reject.reason);
        assert!(reject.source.to_string().len() < 1_000, "only the beginning is kept");
    }
}

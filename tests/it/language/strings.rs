//! String literals: every escape, block strings, and what is none.

use serde_json::{Value as Json, json};

use super::refused;
use crate::support::app::TestApp;

const SDL: &str = "type Part { text: String! }
    type Note @collection {
      id: ID! @id(as: STRING, client: true)
      text: String
      texts: [String!]
      part: Part
      extra: JSON
    }";

/// Literals and what they say.
const STRINGS: &[(&str, &str)] = &[
    (r#""""#, ""),
    (r#""a""#, "a"),
    (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
    (r#""\\n\\u0041""#, "\\n\\u0041"),
    (r#""\u0041\u00e9\u00E9\u4E2d""#, "Aéé中"),
    (r#""\u0000\u001f\u007f""#, "\0\u{1f}\u{7f}"),
    (r#""\uD7FF\uE000\uFFFF""#, "\u{d7ff}\u{e000}\u{ffff}"),
    (r#""\ud83d\ude00""#, "😀"),
    (r#""a\uD83D\uDE00\uD834\uDD1Eb""#, "a😀𝄞b"),
    (r#""\ud800\udc00\udbff\udfff""#, "\u{10000}\u{10ffff}"),
    (r#""\u{1F600}""#, "😀"),
    (r#""\u{41}\u{0}\u{00000041}\u{e9}\u{10FFFF}""#, "A\0Aé\u{10ffff}"),
    (r#""\u{D7FF}\u{e000}""#, "\u{d7ff}\u{e000}"),
    (r#""\u{1F600}\ud83d\ude00\u0041\n""#, "😀😀A\n"),
    (r#""\u00411""#, "A1"),
    (r#""😀 é	# no comment {} $v \"""#, "😀 é\t# no comment {} $v \""),
    (r#""'`""#, "'`"),
    ("\"\u{feff}\u{2028}\u{2029}\u{85}\"", "\u{feff}\u{2028}\u{2029}\u{85}"),
    // Block strings: one escape, and indentation that all lines share is none of theirs.
    (r#""""""""#, ""),
    (r#""""a""""#, "a"),
    (r#""""a \""" b""""#, "a \"\"\" b"),
    (r#""""\"""""""#, "\"\"\""),
    (r#""""a"b""c""""#, "a\"b\"\"c"),
    (r#""""\n\t\\ \u0041 \u{41} \x""""#, r"\n\t\\ \u0041 \u{41} \x"),
    (r#""""  a  """"#, "  a  "),
    ("\"\"\"\n  a\n    b\n\n  c\n\"\"\"", "a\n  b\n\nc"),
    ("\"\"\"a\n    b\n  c\"\"\"", "a\n  b\nc"),
    ("\"\"\"\n\n \t \n\ta\n\t\tb\n  \n\"\"\"", "a\n\tb"),
    ("\"\"\"\r\n  a\r\n  b\r  c\r\n\"\"\"", "a\nb\nc"),
    ("\"\"\"\n\n\"\"\"", ""),
    ("\"\"\"   \n   \"\"\"", ""),
    ("\"\"\"\n    a\n  \\\"\"\"\n    b\n\"\"\"", "  a\n\"\"\"\n  b"),
    ("\"\"\"é\n  😀\n  # no comment\"\"\"", "é\n😀\n# no comment"),
    ("\"\"\"\n  a  \n  b\t\n\"\"\"", "a  \nb\t"),
    ("\"\"\"\u{2028}a\n \u{a0}b\"\"\"", "\u{2028}a\n\u{a0}b"),
];

/// What is no string, or not one alone.
const NONE: &[&str] = &[
    r#"""#,
    r#""a"#,
    r#"a""#,
    r#""\""#,
    r#""\x""#,
    r#""\'""#,
    r#""\0""#,
    r#""\N""#,
    r#""\ ""#,
    r#""\u""#,
    r#""\u12""#,
    r#""\u004""#,
    r#""\u004g""#,
    r#""\u+041""#,
    r#""\U0041""#,
    r#""\ud83d""#,
    r#""\ude00""#,
    r#""\ud83da""#,
    r#""\ud83d\n""#,
    r#""\ud83d\u0041""#,
    r#""\ude00\ud83d""#,
    r#""\ud83d\ud83d\ude00""#,
    r#""\ud83d \ude00""#,
    r#""\ud83d\u{de00}""#,
    r#""\u{d83d}\u{de00}""#,
    r#""\u{d83d}\ude00""#,
    r#""\u{}""#,
    r#""\u{ 41}""#,
    r#""\u{41""#,
    r#""\u{41 }""#,
    r#""\u{4_1}""#,
    r#""\u{g}""#,
    r#""\u{-1}""#,
    r#""\u{D800}""#,
    r#""\u{DFFF}""#,
    r#""\u{110000}""#,
    r#""\u{100000041}""#,
    r#""\u{FFFFFFFFFFFFFFFFFFFF}""#,
    "\"a\nb\"",
    "\"a\rb\"",
    "\"a\\\nb\"",
    r#""""a"#,
    r#""""a""#,
    r#""""a"""#,
    r#""""a\""""#,
    r#"'a'"#,
    r#"`a`"#,
];

#[tokio::test(flavor = "multi_thread")]
async fn a_literal_says_what_is_written() {
    let app = TestApp::new(SDL).await;
    for (place, (literal, text)) in STRINGS.iter().enumerate() {
        let id = place.to_string();
        let written = format!(
            "mutation {{ createNote(input: {{id: \"{id}\", text: {literal}, texts: [{literal} {literal}, \"x\"],
                part: {{text:{literal}}}, extra: {{a: [{literal}]}}}}) {{ text texts part {{ text }} extra }} }}"
        );
        let expected = json!({
            "text": text, "texts": [text, text, "x"], "part": {"text": text}, "extra": {"a": [text]},
        });
        assert_eq!(app.data(&written, Json::Null).await["createNote"], expected, "{literal}");
        let by_default = format!(
            "mutation($t: String = {literal}, $p: PartInput = {{text: {literal}}}) {{
                updateNote(id: \"{id}\", set: {{text: $t, part: $p}}) {{ text part {{ text }} }} }}"
        );
        let expected = json!({"text": text, "part": {"text": text}});
        assert_eq!(app.data(&by_default, Json::Null).await["updateNote"], expected, "{literal}");
        for filter in [
            format!("{{text: {{eq: {literal}}}}}"),
            format!("{{texts: {{hasAll: [{literal},{literal}]}}, part: {{text: {{in: [{literal}]}}}}}}"),
        ] {
            let found = format!("{{ notes(first: 100, where: {filter}) {{ nodes {{ text }} }} }}");
            let nodes = app.data(&found, Json::Null).await["notes"]["nodes"].take();
            let nodes = nodes.as_array().expect("a list").clone();
            assert!(
                !nodes.is_empty() && nodes.iter().all(|node| node["text"] == *text),
                "{found}: {nodes:?}"
            );
        }
        // The same by a variable, and as an id.
        let by_variable = "query($t: String) { notes(first: 100, where: {text: {eq: $t}}) { nodes { id } } }";
        let nodes = app.data(by_variable, json!({ "t": text })).await["notes"]["nodes"].take();
        assert!(
            nodes.as_array().is_some_and(|nodes| nodes.contains(&json!({ "id": id }))),
            "{literal}: {nodes}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_string_is_refused() {
    let app = TestApp::new(SDL).await;
    app.data("mutation { createNote(input: {id: \"a\", text: \"x\"}) { id } }", Json::Null).await;
    for literal in NONE {
        for text in [
            format!("mutation {{ updateNote(id: \"a\", set: {{text: {literal}}}) {{ id }} }}"),
            format!("mutation {{ updateNote(id: \"a\", set: {{extra: [{{a: {literal}}}]}}) {{ id }} }}"),
            format!("mutation {{ createNote(input: {{id: {literal}}}) {{ id }} }}"),
            format!(
                "mutation($t: String = {literal}) {{ updateNote(id: \"a\", set: {{text: $t}}) {{ id }} }}"
            ),
            format!("{{ notes(where: {{text: {{in: [\"x\", {literal}]}}}}) {{ totalCount }} }}"),
        ] {
            refused(&app, &text, Json::Null).await;
        }
    }
    let notes = app.data("{ notes { nodes { id text extra } } }", Json::Null).await;
    assert_eq!(notes["notes"]["nodes"], json!([{"id": "a", "text": "x", "extra": null}]));
}

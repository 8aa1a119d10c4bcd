//! What is wrong with routes is told before the server listens, all at once, with places.

use serde_json::Value as Json;

use crate::support::program::Folder;

fn with(operations: &str) -> Folder {
    let folder = Folder::new();
    folder.write("schema.graphql", super::SDL);
    folder.write("operations/all.graphql", operations);
    folder
}

/// Line, code and message of each fault.
fn faults(folder: &Folder) -> Vec<(u64, String, String)> {
    let ran = folder.run(&["check", "--format", "json"]);
    let all: Json = serde_json::from_str(&ran.out()).expect("JSON");
    let text = |fault: &Json, name: &str| fault[name].as_str().unwrap_or_default().to_owned();
    let all = all.as_array().expect("a list").iter();
    all.map(|fault| (fault["line"].as_u64().unwrap_or_default(), text(fault, "code"), text(fault, "message")))
        .collect()
}

/// One line each: what stands behind the operation's variables, and what is wrong with it.
const WRONG: [(&str, &str); 38] = [
    ("query A @rest(path: \"/a\") { T }", "`@rest` needs `method`"),
    ("query A @rest(method: GET) { T }", "`@rest` needs `path`"),
    ("query A @rest(method: HEAD, path: \"/a\") { T }", "is no method of a route"),
    ("query A @rest(method: GET, path: \"a\") { T }", "the path `a` is none"),
    ("query A @rest(method: GET, path: \"/\") { T }", "the path `/` is none"),
    ("query A @rest(method: GET, path: \"/a/\") { T }", "the path has a part ``"),
    ("query A @rest(method: GET, path: \"/a//b\") { T }", "the path has a part ``"),
    ("query A @rest(method: GET, path: \"/a/../b\") { T }", "the path has a part `..`"),
    ("query A @rest(method: GET, path: \"/a b\") { T }", "the path has a part `a b`"),
    ("query A @rest(method: GET, path: \"/a{b}\") { T }", "the path has a part `a{b}`"),
    ("query A($b: String!) @rest(method: GET, path: \"/{b}/{b}\") { B }", "has `{b}` twice"),
    ("query A @rest(method: GET, path: \"/graphql/x\") { T }", "paths of its own at `/graphql`"),
    ("query A @rest(method: GET, path: \"/openapi.json\") { T }", "paths of its own"),
    ("query A @rest(method: GET, path: \"/a/{c}\") { T }", "no variable `$c`"),
    ("query A @rest(method: GET, path: \"/a\", pth: \"/b\") { T }", "no argument `pth`"),
    ("query A @rest(method: GET, path: \"/a\", query: [c]) { T }", "no variable `$c`"),
    ("query A @rest(method: GET, path: \"/a\", query: 1) { T }", "`query` has to be names"),
    (
        "query A($b: String!, $c: Int) @rest(method: GET, path: \"/a\", query: {b: \"x\", c: \"x\"}) { C }",
        "the name `x`",
    ),
    (
        "query A($b: String!) @rest(method: GET, path: \"/a\", headers: {b: \"Authorization\"}) { B }",
        "cannot be a variable",
    ),
    (
        "query A($b: String!) @rest(method: GET, path: \"/a\", headers: {b: \"x y\"}) { B }",
        "cannot be a variable",
    ),
    ("query A($b: String!) @rest(method: GET, path: \"/a\", body: \"b\") { B }", "has no body"),
    ("query A($b: String!) @rest(method: GET, path: \"/a\", query: []) { B }", "`$b` has no place"),
    ("query A($b: String!) @rest(method: GET, path: \"/{b}\", query: [b]) { B }", "`$b` has several places"),
    ("query A($b: BookWhere) @rest(method: GET, path: \"/a\") { W }", "does not fit into an address"),
    ("query A($b: [String!]) @rest(method: GET, path: \"/{b}\") { I }", "a list does not fit into a path"),
    ("query A @rest(method: PUT, path: \"/a\") { T }", "a query cannot be a PUT"),
    ("mutation A @rest(method: GET, path: \"/a\") { M }", "a mutation cannot be a GET"),
    (
        "query A @rest(method: GET, path: \"/a\", result: \"books.node\") { T }",
        "there is no `node` in the data",
    ),
    ("query A @rest(method: GET, path: \"/a\", result: \"books..nodes\") { T }", "is no path in the data"),
    ("query A @rest(method: GET, path: \"/a\", status: 404) { T }", "`status` cannot be 404"),
    ("query A @rest(method: GET, path: \"/a\", status: 206) { T }", "`status` cannot be 206"),
    ("query A @rest(method: GET, path: \"/a\", result: \"books\", status: 204) { T }", "has no body"),
    (
        "query A @rest(method: GET, path: \"/a\", result: \"books\", empty: 404) { T }",
        "the result is never null",
    ),
    ("query A @rest(method: GET, path: \"/a\", errors: {NOPE: 404}) { T }", "there is no code `NOPE`"),
    (
        "query A @rest(method: GET, path: \"/a\", errors: {CONFLICT: 200}) { T }",
        "`CONFLICT` cannot have this status",
    ),
    ("query A @claim(name: \"sub\") { T }", "`@claim` belongs to a variable"),
    ("query A($b: String! @claim) { B }", "needs the name of a claim"),
    (
        "query A($b: String! @claim(name: \"sub\")) @rest(method: GET, path: \"/{b}\") { B }",
        "is a claim of the sender",
    ),
];

#[test]
fn all_faults_are_told_at_once_with_their_places() {
    let selections = [
        ("{ T }", "{ books { nodes { title } } }"),
        ("{ B }", "{ bookByIsbn(isbn: $b) { title } }"),
        ("{ C }", "{ books(where: {isbn: {eq: $b}}, first: $c) { totalCount } }"),
        ("{ W }", "{ books(where: $b) { totalCount } }"),
        ("{ I }", "{ books(where: {isbn: {in: $b}}) { totalCount } }"),
        ("{ M }", "{ createNote(input: {text: \"a\"}) { text } }"),
    ];
    let line = |(number, (text, _)): (usize, &(&str, &str))| {
        let mut text = text.replacen(" A", &format!(" A{number}"), 1);
        for (short, whole) in selections {
            text = text.replace(short, whole);
        }
        text + "\n"
    };
    let text: String = WRONG.iter().enumerate().map(line).collect();
    let told = faults(&with(&text));
    for (number, (written, part)) in WRONG.iter().enumerate() {
        let own: Vec<_> = told.iter().filter(|(line, ..)| *line == number as u64 + 1).collect();
        assert!(own.iter().any(|(.., message)| message.contains(part)), "{written}: {own:?}");
    }
    assert_eq!(told.len(), WRONG.len(), "{told:?}");
}

#[test]
fn routes_that_collide_are_a_fault_and_others_are_not() {
    let right = "query A($b: String!) @rest(method: GET, path: \"/a/{b}\") { bookByIsbn(isbn: $b) { title } }\n\
                 query C @rest(method: GET, path: \"/a/c\") @rest(method: GET, path: \"/c\") { books { totalCount } }\n";
    with(right).run(&["check"]).assert(0, "2 documents, 3 routes", "");
    let other =
        "query D($c: String!) @rest(method: GET, path: \"/a/{c}\") { bookByIsbn(isbn: $c) { title } }\n";
    let folder = with(&format!("{right}{other}"));
    let told = faults(&folder);
    assert!(
        matches!(&told[..], [(3, code, message)] if code == "rest" && message.contains("`A` has the route GET /a/{b}")),
        "{told:?}"
    );
    folder.run(&["serve", "--listen", "127.0.0.1:0"]).assert(1, "", "all.graphql:3:");
}

//! GraphQL over HTTP as graphql-http's audit understands it. `tests/audit` runs that in Node.js; here are the
//! server that it asks, and what is not followed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use super::support::program::Folder;

/// The audit wants `application/json` for `*/*` and for no `accept` at all, as it was before the specification
/// had `application/graphql-response+json` for servers to choose. What it says now: a server may choose where
/// `accept` leaves it the choice, and without one may answer with what it supports.
const NOT_FOLLOWED: [(&str, &str); 2] = [
    ("47DE", "SHOULD accept */* and use application/json for the content-type"),
    ("80D8", "SHOULD assume application/json content-type when accept is missing"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_of_graphql_over_http_is_passed() {
    let audit = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/audit");
    assert!(
        audit.join("node_modules/graphql-http").exists(),
        "graphql-http is not installed: `make test` does it, or `npm ci --prefix tests/audit`"
    );
    let folder = Folder::with_books();
    let serving = folder.serve(&["--store=sqlite:books.db"]);
    let mut command = Command::new("node");
    command.arg(audit.join("audit.js")).arg(format!("http://{}/graphql", serving.address));
    let done = command.output().expect("node is installed: `make test` does it");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{}\n{out}\n{err}", done.status);

    let (mut counts, mut failed) = (BTreeMap::<String, usize>::new(), Vec::new());
    for line in out.lines() {
        let result: Json = serde_json::from_str(line).expect("one JSON object a line");
        let text = |name: &str| result[name].as_str().unwrap_or_default().to_owned();
        let demand = ["MUST", "SHOULD", "MAY"].into_iter().find(|word| text("name").starts_with(word));
        *counts
            .entry(format!("{} {}", demand.expect("a word of the specification"), text("status")))
            .or_default() += 1;
        if text("status") != "ok" {
            failed.push((text("id"), text("name")));
        }
    }
    println!("{counts:?}, {} in all", out.lines().count());
    let expected = NOT_FOLLOWED.map(|(id, name)| (id.to_owned(), name.to_owned()));
    assert_eq!(failed, expected, "{out}");
    assert!(out.lines().count() > 50, "the audit has asked everything: {out}");
}

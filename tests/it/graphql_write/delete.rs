//! Deleting documents, and what becomes of those that point to them.

use serde_json::{Value as Json, json};

use super::{On, faults, ids};

on_every_place!(
    the_document_is_given_as_it_was,
    blockers_are_counted,
    cascades_go_down_level_by_level,
    a_blocker_below_a_cascade_keeps_everything,
    keys_are_cleared,
    a_version_that_is_not_there_spares_the_children,
    a_ring_can_be_deleted,
    a_long_chain_can_be_deleted,
    what_is_deleted_along_does_not_block,
    many_children_are_deleted,
    many_parents_are_deleted_with_their_children,
);

const SDL: &str = r#"
type Author @collection {
  id: ID! @id(as: STRING, client: true)
  name: String
  cycles: [Cycle!]! @hasMany(field: "authorId", onDelete: CASCADE)
  prizes: [Prize!]! @hasMany(field: "authorId", onDelete: SET_NULL)
  version: Int! @version
}

type Cycle @collection {
  id: ID! @id(as: STRING, client: true)
  authorId: ID!
  author: Author! @belongsTo(field: "authorId")
  volumes: [Volume!]! @hasMany(field: "cycleId", onDelete: CASCADE)
}

type Volume @collection {
  id: ID! @id(as: STRING, client: true)
  cycleId: ID!
  loans: [Loan!]! @hasMany(field: "volumeId", onDelete: RESTRICT)
}

type Loan @collection { id: ID! @id(as: STRING, client: true) volumeId: ID! }

type Prize @collection {
  id: ID! @id(as: STRING, client: true)
  authorId: ID
  author: Author @belongsTo(field: "authorId")
  changed: DateTime! @updatedAt
  version: Int! @version
}
"#;

const LISTS: &str = "{
    authors { nodes { id } } cycles { nodes { id } } volumes { nodes { id } } loans { nodes { id } }
    prizes { nodes { id authorId author { id } version } }
    of: author(id: \"a\") { cycles { nodes { id volumes { nodes { id } } } totalCount } prizes { totalCount } }
}";

/// Two authors `a` and `b`, each with two cycles of two volumes, `a1` to `b22`, and a prize.
async fn library(app: &crate::support::app::TestApp) {
    let text = "mutation($authors: [AuthorInput!]!, $cycles: [CycleInput!]!, $volumes: [VolumeInput!]!, $prizes: [PrizeInput!]!) {
        createAuthors(inputs: $authors) { id } createCycles(inputs: $cycles) { id }
        createVolumes(inputs: $volumes) { id } createPrizes(inputs: $prizes) { id } }";
    let (mut authors, mut cycles, mut volumes, mut prizes) = (vec![], vec![], vec![], vec![]);
    for a in ["a", "b"] {
        authors.push(json!({"id": a, "name": a}));
        prizes.push(json!({"id": a, "authorId": a}));
        for s in 1..=2 {
            cycles.push(json!({"id": format!("{a}{s}"), "authorId": a}));
            for v in 1..=2 {
                volumes.push(json!({"id": format!("{a}{s}{v}"), "cycleId": format!("{a}{s}")}));
            }
        }
    }
    app.data(text, json!({"authors": authors, "cycles": cycles, "volumes": volumes, "prizes": prizes})).await;
}

async fn the_document_is_given_as_it_was(on: On) {
    let app = on.app(SDL).await;
    library(&app).await;
    let text = r#"mutation {
        deleteVolume(id: "a11") { id cycleId loans { totalCount } }
        deleteAuthor(id: "b") { id name version cycles { totalCount } }
        again: deleteVolume(id: "a11") { id }
    }"#;
    let done = app.query(text, json!({})).await;
    assert_eq!(
        done["data"]["deleteVolume"],
        json!({"id": "a11", "cycleId": "a1", "loans": {"totalCount": 0}})
    );
    assert_eq!(
        done["data"]["deleteAuthor"],
        json!({"id": "b", "name": "b", "version": 1, "cycles": {"totalCount": 0}})
    );
    assert_eq!(faults(&done), json!([{"code": "NOT_FOUND", "path": ["again"]}]));
    let found = app.data("{ volume(id: \"a11\") { id } author(id: \"b\") { id } }", json!({})).await;
    assert_eq!(found, json!({"volume": null, "author": null}));
}

async fn blockers_are_counted(on: On) {
    let app = on.app(SDL).await;
    library(&app).await;
    let text = r#"mutation {
        createLoans(inputs: [{id: "1", volumeId: "a11"}, {id: "2", volumeId: "a11"}, {id: "3", volumeId: "a12"}]) { id }
        one: deleteVolume(id: "a11") { id }
        two: deleteVolume(id: "a12") { id }
    }"#;
    let refused = app.query(text, json!({})).await;
    let blocked = |path: &str, blockers: u64| json!({"code": "CONFLICT", "field": "volumeId", "blockers": blockers, "path": [path]});
    assert_eq!(faults(&refused), json!([blocked("one", 2), blocked("two", 1)]));
    let text = "mutation { all: deleteVolumes(where: {cycleId: {eq: \"a1\"}}) { count } }";
    assert_eq!(faults(&app.query(text, json!({})).await), json!([blocked("all", 3)]));
    let text = "mutation { deleteLoans(where: {}, all: true) { count } deleteVolumes(where: {cycleId: {eq: \"a1\"}}) { count } }";
    let done = app.data(text, json!({})).await;
    assert_eq!(done, json!({"deleteLoans": {"count": 3}, "deleteVolumes": {"count": 2}}));
}

async fn cascades_go_down_level_by_level(on: On) {
    let app = on.app(SDL).await;
    library(&app).await;
    app.data(LISTS, json!({})).await;
    app.data("mutation { deleteAuthor(id: \"a\") { id } }", json!({})).await;
    let found = app.data(LISTS, json!({})).await;
    assert_eq!(ids(&found["authors"]), ["b"]);
    assert_eq!(ids(&found["cycles"]), ["b1", "b2"]);
    assert_eq!(ids(&found["volumes"]), ["b11", "b12", "b21", "b22"]);
    assert_eq!(found["of"], json!(null));
}

async fn a_blocker_below_a_cascade_keeps_everything(on: On) {
    let app = on.app(SDL).await;
    library(&app).await;
    app.data("mutation { createLoan(input: {id: \"1\", volumeId: \"a22\"}) { id } }", json!({})).await;
    let before = app.data(LISTS, json!({})).await;
    let text = "mutation { one: deleteAuthor(id: \"a\") { id } }";
    let expected = json!([{"code": "CONFLICT", "field": "volumeId", "blockers": 1, "path": ["one"]}]);
    assert_eq!(faults(&app.query(text, json!({})).await), expected);
    assert_eq!(app.data(LISTS, json!({})).await, before);
    let text = "mutation { one: deleteAuthors(where: {}, all: true) { count } }";
    assert_eq!(faults(&app.query(text, json!({})).await), expected);
    assert_eq!(app.data(LISTS, json!({})).await, before);
}

async fn keys_are_cleared(on: On) {
    let app = on.app(SDL).await;
    library(&app).await;
    app.data(LISTS, json!({})).await;
    let look =
        "{ prize(id: \"a\") { changed } free: prizes(where: {authorId: {eq: null}}) { nodes { id } } }";
    let before = app.data(look, json!({})).await;
    assert_eq!(before["free"]["nodes"], json!([]));
    app.data("mutation { deleteAuthor(id: \"a\") { id } }", json!({})).await;
    let found = app.data(LISTS, json!({})).await;
    let expected = json!([
        {"id": "a", "authorId": null, "author": null, "version": 2},
        {"id": "b", "authorId": "b", "author": {"id": "b"}, "version": 1},
    ]);
    assert_eq!(found["prizes"]["nodes"], expected);
    let after = app.data(look, json!({})).await;
    assert_eq!(ids(&after["free"]), ["a"]);
    assert!(after["prize"]["changed"].as_str() >= before["prize"]["changed"].as_str());
}

async fn a_version_that_is_not_there_spares_the_children(on: On) {
    let app = on.app(SDL).await;
    library(&app).await;
    let before = app.data(LISTS, json!({})).await;
    let text = "mutation { a: deleteAuthor(id: \"a\", ifVersion: 2) { id } b: deleteAuthor(id: \"c\", ifVersion: 1) { id } }";
    let expected = json!([
        {"code": "VERSION_MISMATCH", "version": 1, "path": ["a"]},
        {"code": "NOT_FOUND", "path": ["b"]},
    ]);
    assert_eq!(faults(&app.query(text, json!({})).await), expected);
    assert_eq!(app.data(LISTS, json!({})).await, before);
    let text = "mutation { deleteAuthor(id: \"a\", ifVersion: 1) { version } }";
    assert_eq!(app.data(text, json!({})).await["deleteAuthor"]["version"], 1);
}

fn tree(on_delete: &str) -> String {
    format!(
        "type Node @collection {{ id: ID! @id(as: STRING, client: true) parentId: ID
         parent: Node @belongsTo(field: \"parentId\")
         children: [Node!]! @hasMany(field: \"parentId\", onDelete: {on_delete}) version: Int! @version }}"
    )
}

/// Nodes that are each made before their parent is known; `("b", "a")` makes `a` the parent of `b`.
async fn plant(app: &crate::support::app::TestApp, edges: &[(String, String)]) {
    let inputs: Vec<Json> = edges.iter().map(|(child, _)| json!({"id": child})).collect();
    let text = "mutation($inputs: [NodeInput!]!) { createNodes(inputs: $inputs) { id } }";
    app.data(text, json!({"inputs": inputs})).await;
    for (child, parent) in edges.iter().filter(|(_, parent)| !parent.is_empty()) {
        let text =
            "mutation($child: ID!, $parent: ID!) { updateNode(id: $child, set: {parentId: $parent}) { id } }";
        app.data(text, json!({"child": child, "parent": parent})).await;
    }
}

fn edges(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(child, parent)| ((*child).to_owned(), (*parent).to_owned())).collect()
}

async fn a_ring_can_be_deleted(on: On) {
    let ring = edges(&[("a", "c"), ("b", "a"), ("c", "b"), ("self", "self"), ("d", "")]);
    for on_delete in ["CASCADE", "SET_NULL"] {
        let app = on.app(&tree(on_delete)).await;
        plant(&app, &ring).await;
        let text = "mutation { a: deleteNode(id: \"a\", ifVersion: 2) { id } self: deleteNode(id: \"self\", ifVersion: 2) { id } }";
        let expected = json!({"a": {"id": "a"}, "self": {"id": "self"}});
        assert_eq!(app.data(text, json!({})).await, expected);
        let found = app.data("{ nodes { nodes { id } } }", json!({})).await;
        let left = if on_delete == "CASCADE" { vec!["d"] } else { vec!["b", "c", "d"] };
        assert_eq!(ids(&found["nodes"]), left);
    }
}

async fn a_long_chain_can_be_deleted(on: On) {
    let app = on.app(&tree("CASCADE")).await;
    let name = |i: usize| format!("n{i}");
    let chain: Vec<_> =
        (0..150).map(|i| (name(i), if i == 0 { String::new() } else { name(i - 1) })).collect();
    plant(&app, &chain).await;
    assert_eq!(app.data("{ nodes { totalCount } }", json!({})).await["nodes"]["totalCount"], 150);
    app.data("mutation { deleteNode(id: \"n1\") { id } }", json!({})).await;
    let found = app.data("{ nodes { nodes { id } } }", json!({})).await;
    assert_eq!(ids(&found["nodes"]), ["n0"]);
}

async fn what_is_deleted_along_does_not_block(on: On) {
    let app = on.app(&tree("RESTRICT")).await;
    plant(&app, &edges(&[("a", ""), ("b", "a"), ("c", "a"), ("d", "c"), ("self", "self")])).await;
    let text = r#"mutation {
        no: deleteNode(id: "a") { id }
        some: deleteNodes(where: {id: {in: ["a", "b"]}}) { count }
        self: deleteNode(id: "self") { id }
    }"#;
    let response = app.query(text, json!({})).await;
    let blocked = |path: &str, blockers: u64| json!({"code": "CONFLICT", "field": "parentId", "blockers": blockers, "path": [path]});
    assert_eq!(faults(&response), json!([blocked("no", 2), blocked("some", 1)]));
    let found = app.data("{ nodes { nodes { id } } }", json!({})).await;
    assert_eq!(ids(&found["nodes"]), ["a", "b", "c", "d"]);
    let done = app.data("mutation { deleteNodes(where: {}, all: true) { count } }", json!({})).await;
    assert_eq!(done["deleteNodes"]["count"], 4);
}

async fn many_children_are_deleted(on: On) {
    let app = on.with(SDL).engine(|options| options.bulk = 5).start().await;
    library(&app).await;
    let volumes: Vec<Json> = (0..600).map(|i| json!({"id": format!("x{i:03}"), "cycleId": "a1"})).collect();
    let prizes: Vec<Json> = (0..30).map(|i| json!({"id": format!("x{i:03}"), "authorId": "a"})).collect();
    let text = "mutation($volumes: [VolumeInput!]!, $prizes: [PrizeInput!]!) {
        createVolumes(inputs: $volumes) { id } createPrizes(inputs: $prizes) { id } }";
    app.data(text, json!({"volumes": volumes, "prizes": prizes})).await;
    let look = "{ volumes { totalCount nodes { id } } prizes(where: {authorId: {eq: \"a\"}}) { totalCount }
        free: prizes(where: {authorId: {eq: null}}) { totalCount } volume(id: \"x333\") { id }
        cycle(id: \"a1\") { volumes { totalCount } } }";
    let before = app.data(look, json!({})).await;
    assert_eq!(before["volumes"]["totalCount"], 608);
    assert_eq!(before["cycle"]["volumes"]["totalCount"], 602);
    app.data("mutation { deleteAuthor(id: \"a\") { id } }", json!({})).await;
    let after = app.data(look, json!({})).await;
    let expected = json!({
        "volumes": {"totalCount": 4, "nodes": [{"id": "b11"}, {"id": "b12"}, {"id": "b21"}, {"id": "b22"}]},
        "prizes": {"totalCount": 0}, "free": {"totalCount": 31}, "volume": null, "cycle": null,
    });
    assert_eq!(after, expected);
}

async fn many_parents_are_deleted_with_their_children(on: On) {
    let app = on.with(SDL).engine(|options| options.bulk = 5).start().await;
    library(&app).await;
    let authors: Vec<Json> = (0..20).map(|i| json!({"id": format!("x{i:02}")})).collect();
    let cycles: Vec<Json> =
        (0..40).map(|i| json!({"id": format!("s{i:02}"), "authorId": format!("x{:02}", i % 20)})).collect();
    let text = "mutation($authors: [AuthorInput!]!, $cycles: [CycleInput!]!) {
        createAuthors(inputs: $authors) { id } createCycles(inputs: $cycles) { id } }";
    app.data(text, json!({"authors": authors, "cycles": cycles})).await;
    let before = app.data("{ authors { totalCount } cycles { totalCount } }", json!({})).await;
    assert_eq!(before, json!({"authors": {"totalCount": 22}, "cycles": {"totalCount": 44}}));
    let text = "mutation { deleteAuthors(where: {not: {id: {in: [\"b\", \"x07\"]}}}) { count } }";
    assert_eq!(app.data(text, json!({})).await["deleteAuthors"]["count"], 20);
    let found = app.data("{ authors { nodes { id } } cycles { nodes { id } } }", json!({})).await;
    assert_eq!(ids(&found["authors"]), ["b", "x07"]);
    assert_eq!(ids(&found["cycles"]), ["b1", "b2", "s07", "s27"]);
}

//! Where saved operations are read from, and what is said of faults in them before a server starts.

use serde_json::{Value as Json, json};

use crate::support::program::Folder;

/// A folder with books, and with the settings in this text.
fn with(settings: &str) -> Folder {
    let folder = Folder::with_books();
    folder.write("oponn.toml", settings);
    folder
}

/// What is said of this folder's operations, by `check` to people and to programs, and by a server that does not start.
#[track_caller]
fn faults(folder: &Folder) -> (String, Json) {
    let told = folder.run(&["check"]);
    assert_eq!(told.code(), 1, "{}{}", told.out(), told.err());
    let listed = folder.run(&["check", "--format", "json"]);
    let list: Json = serde_json::from_str(&listed.out()).expect("JSON");
    let count = list.as_array().expect("a list").len();
    assert_eq!(listed.code(), 1);
    told.assert(1, &format!("saved operations: {count} fault"), "");
    let served = folder.run(&["serve", "--listen", "127.0.0.1:0"]);
    served.assert(1, "", &format!("the saved operations have {count} fault"));
    for fault in list.as_array().expect("a list") {
        let message = fault["message"].as_str().expect("a message");
        let place =
            format!("{}:{}:{}: ", fault["file"].as_str().expect("a file"), fault["line"], fault["column"]);
        for text in [told.out(), served.err()] {
            assert!(text.contains(&place) && text.contains(message), "{place}{message} is not in {text}");
        }
    }
    (told.out(), list)
}

/// The file, the line, the column and the code of each fault.
fn places(list: &Json) -> Vec<(&str, u64, u64, &str)> {
    let number = |fault: &Json, key: &str| fault[key].as_u64().expect("a number");
    let list = list.as_array().expect("a list").iter();
    list.map(|fault| {
        let (file, code) = (fault["file"].as_str().expect("a file"), fault["code"].as_str().expect("a code"));
        (file, number(fault, "line"), number(fault, "column"), code)
    })
    .collect()
}

#[test]
fn faults_in_files_have_their_places() {
    let folder = with("");
    folder.write(
        "operations/a.graphql",
        "# One of two.\nquery A { books { ...F } }\nquery B($id: ID!) {\n  book(id: $id) { titel }\n}\n",
    );
    folder.write(
        "operations/b.graphql",
        "\u{feff}fragment F on BookConnection {\r\n  nodes { isbn pages }\r\n}\r\n",
    );
    folder.write(
        "operations/c.graphql",
        "query A { __typename }\n\nquery C { books(first: \"1\") { totalCount } }",
    );
    folder.write(
        "operations/d.graphql",
        "query D { ...F }\n{ __typename }\nfragment F on Query { __typename }",
    );
    folder.write("operations/e.graphql", "query E { books { nodes { isbn } }");
    folder.write("operations/f.graphql", "query G { __typename }\ntype Book { id: ID! }");
    folder.write("operations/g.graphql", "query Big { books(first: 1000) { nodes { isbn } ...Missing } }");
    folder.write("operations/.h.graphql", "nothing that is read");
    folder.write("operations/i.gql", "nor this");
    let (told, list) = faults(&folder);
    assert_eq!(
        places(&list),
        [
            ("operations/a.graphql", 4, 19, "operation"),
            ("operations/b.graphql", 2, 16, "operation"),
            ("operations/c.graphql", 1, 1, "name"),
            ("operations/c.graphql", 3, 24, "operation"),
            ("operations/d.graphql", 2, 1, "name"),
            ("operations/d.graphql", 3, 1, "name"),
            ("operations/e.graphql", 1, 35, "operation"),
            ("operations/f.graphql", 2, 1, "definition"),
            ("operations/g.graphql", 1, 49, "operation"),
        ],
        "{told}"
    );
    for part in [
        "did you mean `title`?",
        "there is another operation `A`, in operations/a.graphql",
        "there is another fragment `F`, in operations/b.graphql",
        "this operation has no name",
        "`type` begins neither an operation nor a fragment",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
}

#[test]
fn what_no_request_could_be_answered_is_found_before_there_is_one() {
    let folder = with("[api]\ncomplexity = 1000\ndepth = 4\nintrospection = false\n");
    folder.write("operations/a.graphql", "query A { books(first: 900) { nodes { isbn title } } }");
    folder.write("operations/b.graphql", "query B { __schema { queryType { name } } }");
    folder.write("operations/c.graphql", "subscription C { books { totalCount } }");
    folder.write(
        "operations/d.graphql",
        "query D($first: Int) { books(first: $first) { nodes { isbn title } } }",
    );
    let (told, list) = faults(&folder);
    let files: Vec<&str> = places(&list).into_iter().map(|(file, ..)| file).collect();
    assert_eq!(files, ["operations/a.graphql", "operations/b.graphql", "operations/c.graphql"], "{told}");
    assert!(
        told.contains("could answer 1821 values") || told.contains("more than the 1000 allowed"),
        "{told}"
    );
}

#[test]
fn faults_in_manifests_have_their_places() {
    let folder = with(
        "[api]\noperations_manifests = ['m/a.json', 'm/b.json', 'm/c.json', 'm/d.json', 'm/e.json', 'm/f.json', \
         'm/none.json']\n",
    );
    folder.write("m/a.json", "{\n  \"a1\": \"query \\u0041 {\\n  books { titel }\\n}\",\n  \"a2\": 7\n}");
    folder
        .write("m/b.json", "{\"a1\": \"{ __typename }\", \"sha256:00\": \"{ b: __typename }\", \"b\": \"\"}");
    folder.write(
        "m/c.json",
        "{\"format\": \"apollo-persisted-query-manifest\", \"version\": 1, \"operations\": [\n  {\"id\": \"c\", \"body\": \
         \"{ boks { totalCount } }\"},\n  {\"id\": \"d\", \"name\": \"D\"}]}",
    );
    folder.write(
        "m/d.json",
        "{\"format\": \"apollo-persisted-query-manifest\", \"version\": 2, \"operations\": []}",
    );
    folder.write("m/e.json", "[1,]");
    folder.write("m/f.json", "[]");
    let (told, list) = faults(&folder);
    assert_eq!(
        places(&list),
        [
            ("m/a.json", 2, 36, "operation"),
            ("m/a.json", 3, 9, "manifest"),
            ("m/b.json", 1, 2, "manifest-id"),
            ("m/b.json", 1, 26, "manifest-id"),
            ("m/b.json", 1, 66, "operation"),
            ("m/c.json", 2, 26, "operation"),
            ("m/c.json", 3, 3, "manifest"),
            ("m/d.json", 1, 58, "manifest"),
            ("m/e.json", 1, 4, "json"),
            ("m/f.json", 1, 1, "manifest"),
            ("m/none.json", 1, 1, "unreadable"),
        ],
        "{told}"
    );
    for part in [
        "this id stands for another text in m/a.json",
        "this id is not the SHA-256 of its text",
        "did you mean `books`?",
        "only version 1 is known",
        "`api.operations_manifests`",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
}

#[tokio::test]
async fn operations_are_beside_the_schema_file_or_where_the_settings_say() {
    let folder = Folder::with_books();
    let operation = "query Titles { books(orderBy: [{field: ISBN, direction: ASC}]) { nodes { title } } }";
    folder.write("app/schema.graphql", crate::support::program::SDL);
    folder.write("app/operations/titles.graphql", operation);
    folder.write("saved/isbns.graphql", "query Isbns { books { nodes { isbn } } }");
    folder.write("app/clients/old.json", r#"{"old": "{ books { totalCount } }"}"#);
    folder.write(
        "app/clients/new.json",
        r#"{"new": "{ books { nodes { id } } }", "old": "{ books { totalCount } }"}"#,
    );
    folder.run(&["--schema", "app/schema.graphql", "check"]).assert(
        0,
        "saved operations: no faults; 1 document\n",
        "",
    );
    folder.run(&["check", "app/schema.graphql"]).assert(0, "saved operations: no faults; 1 document\n", "");
    let alone = folder.run(&["check"]);
    assert!(!alone.out().contains("saved operations"), "{}", alone.out());

    // Paths in the settings are relative to their file.
    let manifests = "operations_manifests = ['clients/old.json', 'clients/new.json']";
    folder.write(
        "app/oponn.toml",
        &format!("[api]\noperations = 'saved'\noperations_folder = '../saved'\n{manifests}\n"),
    );
    let ran = folder.run(&["--config", "app/oponn.toml", "check", "--format", "json"]);
    assert_eq!((ran.code(), ran.out().trim()), (0, "[]"), "{}", ran.err());
    folder.run(&["--config", "app/oponn.toml", "check"]).assert(
        0,
        "saved operations: no faults; 3 documents",
        "",
    );
    let serving = folder.serve(&["--config", "app/oponn.toml"]);
    let line = serving.lines.iter().find(|line| line["message"] == "only saved operations are carried out");
    assert_eq!(line.expect("a line")["saved"], 3);
    let refused = serving.query(operation).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "QUERY_NOT_IN_SAFELIST", "{refused}");
    for path in ["operationName=Isbns", "documentId=old", "id=new"] {
        let (status, body) = serving.get(&format!("/graphql?{path}")).await;
        assert!(status == 200 && body["data"].is_object(), "{path}: {body}");
    }
    let (status, _) = serving.get("/graphql?operationName=Titles").await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn an_operation_with_others_beside_it_is_carried_out_by_name() {
    let folder = with("");
    folder.write("operations/a.graphql", "query Count { books { totalCount } }");
    let serving = folder.serve(&[]);
    let line = serving.lines.iter().find(|line| line["saved"] == 1).expect("a line about the operations");
    assert_eq!(line["message"], "operations are saved, and any others are carried out too");
    let (status, body) = serving.get("/graphql?operationName=Count").await;
    assert_eq!((status, body), (200, json!({ "data": { "books": { "totalCount": 2 } } })));
    assert_eq!(
        serving.query("{ books { totalCount } }").await,
        json!({ "data": { "books": { "totalCount": 2 } } })
    );
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let folder = with("[api]\noperations = 'all'\noperations_manifests = 'a.json'\noperations_folder = 7\n");
    let ran = folder.run(&["check"]);
    ran.assert(2, "", "`api.operations` in oponn.toml is `all`; it has to be `any`, or `saved`");
    ran.assert(2, "", "`api.operations_manifests` in oponn.toml is `a.json`; it has to be a list of");
    ran.assert(2, "", "`api.operations_folder` in oponn.toml is `7`; it has to be a path");
    let folder = with("[api]\noperations = 'saved'\n");
    for command in [&["check"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        folder.run(command).assert(2, "", "`api.operations` is `saved`, and there are no saved operations");
    }
    // A folder that is named has to be there.
    folder.write("oponn.toml", "[api]\noperations_folder = 'nowhere'\n");
    let (_, list) = faults(&folder);
    assert_eq!(places(&list), [("nowhere", 1, 1, "unreadable")]);
}

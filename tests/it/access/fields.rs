//! Rules of single fields, fields that are filled with claims, and the API of each role.

use serde_json::{Value as Json, json};

use super::{codes, setup, token};
use crate::support::app::{CacheKind, StoreKind, TestApp};
use crate::support::program::Folder;

const SDL: &str = r#"
    enum Grade { LOW HIGH }
    type Review { text: String! }
    type Team @collection @access(roles: ["staff", "hr"], read: {open: {eq: true}})
      @access(roles: ["hr"], read: true, write: true) {
      id: ID! @id(as: STRING, client: true)
      open: Boolean
      people: [Person!]! @hasMany(field: "teamId")
    }
    type Person @collection(plural: "People")
      @access(roles: ["staff"], read: true, update: {login: {eq: "$viewer.sub"}})
      @access(roles: ["hr"], read: true, write: true)
      @unique(fields: ["login", "alias"]) {
      id: ID! @id(as: STRING, client: true)
      login: String! @owner(claim: "sub") @access(roles: ["hr"], write: true)
      alias: String!
      salary: Int! @default(value: 1)
        @access(roles: ["hr"], read: true, write: true) @access(read: {login: {eq: "$viewer.sub"}})
      badge: String @unique @access(roles: ["hr"], read: true, write: true)
      pin: String @access(read: false, update: true)
      grade: Grade @access(roles: ["hr"], read: true)
      reviews: [Review!] @access(roles: ["hr"], read: true, write: true)
      teamId: ID @access(roles: ["hr"], read: true, write: true) @access(read: {login: {eq: "$viewer.sub"}})
      team: Team @belongsTo(field: "teamId")
    }
"#;

struct Firm {
    app: TestApp,
    hr: String,
    ann: String,
}

impl Firm {
    async fn start(store: StoreKind) -> Firm {
        let app = setup(SDL).on(store, CacheKind::Redis).start().await;
        let (hr, ann) =
            (token(&["hr"], json!({ "sub": "boss" })), token(&["staff"], json!({ "sub": "ann" })));
        let firm = Firm { app, hr, ann };
        let made = firm
            .data(
                &firm.hr,
                "mutation {
                   open: createTeam(input: {id: \"o\", open: true}) { id }
                   closed: createTeam(input: {id: \"c\", open: false}) { id }
                   a: createPerson(input: {id: \"a\", login: \"ann\", alias: \"a\", salary: 10, badge: \"1\", teamId: \"o\"}) { login }
                   b: createPerson(input: {id: \"b\", login: \"bob\", alias: \"b\", salary: 20, badge: \"2\", teamId: \"c\"}) { login }
                   c: createPerson(input: {id: \"x\", alias: \"x\"}) { login salary }
                 }",
            )
            .await;
        assert_eq!(made["c"], json!({ "login": "boss", "salary": 1 }));
        firm
    }

    async fn ask(&self, token: &str, text: &str) -> Json {
        self.app.query_as(token, text, json!(null)).await
    }

    async fn data(&self, token: &str, text: &str) -> Json {
        let answer = self.ask(token, text).await;
        assert_eq!(answer["errors"], json!(null), "{text}: {answer}");
        answer["data"].clone()
    }

    /// The code and the message of the only error.
    async fn refused(&self, token: &str, text: &str) -> (String, String) {
        let answer = self.ask(token, text).await;
        let errors = answer["errors"].as_array().expect("it is refused");
        assert_eq!(errors.len(), 1, "{text}: {answer}");
        let text = |value: &Json| value.as_str().expect("a text").to_owned();
        (text(&errors[0]["extensions"]["code"]), text(&errors[0]["message"]))
    }
}

#[tokio::test]
async fn a_field_that_a_document_does_not_show_is_null_with_an_error() {
    let firm = Firm::start(StoreKind::Sqlite).await;
    let text =
        "{ people(orderBy: {field: ALIAS}) { nodes { alias salary team { id people { totalCount } } } } }";
    // A role that may ask for no children by their key has no such relation.
    assert_eq!(firm.refused(&firm.ann, text).await.0, "BAD_USER_INPUT");
    let text = text.replace("people { totalCount }", "");
    for _ in 0..3 {
        let answer = firm.ask(&firm.ann, &text).await;
        let people = json!([
            { "alias": "a", "salary": 10, "team": { "id": "o" } },
            { "alias": "b", "salary": null, "team": null },
            { "alias": "x", "salary": null, "team": null },
        ]);
        assert_eq!(answer["data"]["people"]["nodes"], people);
        assert_eq!(codes(&answer), ["FORBIDDEN"; 4]);
        assert_eq!(answer["errors"][0]["message"], "You may not see salary of this Person.");
        assert_eq!(answer["errors"][1]["path"], json!(["people", "nodes", 1, "team"]));
    }
    let all = firm.data(&firm.hr, &text).await;
    assert_eq!(all["people"]["nodes"][1], json!({ "alias": "b", "salary": 20, "team": { "id": "c" } }));
    assert_eq!(all["people"]["nodes"][2]["team"], json!(null));
}

#[tokio::test]
async fn what_a_role_can_never_do_is_no_part_of_its_api() {
    let firm = Firm::start(StoreKind::Sqlite).await;
    for text in [
        "{ people { nodes { badge } } }",
        "{ people { nodes { grade } } }",
        "{ people { nodes { reviews { text } } } }",
        "{ people { nodes { pin } } }",
        "{ people(where: {salary: {gt: 15}}) { totalCount } }",
        "{ people(where: {grade: {eq: LOW}}) { totalCount } }",
        "{ people(where: {not: {badge: {eq: \"2\"}}}) { totalCount } }",
        "{ people(orderBy: {field: SALARY}) { totalCount } }",
        "{ people(orderBy: {field: TEAM_ID}) { totalCount } }",
        "{ personByBadge(badge: \"2\") { id } }",
        "{ teams { nodes { people { totalCount } } } }",
        "mutation { createPerson(input: {id: \"n\", alias: \"n\"}) { id } }",
        "mutation { deletePerson(id: \"a\") { id } }",
        "mutation { updatePerson(id: \"a\", set: {login: \"bob\"}) { id } }",
        "mutation { updatePerson(id: \"a\", set: {salary: 99}) { id } }",
        "mutation { updatePeople(where: {salary: {gt: 1}}, set: {pin: \"1\"}) { count } }",
        "mutation { updateTeam(id: \"o\", set: {open: false}) { id } }",
        "{ __type(name: \"Review\") { name } x: people { nodes { reviews { text } } } }",
    ] {
        let (code, _) = firm.refused(&firm.ann, text).await;
        assert_eq!(code, "BAD_USER_INPUT", "{text}");
        // It is valid for those who may do it.
        if !text.contains("pin") && !text.contains("login") && !text.contains("mutation") {
            firm.data(&firm.hr, text).await;
        }
    }
    // Nor do hints name what is hidden, or variables bring it in.
    let (_, message) = firm.refused(&firm.ann, "{ people { nodes { bagde } } }").await;
    assert!(!message.contains("badge"), "{message}");
    let text = "query($w: PersonWhere) { people(where: $w) { totalCount } }";
    let answer = firm.app.query_as(&firm.ann, text, json!({ "w": { "salary": { "gt": 15 } } })).await;
    assert_eq!((codes(&answer), &answer["data"]), (vec!["BAD_USER_INPUT"], &json!(null)));
    firm.data(&firm.ann, "mutation { updatePerson(id: \"a\", set: {pin: \"1\"}) { id salary } }").await;
    let (code, _) =
        firm.refused(&firm.ann, "mutation { updatePerson(id: \"b\", set: {pin: \"1\"}) { id } }").await;
    assert_eq!(code, "FORBIDDEN");
}

#[tokio::test]
async fn introspection_and_the_command_show_the_api_of_a_role() {
    let firm = Firm::start(StoreKind::Sqlite).await;
    let text = "{ __schema { types { name fields { name type { kind } } inputFields { name } enumValues { name } } } }";
    let named = |answer: &Json, ty: &str, what: &str| -> String {
        let types = answer["__schema"]["types"].as_array().expect("types");
        let ty = types.iter().find(|found| found["name"] == ty);
        let names = ty.and_then(|ty| ty[what].as_array()).into_iter().flatten();
        names.map(|name| name["name"].as_str().expect("a name").to_owned() + " ").collect()
    };
    // Kept answers of one role are not given to another.
    for _ in 0..2 {
        let staff = firm.data(&firm.ann, text).await;
        assert_eq!(named(&staff, "Person", "fields"), "id login alias salary teamId team ");
        assert_eq!(named(&staff, "PersonWhere", "inputFields"), "and or not id login alias ");
        assert_eq!(named(&staff, "PersonOrderField", "enumValues"), "ID LOGIN ALIAS ");
        assert_eq!(named(&staff, "PersonPatch", "inputFields"), "alias pin grade ");
        let mutations = "updatePerson updatePersonByLoginAlias updatePeople ";
        assert_eq!(named(&staff, "Mutation", "fields"), mutations);
        assert_eq!(named(&staff, "Query", "fields"), "team teams person personByLoginAlias people ");
        assert_eq!(named(&staff, "Review", "fields"), "");
        let hr = firm.data(&firm.hr, text).await;
        assert_eq!(named(&hr, "Person", "fields"), "id login alias salary badge grade reviews teamId team ");
        assert_eq!(named(&hr, "Review", "fields"), "text ");
        assert!(named(&hr, "Query", "fields").contains("personByBadge"));
        assert_eq!(firm.refused(&token(&["nobody"], json!({})), text).await.0, "FORBIDDEN");
    }
    let folder = Folder::new();
    folder.write("schema.graphql", SDL);
    let print = |arguments: &[&str]| folder.run(&[&["print-schema"], arguments].concat());
    let staff = print(&["--role", "staff"]).out();
    assert!(staff.contains("  salary: Int\n") && !staff.contains("badge"), "{staff}");
    let hr = print(&["--role", "staff", "--role", "hr"]).out();
    assert!(
        hr.contains("  salary: Int!\n")
            && hr.contains("badge")
            && !hr.contains("  pin: String\n  grade: Grade\n  reviews: [Review!]\n  teamId: ID\n  team"),
        "{hr}"
    );
    assert!(print(&[]).out().contains("  pin: String\n"));
    let wrong = print(&["--role", "stuff"]);
    assert!(wrong.err().contains("there are hr, staff"), "{}", wrong.err());
    assert!(print(&["--no-role"]).err().contains("read nothing"));
}

async fn owners(store: StoreKind) {
    let firm = Firm::start(store).await;
    let ann = token(&["hr"], json!({ "sub": "ann" }));
    // By a key with the owner in it: found by the claim, and left as it is.
    let upsert =
        "mutation { upsertPerson(on: LOGIN_ALIAS, input: {alias: \"a\", salary: 11}) { id login salary } }";
    let changed = firm.data(&ann, upsert).await;
    assert_eq!(changed["upsertPerson"], json!({ "id": "a", "login": "ann", "salary": 11 }));
    let made = firm.data(&ann, &upsert.replace("\"a\"", "\"new\"")).await;
    assert_eq!(
        (&made["upsertPerson"]["login"], &made["upsertPerson"]["salary"]),
        (&json!("ann"), &json!(11))
    );
    let many =
        "mutation { createPeople(inputs: [{alias: \"1\"}, {alias: \"2\", login: \"eve\"}]) { login } }";
    let many = firm.data(&ann, many).await;
    assert_eq!(many["createPeople"], json!([{ "login": "ann" }, { "login": "eve" }]));
    // Without the claim, or with one that does not fit, nothing can be created; what is there can be changed.
    for claims in [json!({}), json!({ "sub": null }), json!({ "sub": ["ann"] }), json!({ "sub": 7 })] {
        let token = token(&["hr"], claims.clone());
        let (code, message) =
            firm.refused(&token, "mutation { createPerson(input: {alias: \"3\"}) { id } }").await;
        assert_eq!(code, "FORBIDDEN", "{claims}: {message}");
        firm.data(&token, "mutation { createPerson(input: {alias: \"3\", login: \"x\"}) { id } }").await;
        firm.data(&token, "mutation { upsertPerson(on: ID, input: {id: \"a\", alias: \"a\"}) { id } }").await;
        firm.data(&token, "mutation { deletePeople(where: {login: {eq: \"x\"}}) { count } }").await;
    }
}

#[tokio::test]
async fn owners_are_filled_in_sqlite() {
    owners(StoreKind::Sqlite).await;
}

#[tokio::test]
async fn owners_are_filled_in_mongodb() {
    owners(StoreKind::Mongo).await;
}

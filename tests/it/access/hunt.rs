//! The hunt for leaks: rules, viewers and operations at random on two servers that share a cache. A third server, which
//! caches nothing and asks nobody who they are, tells what there is; what each viewer may see of it is worked out here.

use serde_json::{Value as Json, json};

use super::domain::{Action, Grant, Viewer};
use super::{codes, setup};
use crate::support::app::{CacheKind, StoreKind, TestApp};
use crate::support::dice::Dice;

const FIELDS: &str = "id owner team public level tags";
const TYPES: [(&str, &str); 3] = [("Doc", "docs"), ("Memo", "memos"), ("Part", "parts")];
const DOCUMENTS: usize = 30;

struct Hunt {
    dice: Dice,
    grants: [Vec<Grant>; 3],
    viewers: Vec<Viewer>,
    servers: [TestApp; 2],
    truth: TestApp,
    next: usize,
    /// Documents that a viewer had to be shown, or had not to be.
    judged: usize,
    /// What was asked, for the report of a failure.
    said: String,
}

impl Hunt {
    async fn start(seed: u64, store: StoreKind, cache: CacheKind) -> Hunt {
        let mut dice = Dice::new(seed);
        let grants =
            [(); 3].map(|()| (0..1 + dice.roll(3)).map(|_| Grant::draw(&mut dice)).collect::<Vec<_>>());
        let [doc, memo, part] =
            grants.each_ref().map(|grants| grants.iter().map(Grant::text).collect::<Vec<_>>().join(" "));
        let fields = "id: ID! @id(as: STRING, client: true) owner: String team: String public: Boolean level: Int \
                      tags: [String!]";
        let sdl = format!(
            "interface Item {{ id: ID! owner: String team: String public: Boolean level: Int tags: [String!] }}\n\
             type Doc implements Item @collection {doc} {{ {fields} code: String @unique\n\
             parts: [Part!]! @hasMany(field: \"docId\", onDelete: SET_NULL) }}\n\
             type Memo implements Item @collection {memo} {{ {fields} code: String @unique }}\n\
             type Part implements Item @collection {part} {{ {fields} code: String @unique docId: ID\n\
             doc: Doc @belongsTo(field: \"docId\") }}",
        );
        let viewers = (0..8).map(|_| Viewer::draw(&mut dice)).collect();
        let first = setup(&sdl).on(store, cache).start().await;
        let truth = TestApp::uncached(&first).await;
        let second = TestApp::beside(&first).await;
        let said = format!("seed {seed}\n{sdl}\n");
        let mut hunt =
            Hunt { dice, grants, viewers, servers: [first, second], truth, next: 0, judged: 0, said };
        for (ty, (name, _)) in TYPES.iter().enumerate() {
            for _ in 0..DOCUMENTS {
                let input = hunt.input(ty);
                let text = format!("mutation($i: {name}Input!) {{ create{name}(input: $i) {{ id }} }}");
                hunt.truth.data(&text, json!({ "i": input })).await;
            }
        }
        hunt
    }

    /// Fields of a document, some of them null.
    fn fields(&mut self, ty: usize) -> Json {
        let dice = &mut self.dice;
        let mut set = json!({});
        let values = [
            ("owner", json!(dice.one_of(&["u0", "u1", "u2"]))),
            ("team", json!(dice.one_of(&["t0", "t1", "t2"]))),
            ("public", json!(dice.once_in(2))),
            ("level", json!(dice.roll(6))),
            ("tags", json!(["x", "y", "z"][..dice.roll(3)])),
        ];
        for (name, value) in values {
            if dice.once_in(2) {
                set[name] = if dice.once_in(8) { Json::Null } else { value };
            }
        }
        if ty == 2 && dice.once_in(3) {
            set["docId"] = json!(format!("d{}", dice.roll(DOCUMENTS)));
        }
        set
    }

    fn input(&mut self, ty: usize) -> Json {
        let mut input = self.fields(ty);
        let id = format!("{}{}", ["d", "m", "p"][ty], self.next % DOCUMENTS);
        self.next += 1;
        input["code"] = json!(format!("{id}!"));
        input["id"] = json!(id);
        if ty == 2 {
            input.as_object_mut().expect("an object").remove("docId");
        }
        input
    }

    /// All documents of a type, as they are.
    async fn all(&self, ty: usize) -> Vec<Json> {
        let keys = if ty == 2 { "code docId" } else { "code" };
        let text = format!("{{ {}(first: 500) {{ nodes {{ {FIELDS} {keys} }} }} }}", TYPES[ty].1);
        self.truth.data(&text, Json::Null).await[TYPES[ty].1]["nodes"].as_array().expect("a list").clone()
    }

    fn may(&self, viewer: usize, action: Action, ty: usize, doc: &Json) -> bool {
        self.viewers[viewer].may(action, &self.grants[ty], doc)
    }

    async fn ask(&mut self, viewer: usize, text: &str, variables: Json) -> Json {
        let server = self.dice.roll(2);
        let viewer = &self.viewers[viewer];
        let answer = self.servers[server].query_as(&viewer.token, text, variables.clone()).await;
        self.said = self
            .said
            .lines()
            .filter(|line| !line.starts_with('>'))
            .map(|line| line.to_owned() + "\n")
            .collect();
        self.said += &format!(
            "> {:?} {} asks server {server}: {text} with {variables}\n> {answer}\n",
            viewer.roles, viewer.claims
        );
        answer
    }

    fn check(&self, got: &Json, wanted: &Json) {
        assert_eq!(got, wanted, "\n{}", self.said);
    }

    /// A list, in a random order and window.
    async fn list(&mut self, viewer: usize) {
        let (name, types): (&str, &[usize]) = match self.dice.roll(4) {
            3 => ("items", &[0, 1, 2]),
            ty => (TYPES[ty].1, &[[0], [1], [2]][ty]),
        };
        let filter = match self.dice.roll(4) {
            0 => "public: {eq: true}".to_owned(),
            1 => format!("level: {{gte: {}}}", self.dice.roll(4)),
            2 => format!("team: {{eq: \"t{}\"}}", self.dice.roll(3)),
            _ => String::new(),
        };
        let order = self.dice.one_of(&["", "{field: LEVEL}", "{field: TEAM, direction: DESC}"]);
        let list = format!("where: {{{filter}}}, orderBy: [{order}]");
        let shown = format!(
            "{{ nodes {{ __typename {FIELDS} }} totalCount pageInfo {{ hasNextPage hasPreviousPage }} }}"
        );
        let all = self.truth.data(&format!("{{ l: {name}({list}, first: 500) {shown} }}"), Json::Null).await;
        let (first, offset) = (self.dice.roll(12), self.dice.roll(4));
        let visible: Vec<Json> = all["l"]["nodes"]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|doc| {
                let ty =
                    *types.iter().find(|ty| doc["__typename"] == TYPES[**ty].0).expect("a type of the list");
                self.may(viewer, Action::Read, ty, doc)
            })
            .cloned()
            .collect();
        self.judged += all["l"]["nodes"].as_array().map_or(0, Vec::len);
        let page: Vec<Json> = visible.iter().skip(offset).take(first).cloned().collect();
        let text = format!("{{ l: {name}({list}, first: {first}, offset: {offset}) {shown} }}");
        let answer = self.ask(viewer, &text, Json::Null).await;
        self.check(&answer["data"]["l"]["nodes"], &json!(page));
        self.check(&answer["data"]["l"]["totalCount"], &json!(visible.len()));
        self.check(&answer["data"]["l"]["pageInfo"]["hasNextPage"], &json!(offset + first < visible.len()));
    }

    /// Documents by id and by key, with what they lead to.
    async fn look_up(&mut self, viewer: usize) {
        let (docs, parts) = (self.all(0).await, self.all(2).await);
        let number = self.dice.roll(DOCUMENTS);
        let find = |all: &[Json], id: String| all.iter().find(|doc| doc["id"] == json!(id)).cloned();
        let text = format!(
            "query($d: ID!, $c: String!, $p: ID!) {{ doc(id: $d) {{ {FIELDS} parts(first: 500) {{ totalCount nodes {{ id }} }} }} \
             docByCode(code: $c) {{ id }} part(id: $p) {{ id doc {{ id }} }} }}"
        );
        let variables =
            json!({ "d": format!("d{number}"), "c": format!("d{number}!"), "p": format!("p{number}") });
        let doc = find(&docs, format!("d{number}")).filter(|doc| self.may(viewer, Action::Read, 0, doc));
        let part = find(&parts, format!("p{number}")).filter(|part| self.may(viewer, Action::Read, 2, part));
        let expected_doc = doc.as_ref().map(|doc| {
            let children: Vec<Json> = parts
                .iter()
                .filter(|part| part["docId"] == doc["id"] && self.may(viewer, Action::Read, 2, part))
                .map(|part| json!({ "id": part["id"] }))
                .collect();
            let mut doc = doc.clone();
            doc.as_object_mut().expect("an object").remove("code");
            doc["parts"] = json!({ "totalCount": children.len(), "nodes": children });
            doc
        });
        let by_code = doc.as_ref().map(|doc| json!({ "id": doc["id"] }));
        let expected_part = part.map(|part| {
            let parent = docs.iter().find(|doc| doc["id"] == part["docId"]);
            let parent = parent.filter(|doc| self.may(viewer, Action::Read, 0, doc));
            json!({ "id": part["id"], "doc": parent.map(|doc| json!({ "id": doc["id"] })) })
        });
        self.judged += 3 + parts.len();
        let answer = self.ask(viewer, &text, variables).await;
        self.check(
            &answer["data"],
            &json!({ "doc": expected_doc, "docByCode": by_code, "part": expected_part }),
        );
        self.check(&answer["errors"], &Json::Null);
    }

    /// One write of one document, and what it did.
    async fn write(&mut self, viewer: usize) {
        let ty = self.dice.roll(2);
        let name = TYPES[ty].0;
        let before = self.all(ty).await;
        let id = format!("{}{}", ["d", "m"][ty], self.dice.roll(DOCUMENTS));
        let at = before.iter().position(|doc| doc["id"] == json!(id));
        let mut expected = before.clone();
        let old = at.map(|at| before[at].clone());
        let visible = old.as_ref().is_some_and(|doc| self.may(viewer, Action::Read, ty, doc));
        let (text, variables, code) = match self.dice.roll(3) {
            0 => {
                let set = self.fields(ty);
                let mut new = old.clone().unwrap_or_default();
                for (name, value) in set.as_object().expect("an object") {
                    new[name] = value.clone();
                }
                let may = |doc: &Json| self.may(viewer, Action::Update, ty, doc);
                let allowed = old.as_ref().is_some_and(|old| may(old) && may(&new));
                if let (Some(at), true) = (at, allowed) {
                    expected[at] = new;
                }
                let text = format!(
                    "mutation($id: ID!, $s: {name}Patch!) {{ w: update{name}(id: $id, set: $s) {{ id }} }}"
                );
                let code = if allowed {
                    None
                } else if visible {
                    Some("FORBIDDEN")
                } else {
                    Some("NOT_FOUND")
                };
                (text, json!({ "id": id, "s": set }), code)
            }
            1 => {
                let allowed = old.as_ref().is_some_and(|old| self.may(viewer, Action::Delete, ty, old));
                if let (Some(at), true) = (at, allowed) {
                    expected.remove(at);
                }
                let text = format!("mutation($id: ID!) {{ w: delete{name}(id: $id) {{ id }} }}");
                let code = if allowed {
                    None
                } else if visible {
                    Some("FORBIDDEN")
                } else {
                    Some("NOT_FOUND")
                };
                (text, json!({ "id": id }), code)
            }
            _ => {
                let mut input = self.fields(ty);
                (input["id"], input["code"]) = (json!(id), json!(format!("{id}!")));
                let mut new =
                    json!({ "owner": null, "team": null, "public": null, "level": null, "tags": null });
                for (name, value) in input.as_object().expect("an object") {
                    new[name] = value.clone();
                }
                let allowed = self.may(viewer, Action::Create, ty, &new);
                let code = match (allowed, at) {
                    (false, _) => Some("FORBIDDEN"),
                    (true, Some(_)) => Some("CONFLICT"),
                    (true, None) => {
                        expected.push(new);
                        None
                    }
                };
                let text = format!("mutation($i: {name}Input!) {{ w: create{name}(input: $i) {{ id }} }}");
                (text, json!({ "i": input }), code)
            }
        };
        let answer = self.ask(viewer, &text, variables).await;
        // A change that could be allowed to no document is refused as such, wherever the document is.
        let got = codes(&answer).first().copied();
        if !(code == Some("NOT_FOUND") && got == Some("FORBIDDEN") && text.contains("update")) {
            self.check(&json!(got), &json!(code));
        }
        self.compare(ty, expected).await;
        self.judged += 1;
    }

    /// One write of all that match, and what it did.
    async fn write_many(&mut self, viewer: usize) {
        let ty = self.dice.roll(2);
        let plural = ["Docs", "Memos"][ty];
        let level = self.dice.roll(6);
        let before = self.all(ty).await;
        let matching = |doc: &Json| doc["level"] == json!(level);
        let (text, set) = match self.dice.once_in(2) {
            true => {
                let text = format!(
                    "mutation($l: Int!) {{ w: delete{plural}(where: {{level: {{eq: $l}}}}) {{ count }} }}"
                );
                (text, None)
            }
            false => {
                let name = TYPES[ty].0;
                let text = format!(
                    "mutation($l: Int!, $s: {name}Patch!) {{ w: update{plural}(where: {{level: {{eq: $l}}}}, set: $s) {{ count }} }}"
                );
                (text, Some(self.fields(ty)))
            }
        };
        let mut expected = Vec::new();
        let mut count = 0;
        for doc in before {
            let mut new = doc.clone();
            for (name, value) in set.iter().filter_map(Json::as_object).flatten() {
                new[name] = value.clone();
            }
            let allowed = matching(&doc)
                && match set {
                    None => self.may(viewer, Action::Delete, ty, &doc),
                    Some(_) => {
                        self.may(viewer, Action::Update, ty, &doc)
                            && self.may(viewer, Action::Update, ty, &new)
                    }
                };
            count += usize::from(allowed);
            match (allowed, &set) {
                (true, None) => {}
                (true, Some(_)) => expected.push(new),
                (false, _) => expected.push(doc),
            }
        }
        let answer = self.ask(viewer, &text, json!({ "l": level, "s": set })).await;
        match codes(&answer).first().copied() {
            Some("FORBIDDEN") => self.check(&json!(count), &json!(0)),
            _ => self.check(&answer["data"]["w"]["count"], &json!(count)),
        }
        self.compare(ty, expected).await;
        self.judged += 1;
    }

    async fn compare(&self, ty: usize, mut expected: Vec<Json>) {
        let mut now = self.all(ty).await;
        let by_id = |doc: &Json| doc["id"].to_string();
        now.sort_by_key(by_id);
        expected.sort_by_key(by_id);
        self.check(&json!(now), &json!(expected));
    }

    async fn run(mut self, steps: usize) -> usize {
        for _ in 0..steps {
            let viewer = self.dice.roll(self.viewers.len());
            match self.dice.roll(8) {
                0 => self.write(viewer).await,
                1 if self.dice.once_in(3) => self.write_many(viewer).await,
                1..=2 => self.look_up(viewer).await,
                _ => self.list(viewer).await,
            }
        }
        self.judged
    }
}

async fn hunt(store: StoreKind, cache: CacheKind, applications: u64, steps: usize, least: usize) {
    let seed: u64 = std::env::var("OPONN_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let rounds: u64 = std::env::var("OPONN_TEST_ROUNDS").ok().and_then(|more| more.parse().ok()).unwrap_or(1);
    let mut judged = 0;
    for application in 0..applications * rounds {
        judged += Hunt::start(seed * 1_000 + application, store, cache).await.run(steps).await;
    }
    assert!(judged >= least, "only {judged} documents were judged");
}

#[tokio::test]
async fn nobody_sees_more_or_less_than_allowed_through_redis() {
    hunt(StoreKind::Sqlite, CacheKind::Redis, 28, 150, 70_000).await;
}

#[tokio::test]
async fn nobody_sees_more_or_less_than_allowed_over_mongodb() {
    hunt(StoreKind::Mongo, CacheKind::Redis, 12, 150, 30_000).await;
}

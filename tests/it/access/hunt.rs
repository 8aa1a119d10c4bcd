//! The hunt for leaks: rules, viewers and operations at random on two servers that share a cache. A third server, which
//! caches nothing and asks nobody who they are, tells what there is; what each viewer may see of it is worked out here.

use serde_json::{Value as Json, json};

use super::domain::{Action, Reach, Type, Viewer};
use super::{codes, setup};
use crate::support::app::{CacheKind, StoreKind, TestApp};
use crate::support::dice::Dice;

mod beside;
mod reads;
mod writes;

const FIELDS: [&str; 5] = ["owner", "team", "public", "level", "tags"];
const TYPES: [(&str, &str); 3] = [("Doc", "docs"), ("Memo", "memos"), ("Part", "parts")];
const DOCUMENTS: usize = 30;

struct Hunt {
    dice: Dice,
    types: [Type; 3],
    viewers: Vec<Viewer>,
    servers: [TestApp; 2],
    truth: TestApp,
    next: usize,
    /// Documents that a viewer had to be shown, or had not to be.
    judged: usize,
    /// The application and what was asked last, for the report of a failure.
    said: String,
    /// Bytes of the application in it.
    beginning: usize,
}

impl Hunt {
    async fn start(seed: u64, store: StoreKind, cache: CacheKind) -> Hunt {
        let mut dice = Dice::new(seed);
        let named = [&FIELDS[..], &["code", "docId", "doc", "parts"]].concat();
        let types = [(); 3].map(|()| Type::draw(&mut dice, &named));
        let sdl = sdl(&types);
        let viewers = (0..8).map(|_| Viewer::draw(&mut dice)).collect();
        let first = setup(&sdl).on(store, cache).start().await;
        let truth = TestApp::uncached(&first).await;
        let second = TestApp::beside(&first).await;
        let said = format!("seed {seed}\n{sdl}\n");
        let (servers, beginning) = ([first, second], said.len());
        let mut hunt = Hunt { dice, types, viewers, servers, truth, next: 0, judged: 0, said, beginning };
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
        if ty == 2 && self.dice.once_in(2) {
            input["docId"] = json!(format!("d{}", self.dice.roll(DOCUMENTS)));
        }
        input
    }

    /// All documents of a type, as they are.
    async fn all(&self, ty: usize) -> Vec<Json> {
        let keys = if ty == 2 { "code docId" } else { "code" };
        let fields = FIELDS.join(" ");
        let text = format!("{{ {}(first: 500) {{ nodes {{ id {fields} {keys} }} }} }}", TYPES[ty].1);
        self.truth.data(&text, Json::Null).await[TYPES[ty].1]["nodes"].as_array().expect("a list").clone()
    }

    fn may(&self, viewer: usize, action: Action, ty: usize, doc: &Json) -> bool {
        self.viewers[viewer].may(action, &self.types[ty], doc)
    }

    /// How far the viewer's roles allow an action on documents of a type.
    fn reach(&self, viewer: usize, action: Action, ty: usize) -> Reach {
        self.viewers[viewer].reach(action, &self.types[ty])
    }

    /// How far the viewer's roles allow to read a field of a type, in documents that may be read.
    fn field(&self, viewer: usize, ty: usize, field: &str) -> Reach {
        let of = |ty: usize, field: &str| self.viewers[viewer].field(Action::Read, &self.types[ty], field);
        match field {
            "parts" => {
                let open = self.reach(viewer, Action::Read, 2) > Reach::Never;
                let asked = open && of(2, "docId") == Reach::Always;
                if asked { of(ty, field) } else { Reach::Never }
            }
            "doc" if self.reach(viewer, Action::Read, 0) == Reach::Never => Reach::Never,
            "doc" => of(ty, field).min(of(ty, "docId")),
            _ => of(ty, field),
        }
    }

    /// Whether the viewer may read a field of a document that the viewer may read.
    fn shows(&self, viewer: usize, ty: usize, field: &str, doc: &Json) -> bool {
        let of = |field: &str| self.viewers[viewer].may_field(Action::Read, &self.types[ty], field, doc);
        of(field) && (field != "doc" || of("docId"))
    }

    async fn ask(&mut self, viewer: usize, text: &str, variables: Json) -> Json {
        let server = self.dice.roll(2);
        let answer = self.send(server, viewer, text, variables.clone()).await;
        self.said.truncate(self.beginning);
        self.say(viewer, server, text, &variables, &answer);
        answer
    }

    async fn send(&self, server: usize, viewer: usize, text: &str, variables: Json) -> Json {
        self.servers[server].query_as(&self.viewers[viewer].token, text, variables).await
    }

    /// Notes a request for the report of a failure.
    fn say(&mut self, viewer: usize, server: usize, text: &str, variables: &Json, answer: &Json) {
        let Viewer { roles, claims, .. } = &self.viewers[viewer];
        self.said += &format!("{roles:?} {claims} asks server {server}: {text} with {variables}\n{answer}\n");
    }

    /// Checks an answer, or that what is no part of the viewer's API was refused before anything was done.
    fn is_refused(&self, refused: bool, answer: &Json) -> bool {
        if refused {
            self.check(&json!([answer["data"], codes(answer).is_empty()]), &json!([null, false]));
        }
        refused
    }

    fn check(&self, got: &Json, wanted: &Json) {
        assert_eq!(got, wanted, "\n{}", self.said);
    }

    async fn run(mut self, steps: usize) -> usize {
        for _ in 0..steps {
            let viewer = self.dice.roll(self.viewers.len());
            match self.dice.roll(8) {
                0 => self.write(viewer).await,
                1 if self.dice.once_in(3) => self.write_many(viewer).await,
                2 if self.dice.once_in(2) => {
                    self.said.truncate(self.beginning);
                    self.list_beside_write(viewer).await;
                }
                1..=2 => self.look_up(viewer).await,
                _ => self.list(viewer).await,
            }
        }
        self.judged
    }
}

fn sdl(types: &[Type; 3]) -> String {
    let [doc, memo, part] = types;
    let fields = |ty: &Type| {
        let field = |(name, kind): (&str, &str)| format!("{name}: {kind}{}\n", ty.field_text(name));
        let kinds = [
            ("owner", "String"),
            ("team", "String"),
            ("public", "Boolean"),
            ("level", "Int"),
            ("tags", "[String!]"),
        ];
        let all: String = kinds.into_iter().map(field).collect();
        format!("id: ID! @id(as: STRING, client: true)\n{all}code: String @unique{}\n", ty.field_text("code"))
    };
    format!(
        "interface Item {{ id: ID! owner: String team: String public: Boolean level: Int tags: [String!] }}\n\
         type Doc implements Item @collection {} {{ {}\
         parts: [Part!]! @hasMany(field: \"docId\", onDelete: SET_NULL){} }}\n\
         type Memo implements Item @collection @partition(by: [\"team\"]) {} {{ {} }}\n\
         type MemoFigures @rollup(of: \"Memo\", by: [\"team\"]) {{ team: String!\n\
         memos: Int! @count\n highest: Int @max(field: \"level\")\n owners: Int! @countDistinct(field: \"owner\") }}\n\
         type Part implements Item @collection {} {{ {} docId: ID{}\n\
         doc: Doc @belongsTo(field: \"docId\"){} }}",
        doc.text(),
        fields(doc),
        doc.field_text("parts"),
        memo.text(),
        fields(memo),
        part.text(),
        fields(part),
        part.field_text("docId"),
        part.field_text("doc"),
    )
}

async fn hunt(store: StoreKind, cache: CacheKind, applications: u64, steps: usize, least: usize) {
    let seed: u64 = std::env::var("OPONN_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let rounds: u64 = std::env::var("OPONN_TEST_ROUNDS").ok().and_then(|more| more.parse().ok()).unwrap_or(1);
    let mut judged = 0;
    for application in 0..applications * rounds {
        judged += Hunt::start(seed * 1_000 + application, store, cache).await.run(steps).await;
    }
    println!("{judged} documents were judged");
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

//! Lists and look-ups, and what viewers have to get.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::{DOCUMENTS, FIELDS, Hunt, TYPES, codes};
use crate::access::domain::{Action, Reach};

impl Hunt {
    /// The types of a list that the viewer's roles can read.
    fn readable(&self, viewer: usize, types: &[usize]) -> Vec<usize> {
        types.iter().copied().filter(|ty| self.reach(viewer, Action::Read, *ty) > Reach::Never).collect()
    }

    /// How far a field of a list's documents can be read.
    fn least(&self, viewer: usize, types: &[usize], field: &str) -> Reach {
        let types = self.readable(viewer, types);
        types.iter().map(|ty| self.field(viewer, *ty, field)).min().unwrap_or(Reach::Never)
    }

    /// A document with the selected fields, as the viewer has to get it; counts those that are hidden.
    pub(super) fn as_seen(
        &self,
        viewer: usize,
        ty: usize,
        doc: &Json,
        selected: &[&str],
        hidden: &mut usize,
    ) -> Json {
        let mut seen = json!({ "id": doc["id"] });
        for name in selected {
            let shows = self.shows(viewer, ty, name, doc);
            *hidden += usize::from(!shows);
            seen[*name] = if shows { doc[*name].clone() } else { Json::Null };
        }
        seen
    }

    /// Some fields; seldom one that is no part of the viewer's API.
    fn select(&mut self, viewer: usize, types: &[usize]) -> Vec<&'static str> {
        let daring = self.dice.once_in(12);
        let picked: Vec<_> = FIELDS.into_iter().filter(|_| !self.dice.once_in(3)).collect();
        let known = |name: &&str| daring || self.least(viewer, types, name) > Reach::Never;
        picked.into_iter().filter(known).collect()
    }

    /// A list, in a random order and window.
    pub(super) async fn list(&mut self, viewer: usize) {
        let (name, types): (&str, &[usize]) = match self.dice.roll(4) {
            3 => ("items", &[0, 1, 2]),
            ty => (TYPES[ty].1, &[[0], [1], [2]][ty]),
        };
        let daring = self.dice.once_in(6);
        let open = |hunt: &Hunt, field: &str| daring || hunt.least(viewer, types, field) == Reach::Always;
        let filter = match self.dice.roll(4) {
            0 if open(self, "public") => ("public", "public: {eq: true}".to_owned()),
            1 if open(self, "level") => ("level", format!("not: {{level: {{gte: {}}}}}", self.dice.roll(4))),
            2 if open(self, "team") => ("team", format!("team: {{eq: \"t{}\"}}", self.dice.roll(3))),
            _ => ("id", String::new()),
        };
        let orders = [("id", ""), ("level", "{field: LEVEL}"), ("team", "{field: TEAM, direction: DESC}")];
        let order = self.dice.one_of(&orders);
        let order = if open(self, order.0) { order } else { orders[0] };
        let selected = self.select(viewer, types);
        let list = format!("where: {{{}}}, orderBy: [{}]", filter.1, order.1);
        let rest = "totalCount pageInfo { hasNextPage hasPreviousPage }";
        let every = FIELDS.join(" ");
        let whole =
            format!("{{ l: {name}({list}, first: 500) {{ nodes {{ __typename id {every} }} {rest} }} }}");
        let all = self.truth.data(&whole, Json::Null).await["l"]["nodes"].as_array().expect("a list").clone();
        let (first, offset) = (self.dice.roll(12), self.dice.roll(4));
        let shown = format!("{{ nodes {{ __typename id {} }} {rest} }}", selected.join(" "));
        let text = format!("{{ l: {name}({list}, first: {first}, offset: {offset}) {shown} }}");
        let answer = self.ask(viewer, &text, Json::Null).await;
        self.judged += all.len();
        let refused = self.readable(viewer, types).is_empty()
            || [filter.0, order.0].iter().any(|field| self.least(viewer, types, field) < Reach::Always)
            || selected.iter().any(|field| self.least(viewer, types, field) == Reach::Never);
        if self.is_refused(refused, &answer) {
            return;
        }
        let of = |doc: &Json| *types.iter().find(|ty| doc["__typename"] == TYPES[**ty].0).expect("a type");
        let visible: Vec<&Json> =
            all.iter().filter(|doc| self.may(viewer, Action::Read, of(doc), doc)).collect();
        let mut hidden = 0;
        let page = visible.iter().skip(offset).take(first).map(|doc| {
            let mut seen = self.as_seen(viewer, of(doc), doc, &selected, &mut hidden);
            seen["__typename"] = doc["__typename"].clone();
            seen
        });
        let page: Vec<Json> = page.collect();
        self.check(&answer["data"]["l"]["nodes"], &json!(page));
        self.check(&answer["data"]["l"]["totalCount"], &json!(visible.len()));
        self.check(&answer["data"]["l"]["pageInfo"]["hasNextPage"], &json!(offset + first < visible.len()));
        self.check(&json!(codes(&answer)), &json!(vec!["FORBIDDEN"; hidden]));
    }

    /// A document by its id with its children, by its key, a child with its parent, and figures about documents.
    pub(super) async fn look_up(&mut self, viewer: usize) {
        match self.dice.roll(4) {
            0 => self.parent(viewer).await,
            1 => self.by_key(viewer).await,
            2 => self.figures(viewer).await,
            _ => self.child(viewer).await,
        }
    }

    async fn parent(&mut self, viewer: usize) {
        let (docs, parts) = (self.all(0).await, self.all(2).await);
        let id = format!("d{}", self.dice.roll(DOCUMENTS));
        let selected = self.select(viewer, &[0]);
        let fields = selected.join(" ");
        let text = format!(
            "query($d: ID!) {{ doc(id: $d) {{ id {fields} parts(first: 500) {{ totalCount nodes {{ id }} }} }} }}"
        );
        let answer = self.ask(viewer, &text, json!({ "d": id })).await;
        self.judged += 1 + parts.len();
        let refused = self.readable(viewer, &[0]).is_empty()
            || selected.iter().chain(&["parts"]).any(|field| self.field(viewer, 0, field) == Reach::Never);
        if self.is_refused(refused, &answer) {
            return;
        }
        let doc = docs.iter().find(|doc| doc["id"] == json!(id));
        let (mut hidden, mut expected) = (0, Json::Null);
        if let Some(doc) = doc.filter(|doc| self.may(viewer, Action::Read, 0, doc)) {
            expected = self.as_seen(viewer, 0, doc, &selected, &mut hidden);
            let own = parts.iter().filter(|part| part["docId"] == doc["id"]);
            let own = own.filter(|part| self.may(viewer, Action::Read, 2, part));
            let own: Vec<Json> = own.map(|part| json!({ "id": part["id"] })).collect();
            let shows = self.shows(viewer, 0, "parts", doc);
            hidden += usize::from(!shows);
            expected["parts"] =
                if shows { json!({ "totalCount": own.len(), "nodes": own }) } else { Json::Null };
        }
        self.check(&answer["data"]["doc"], &expected);
        self.check(&json!(codes(&answer)), &json!(vec!["FORBIDDEN"; hidden]));
    }

    async fn by_key(&mut self, viewer: usize) {
        let ty = self.dice.roll(3);
        let one = TYPES[ty].0.to_lowercase();
        let all = self.all(ty).await;
        let code = format!("{}{}!", ["d", "m", "p"][ty], self.dice.roll(DOCUMENTS));
        let text = format!("query($c: String!) {{ l: {one}ByCode(code: $c) {{ id }} }}");
        let answer = self.ask(viewer, &text, json!({ "c": code })).await;
        self.judged += 1;
        let refused =
            self.readable(viewer, &[ty]).is_empty() || self.field(viewer, ty, "code") < Reach::Always;
        if self.is_refused(refused, &answer) {
            return;
        }
        let found = all.iter().find(|doc| doc["code"] == json!(code));
        let found = found.filter(|doc| self.may(viewer, Action::Read, ty, doc));
        self.check(&answer["data"]["l"], &found.map_or(Json::Null, |doc| json!({ "id": doc["id"] })));
    }

    async fn child(&mut self, viewer: usize) {
        let (docs, parts) = (self.all(0).await, self.all(2).await);
        let text = "{ parts(first: 500) { nodes { id doc { id } } } }";
        let answer = self.ask(viewer, text, Json::Null).await;
        self.judged += parts.len();
        let refused = self.readable(viewer, &[2]).is_empty() || self.field(viewer, 2, "doc") == Reach::Never;
        if self.is_refused(refused, &answer) {
            return;
        }
        let mut hidden = 0;
        let visible = parts.iter().filter(|part| self.may(viewer, Action::Read, 2, part));
        let expected = visible.map(|part| {
            let parent = docs.iter().find(|doc| doc["id"] == part["docId"]);
            let parent = parent.filter(|doc| self.may(viewer, Action::Read, 0, doc));
            let shows = self.shows(viewer, 2, "doc", part);
            hidden += usize::from(!shows);
            json!({ "id": part["id"], "doc": parent.filter(|_| shows).map(|doc| json!({ "id": doc["id"] })) })
        });
        let expected: Vec<Json> = expected.collect();
        let mut got = answer["data"]["parts"]["nodes"].as_array().cloned().unwrap_or_default();
        got.sort_by_key(|part| part["id"].to_string());
        let mut expected = expected;
        expected.sort_by_key(|part| part["id"].to_string());
        self.check(&json!(got), &json!(expected));
        self.check(&json!(codes(&answer)), &json!(vec!["FORBIDDEN"; hidden]));
    }

    async fn figures(&mut self, viewer: usize) {
        let all = self.all(1).await;
        let team = json!(format!("t{}", self.dice.roll(3)));
        let daring = self.dice.once_in(6);
        let figures = [("memos", "team"), ("highest", "level"), ("owners", "owner")];
        let open = |hunt: &Hunt, field: &str| hunt.field(viewer, 1, field) == Reach::Always;
        let asked: Vec<_> = figures.into_iter().filter(|(_, field)| daring || open(self, field)).collect();
        let names: Vec<&str> = asked.iter().map(|(name, _)| *name).collect();
        let text =
            format!("query($t: String!) {{ f: memoFigures(team: $t) {{ __typename {} }} }}", names.join(" "));
        let answer = self.ask(viewer, &text, json!({ "t": team })).await;
        self.judged += all.len();
        let refused = self.readable(viewer, &[1]).is_empty()
            || !open(self, "team")
            || asked.iter().any(|(_, field)| !open(self, field));
        if self.is_refused(refused, &answer) {
            return;
        }
        let rows = all.iter().filter(|memo| memo["team"] == team);
        let rows: Vec<&Json> = rows.filter(|memo| self.may(viewer, Action::Read, 1, memo)).collect();
        let highest = rows.iter().filter_map(|memo| memo["level"].as_i64()).max();
        let owners: BTreeSet<&str> = rows.iter().filter_map(|memo| memo["owner"].as_str()).collect();
        let right = json!({ "memos": rows.len(), "highest": highest, "owners": owners.len() });
        let mut expected = json!({ "__typename": "MemoFigures" });
        names.iter().for_each(|name| expected[*name] = right[*name].clone());
        self.check(&answer["data"]["f"], &expected);
        self.check(&json!(codes(&answer)), &json!([]));
    }
}

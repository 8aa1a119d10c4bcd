//! Writes of viewers, and what they have to do.

use serde_json::{Map, Value as Json, json};

use super::{DOCUMENTS, Hunt, TYPES, codes};
use crate::access::domain::{Action, Reach};

/// What a write has to lead to.
pub(super) struct Outcome {
    /// Whether it is no part of the viewer's API.
    refused: bool,
    code: Option<&'static str>,
}

impl Hunt {
    /// The given fields, seldom with one that the viewer's roles can never set in this action.
    fn settable(&mut self, viewer: usize, action: Action, ty: usize, mut given: Json) -> Json {
        if !self.dice.once_in(12) {
            let fields = given.as_object_mut().expect("an object");
            fields.retain(|name, _| self.sets(viewer, action, ty, name) > Reach::Never);
        }
        given
    }

    fn sets(&self, viewer: usize, action: Action, ty: usize, field: &str) -> Reach {
        self.viewers[viewer].field(action, &self.types[ty], field)
    }

    /// Whether the API of the viewer's roles lacks the action, or a field of it.
    fn lacks(&self, viewer: usize, action: Action, ty: usize, given: &Map<String, Json>) -> bool {
        self.reach(viewer, action, ty) == Reach::Never
            || given.keys().any(|name| self.sets(viewer, action, ty, name) == Reach::Never)
    }

    /// Whether the API of the viewer's roles finds no document by its code.
    fn hides_code(&self, viewer: usize, ty: usize) -> bool {
        self.field(viewer, ty, "code") < Reach::Always
    }

    /// Whether the viewer may give these fields to a document that the viewer may act on.
    fn gives(&self, viewer: usize, action: Action, ty: usize, given: &Map<String, Json>, doc: &Json) -> bool {
        given.keys().all(|name| self.viewers[viewer].may_field(action, &self.types[ty], name, doc))
    }

    /// Whether the viewer may change a document so.
    fn changes(&self, viewer: usize, ty: usize, set: &Map<String, Json>, old: &Json, new: &Json) -> bool {
        [old, new].into_iter().all(|doc| {
            self.may(viewer, Action::Update, ty, doc) && self.gives(viewer, Action::Update, ty, set, doc)
        })
    }

    /// One write of one document, and what it did.
    pub(super) async fn write(&mut self, viewer: usize) {
        let ty = self.dice.roll(3);
        let mut expected = self.all(ty).await;
        let (text, variables, outcome) = self.draw_write(viewer, ty, &mut expected);
        let answer = self.ask(viewer, &text, variables).await;
        self.judged += 1;
        self.check_write(&outcome, &answer);
        self.compare(ty, expected).await;
    }

    /// A write of one document at random, done to all documents of its type.
    pub(super) fn draw_write(
        &mut self,
        viewer: usize,
        ty: usize,
        all: &mut Vec<Json>,
    ) -> (String, Json, Outcome) {
        let id = format!("{}{}", ["d", "m", "p"][ty], self.dice.roll(DOCUMENTS));
        match self.dice.roll(3) {
            0 => self.update(viewer, ty, &id, all),
            1 if ty < 2 => self.delete(viewer, ty, &id, all),
            _ => self.create(viewer, ty, &id, all),
        }
    }

    /// Checks what a write of one document answers.
    pub(super) fn check_write(&self, outcome: &Outcome, answer: &Json) {
        if !self.is_refused(outcome.refused, answer) {
            // A change that could be allowed to no document is refused as such, wherever the document is. Keys in the
            // input are looked at before the rules are.
            let got = codes(answer).first().copied();
            let early = matches!(
                (outcome.code, got),
                (Some("NOT_FOUND"), Some("FORBIDDEN")) | (Some("FORBIDDEN"), Some("NOT_FOUND"))
            );
            if !early {
                self.check(&json!(got), &json!(outcome.code));
            }
        }
    }

    fn update(&mut self, viewer: usize, ty: usize, id: &str, all: &mut [Json]) -> (String, Json, Outcome) {
        let (name, set) = (TYPES[ty].0, self.fields(ty));
        let mut set = self.settable(viewer, Action::Update, ty, set);
        // A parent that is hidden is none; whether it is, is not what this is about.
        let fields = set.as_object_mut().expect("an object");
        fields.remove("docId");
        let by_key = self.dice.once_in(3);
        let refused = self.lacks(viewer, Action::Update, ty, fields) || by_key && self.hides_code(viewer, ty);
        let old = all.iter_mut().find(|doc| is_named(doc, id, by_key));
        let new = old.as_ref().map(|old| changed(old, fields));
        let allowed = !refused
            && old
                .as_ref()
                .zip(new.as_ref())
                .is_some_and(|(old, new)| self.changes(viewer, ty, fields, old, new));
        let visible = old.as_ref().is_some_and(|doc| self.may(viewer, Action::Read, ty, doc));
        if let (Some(old), Some(new), true) = (old, new, allowed) {
            *old = new;
        }
        let named = named(id, by_key);
        let text = format!("mutation($s: {name}Patch!) {{ w: update{name}{named}, set: $s) {{ id }} }}");
        (text, json!({ "s": set }), Outcome { refused, code: code(allowed, visible) })
    }

    fn delete(&mut self, viewer: usize, ty: usize, id: &str, all: &mut Vec<Json>) -> (String, Json, Outcome) {
        let name = TYPES[ty].0;
        let by_key = self.dice.once_in(3);
        let refused =
            self.reach(viewer, Action::Delete, ty) == Reach::Never || by_key && self.hides_code(viewer, ty);
        let at = all.iter().position(|doc| is_named(doc, id, by_key));
        let old = at.map(|at| all[at].clone());
        let allowed = !refused && old.as_ref().is_some_and(|old| self.may(viewer, Action::Delete, ty, old));
        let visible = old.as_ref().is_some_and(|doc| self.may(viewer, Action::Read, ty, doc));
        if let (Some(at), true) = (at, allowed) {
            all.remove(at);
        }
        let text = format!("mutation {{ w: delete{name}{}) {{ id }} }}", named(id, by_key));
        // To delete nothing by a key is no error.
        let code = code(allowed, visible).filter(|code| !by_key || *code != "NOT_FOUND");
        (text, Json::Null, Outcome { refused, code })
    }

    fn create(&mut self, viewer: usize, ty: usize, id: &str, all: &mut Vec<Json>) -> (String, Json, Outcome) {
        let name = TYPES[ty].0;
        let mut given = self.fields(ty);
        given.as_object_mut().expect("an object").remove("docId");
        given["code"] = json!(format!("{id}!"));
        let mut given = self.settable(viewer, Action::Create, ty, given);
        let fields = given.as_object_mut().expect("an object");
        let refused = self.lacks(viewer, Action::Create, ty, fields);
        let mut whole = fields.clone();
        let sub = &self.viewers[viewer].claims["sub"];
        let filled = self.types[ty].field("owner").is_owner && !fields.contains_key("owner");
        if filled {
            whole.insert("owner".to_owned(), sub.clone());
        }
        let empty =
            json!({ "owner": null, "team": null, "public": null, "level": null, "tags": null, "code": null });
        let mut new = changed(&empty, &whole);
        new["id"] = json!(id);
        if ty == 2 {
            new["docId"] = Json::Null;
        }
        let allowed = (!filled || sub.is_string())
            && self.may(viewer, Action::Create, ty, &new)
            && self.gives(viewer, Action::Create, ty, fields, &new);
        let exists = all.iter().any(|doc| doc["id"] == json!(id));
        let code = match (allowed, exists) {
            (false, _) => Some("FORBIDDEN"),
            (true, true) => Some("CONFLICT"),
            (true, false) => None,
        };
        if code.is_none() && !refused {
            all.push(new);
        }
        given["id"] = json!(id);
        let text = format!("mutation($i: {name}Input!) {{ w: create{name}(input: $i) {{ id }} }}");
        (text, json!({ "i": given }), Outcome { refused, code })
    }

    /// One write of all that match, and what it did.
    pub(super) async fn write_many(&mut self, viewer: usize) {
        let ty = self.dice.roll(2);
        let (name, plural) = [("Doc", "Docs"), ("Memo", "Memos")][ty];
        let level = self.dice.roll(6);
        let before = self.all(ty).await;
        let filter = "where: {level: {eq: $l}}";
        let (action, text, set) = match self.dice.once_in(2) {
            true => {
                let text = format!("mutation($l: Int!) {{ w: delete{plural}({filter}) {{ count }} }}");
                (Action::Delete, text, json!({}))
            }
            false => {
                let text = format!(
                    "mutation($l: Int!, $s: {name}Patch!) {{ w: update{plural}({filter}, set: $s) {{ count }} }}"
                );
                let set = self.fields(ty);
                (Action::Update, text, self.settable(viewer, Action::Update, ty, set))
            }
        };
        let fields = set.as_object().expect("an object");
        let refused =
            self.lacks(viewer, action, ty, fields) || self.field(viewer, ty, "level") < Reach::Always;
        let (mut expected, mut count) = (Vec::new(), 0);
        for doc in before {
            let new = changed(&doc, fields);
            let allowed = !refused
                && doc["level"] == json!(level)
                && match action {
                    Action::Delete => self.may(viewer, Action::Delete, ty, &doc),
                    _ => self.changes(viewer, ty, fields, &doc, &new),
                };
            count += usize::from(allowed);
            match (allowed, action) {
                (true, Action::Delete) => {}
                (true, _) => expected.push(new),
                (false, _) => expected.push(doc),
            }
        }
        let answer = self.ask(viewer, &text, json!({ "l": level, "s": set })).await;
        if !self.is_refused(refused, &answer) {
            match codes(&answer).first().copied() {
                Some("FORBIDDEN") => self.check(&json!(count), &json!(0)),
                _ => self.check(&answer["data"]["w"]["count"], &json!(count)),
            }
        }
        self.compare(ty, expected).await;
        self.judged += 1;
    }

    pub(super) async fn compare(&self, ty: usize, mut expected: Vec<Json>) {
        let mut now = self.all(ty).await;
        let by_id = |doc: &Json| doc["id"].to_string();
        now.sort_by_key(by_id);
        expected.sort_by_key(by_id);
        self.check(&json!(now), &json!(expected));
    }
}

/// The way in which a write names its document: its mutation's name and arguments go on so.
fn named(id: &str, by_key: bool) -> String {
    if by_key { format!("ByCode(code: \"{id}!\"") } else { format!("(id: \"{id}\"") }
}

fn is_named(doc: &Json, id: &str, by_key: bool) -> bool {
    if by_key { doc["code"] == json!(format!("{id}!")) } else { doc["id"] == json!(id) }
}

fn changed(doc: &Json, fields: &Map<String, Json>) -> Json {
    let mut new = doc.clone();
    for (name, value) in fields {
        new[name] = value.clone();
    }
    new
}

fn code(allowed: bool, visible: bool) -> Option<&'static str> {
    match (allowed, visible) {
        (true, _) => None,
        (false, true) => Some("FORBIDDEN"),
        (false, false) => Some("NOT_FOUND"),
    }
}

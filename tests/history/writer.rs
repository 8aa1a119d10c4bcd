//! The writes of a client. Most documents have one writer, which always knows what it has written; a few are written by
//! all at once.
//!
//! Each write of an own document holds only for the version that it was made from. So as soon as a later one is
//! acknowledged, those before it whose outcome was unknown are out of the race for good.

use std::sync::Arc;
use std::time::Duration;

use bson::doc;
use serde_json::{Map, Value as Json, json};

use super::ask::Focus;
use super::domain::{CODES, Fields, GROUPS, Kind, Name, RANKS, SHELVES, number};
use super::history::Moment;
use super::world::{ASKED_LEAVES, World};
use crate::dice::Dice;

/// Documents of each type that all clients write.
const SHARED: usize = 3;
/// No request of a client that has given up on it can still be on its way.
const LONGEST_WRITE: Duration = Duration::from_secs(90);

/// A document as it is known to be.
#[derive(Clone, Debug)]
struct State {
    fields: Fields,
    mark: i64,
    version: i64,
}

/// A write of unknown outcome.
#[derive(Clone, Debug)]
struct Unsure {
    mark: i64,
    after: Option<Fields>,
}

/// A document that no other client writes.
struct Own {
    name: Name,
    state: Option<State>,
    unsure: Vec<Unsure>,
    /// Until then it is neither made nor removed, because an earlier write may still come upon it.
    kept_until: Moment,
}

pub struct Writer {
    world: Arc<World>,
    number: usize,
    own: Vec<Own>,
    shared: Vec<Name>,
    leaves: Vec<Name>,
    /// Writes of all leaves of unknown outcome, by their marks.
    unsure: Vec<i64>,
}

/// A document as every one of its type begins.
pub fn first_fields(name: Name) -> Fields {
    Fields {
        group: GROUPS[name.number % GROUPS.len()],
        rank: (name.number % RANKS) as i64,
        code: if name.kind.has_code() { name.code(0) } else { String::new() },
        shelf: (name.kind == Kind::Book).then_some(name.number % SHELVES),
    }
}

fn is_shared(name: Name) -> bool {
    name.kind == Kind::Shelf || name.kind.has_code() && name.number < SHARED
}

/// Some documents change their value of the unique key, and others come and go: in the tests' store a value that was
/// given up stays taken when its document is removed.
fn changes_code(name: Name) -> bool {
    name.kind.has_code() && !is_shared(name) && name.number.is_multiple_of(3)
}

impl Writer {
    pub fn new(world: Arc<World>, number: usize) -> Writer {
        let clients = world.settings.clients;
        let (leaves, others): (Vec<Name>, Vec<Name>) =
            world.names.iter().partition(|name| name.kind == Kind::Leaf);
        let (shared, own): (Vec<Name>, Vec<Name>) = others.into_iter().partition(|name| is_shared(*name));
        let of_client = own.into_iter().filter(|name| name.number % clients == number);
        let begin = |name| {
            let state = State { fields: first_fields(name), mark: world.first_mark(name), version: 1 };
            Own { name, state: Some(state), unsure: Vec::new(), kept_until: Duration::ZERO }
        };
        let own = of_client.map(begin).collect();
        Writer { world, number, own, shared, leaves, unsure: Vec::new() }
    }

    /// Writes something; what it was, if it was acknowledged.
    pub async fn write(&mut self, dice: &mut Dice) -> Option<Focus> {
        if dice.once_in(20) && self.number == 0 {
            return self.write_leaves(dice).await;
        }
        if dice.once_in(4) {
            return self.write_shared(dice).await;
        }
        let at = dice.roll(self.own.len());
        if !self.own[at].unsure.is_empty() {
            self.look(at).await?;
        }
        let may_change = self.world.now() > self.own[at].kept_until;
        match self.own[at].state.clone() {
            None if may_change => self.create(at, dice).await,
            None => None,
            Some(_) if self.world.writes_outside && dice.once_in(2) => self.write_outside(at, dice).await,
            Some(state) if may_change && !changes_code(self.own[at].name) && dice.once_in(5) => {
                self.delete(at, &state, dice).await
            }
            Some(_) if dice.once_in(8) => self.write_many(at, dice).await,
            Some(state) => self.update(at, &state, dice).await,
        }
    }

    async fn create(&mut self, at: usize, dice: &mut Dice) -> Option<Focus> {
        let name = self.own[at].name;
        let fields = change(name, &first_fields(name), dice);
        let server = self.world.draw_server(dice, &[name.kind])?;
        let mark = self.world.invoked(&[(name, Some(fields.clone()))], || format!("create through {server}"));
        let mut input = fields.to_json(name.kind, mark);
        input["id"] = json!(name.id());
        let kind = name.kind.name();
        let text = format!("mutation($i: {kind}Input!) {{ w: create{kind}(input: $i) {{ mark version }} }}");
        let answer = self.world.ask(server, &text, json!({ "i": input })).await;
        self.ended(at, mark, Some(fields), None, answer)
    }

    async fn update(&mut self, at: usize, state: &State, dice: &mut Dice) -> Option<Focus> {
        let name = self.own[at].name;
        let fields = change(name, &state.fields, dice);
        let server = self.world.draw_server(dice, &[name.kind])?;
        let mark = self.world.invoked(&[(name, Some(fields.clone()))], || format!("update through {server}"));
        let set = patch(name, &state.fields, &fields, mark);
        let kind = name.kind.name();
        let text = format!(
            "mutation($id: ID!, $v: Long!, $set: {kind}Patch!) {{
               w: update{kind}(id: $id, ifVersion: $v, set: $set) {{ mark version }} }}"
        );
        let variables = json!({ "id": name.id(), "v": state.version, "set": set });
        let answer = self.world.ask(server, &text, variables).await;
        self.ended(at, mark, Some(fields), Some(state), answer)
    }

    async fn delete(&mut self, at: usize, state: &State, dice: &mut Dice) -> Option<Focus> {
        let name = self.own[at].name;
        let server = self.world.draw_server(dice, &[name.kind])?;
        let mark = self.world.invoked(&[(name, None)], || format!("delete through {server}"));
        let kind = name.kind.name();
        let text = format!(
            "mutation($id: ID!, $v: Long!) {{ w: delete{kind}(id: $id, ifVersion: $v) {{ mark version }} }}"
        );
        let variables = json!({ "id": name.id(), "v": state.version });
        let answer = self.world.ask(server, &text, variables).await;
        self.ended(at, mark, None, Some(state), answer)
    }

    /// Takes down what came of a write of an own document.
    fn ended(
        &mut self,
        at: usize,
        mark: i64,
        after: Option<Fields>,
        before: Option<&State>,
        answer: Option<Json>,
    ) -> Option<Focus> {
        let name = self.own[at].name;
        let Some(answer) = answer else {
            self.own[at].doubt(mark, after, self.world.now());
            return None;
        };
        let version = answer["w"]["version"].as_i64();
        let version = version.filter(|_| after.is_some());
        self.acknowledged(at, mark, &after, version, Duration::ZERO);
        let states = after.into_iter().chain(before.map(|state| state.fields.clone())).collect();
        Some(Focus { name, states })
    }

    fn acknowledged(
        &mut self,
        at: usize,
        mark: i64,
        after: &Option<Fields>,
        version: Option<i64>,
        grace: Duration,
    ) {
        let own = &mut self.own[at];
        // Its one writer knows the order; versions would not tell it across a delete.
        self.world.acknowledged(own.name, mark, None, grace);
        for unsure in own.unsure.drain(..) {
            self.world.excluded(own.name, unsure.mark);
        }
        let version = version.or(own.state.as_ref().map(|state| state.version)).unwrap_or_default();
        own.state = after.clone().map(|fields| State { fields, mark, version });
    }

    /// One write of several documents.
    async fn write_many(&mut self, at: usize, dice: &mut Dice) -> Option<Focus> {
        let kind = self.own[at].name.kind;
        let known = |own: &&Own| own.name.kind == kind && own.unsure.is_empty() && own.state.is_some();
        if !known(&&self.own[at]) {
            return None;
        }
        let mut many: Vec<usize> = (0..self.own.len()).filter(|other| known(&&self.own[*other])).collect();
        many.retain(|other| *other == at || dice.once_in(2));
        let model = change(self.own[at].name, &first_fields(self.own[at].name), dice);
        let mut writes = Vec::new();
        let mut states = Vec::new();
        for own in many.iter().map(|other| &self.own[*other]) {
            let before = own.state.as_ref().map(|state| state.fields.clone()).unwrap_or_default();
            let after = Fields { group: model.group, rank: model.rank, ..before.clone() };
            states.extend([before, after.clone()]);
            writes.push((own.name, Some(after)));
        }
        let server = self.world.draw_server(dice, &[kind])?;
        let mark = self.world.invoked(&writes, || format!("update of {} through {server}", writes.len()));
        let (name, plural) = (kind.name(), kind.plural());
        let text = format!(
            "mutation($ids: [ID!]!, $mark: Long!, $set: {name}Patch!) {{
               w: update{plural}(where: {{id: {{in: $ids}}, mark: {{lt: $mark}}}}, set: $set) {{ count }} }}"
        );
        let ids: Vec<String> = writes.iter().map(|(name, _)| name.id()).collect();
        let set = json!({ "group": model.group, "rank": model.rank, "mark": mark });
        let answer = self.world.ask(server, &text, json!({ "ids": ids, "mark": mark, "set": set })).await;
        let all = answer.is_some_and(|answer| answer["w"]["count"] == writes.len());
        for (at, (_, after)) in many.into_iter().zip(&writes) {
            if all {
                let version = self.own[at].state.as_ref().map(|state| state.version + 1);
                self.acknowledged(at, mark, after, version, Duration::ZERO);
            } else {
                self.own[at].doubt(mark, after.clone(), self.world.now());
            }
        }
        all.then(|| Focus { name: writes[0].0, states })
    }

    /// One write of all leaves, which the first client alone writes.
    async fn write_leaves(&mut self, dice: &mut Dice) -> Option<Focus> {
        let fields = change(self.leaves[0], &first_fields(self.leaves[0]), dice);
        let writes: Vec<_> = self.leaves.iter().map(|name| (*name, Some(fields.clone()))).collect();
        let server = self.world.draw_server(dice, &[Kind::Leaf])?;
        let mark = self.world.invoked(&writes, || format!("update of all leaves through {server}"));
        // An earlier one that comes late finds nothing to write.
        let text = "mutation($mark: Long!, $set: LeafPatch!) {
            w: updateLeaves(where: {mark: {lt: $mark}}, set: $set) { count } }";
        let set = fields.to_json(Kind::Leaf, mark);
        let answer = self.world.ask(server, text, json!({ "mark": mark, "set": set })).await;
        if !answer.is_some_and(|answer| answer["w"]["count"] == self.leaves.len()) {
            self.unsure.push(mark);
            return None;
        }
        self.world.acknowledged_all(&self.leaves, mark, &self.unsure);
        self.unsure.clear();
        Some(Focus { name: self.leaves[dice.roll(ASKED_LEAVES)], states: vec![fields] })
    }

    /// A write of another program, past all servers.
    async fn write_outside(&mut self, at: usize, dice: &mut Dice) -> Option<Focus> {
        let own = &self.own[at];
        let (name, state) = (own.name, own.state.clone()?);
        let after = (changes_code(name) || !dice.once_in(5)).then(|| change(name, &state.fields, dice));
        let mark = self.world.invoked(&[(name, after.clone())], || "by another program".to_owned());
        let collection = self.world.collection(name.kind);
        let this = doc! { "_id": name.id(), "mark": state.mark };
        let done = match &after {
            Some(fields) => {
                let set = fields.to_bson(name.kind, mark);
                collection.update_one(this, doc! { "$set": set }).await.map(|done| done.modified_count)
            }
            None => collection.delete_one(this).await.map(|done| done.deleted_count),
        };
        if done.is_ok_and(|count| count == 1) {
            self.acknowledged(at, mark, &after, None, self.world.grace);
            let states = after.into_iter().chain([state.fields]).collect();
            return Some(Focus { name, states });
        }
        self.own[at].doubt(mark, after, self.world.now());
        None
    }

    /// Asks the store itself what became of a document; `None` when it does not answer.
    async fn look(&mut self, at: usize) -> Option<()> {
        let name = self.own[at].name;
        let found = self.world.collection(name.kind).find_one(doc! { "_id": name.id() }).await.ok()?;
        let mark = found.as_ref().and_then(|found| number(found, "mark"));
        let version =
            found.as_ref().and_then(|found| number(found.get_document("_oponn").ok()?, "v")).unwrap_or(0);
        let own = &mut self.own[at];
        let landed = own.unsure.iter().position(|unsure| match &unsure.after {
            Some(_) => Some(unsure.mark) == mark,
            None => found.is_none() && own.state.is_some(),
        });
        if let Some(landed) = landed {
            let Unsure { mark, after } = own.unsure.remove(landed);
            self.world.found(name, mark);
            for unsure in own.unsure.drain(..) {
                self.world.excluded(name, unsure.mark);
            }
            own.state = after.map(|fields| State { fields, mark, version });
        }
        Some(())
    }

    /// A write of a document that others write at the same time, always whole.
    async fn write_shared(&mut self, dice: &mut Dice) -> Option<Focus> {
        let name = self.shared[dice.roll(self.shared.len())];
        let fields = change(name, &first_fields(name), dice);
        // Always the same: the commit times of the tests' store are exact for each of its clients only.
        let servers = self.world.servers();
        let server =
            if self.world.servers[1 % servers].has(&[name.kind]) { name.number % servers } else { 0 };
        let client = self.number;
        let mark = self.world.invoked(&[(name, Some(fields.clone()))], || {
            format!("update by client {client} through {server}")
        });
        let kind = name.kind.name();
        let set = fields.to_json(name.kind, mark);
        let (text, variables) = if dice.once_in(3) {
            let mut input = set;
            input["id"] = json!(name.id());
            let text = format!(
                "mutation($i: {kind}Input!) {{ w: upsert{kind}(on: ID, input: $i) {{ mark version }} }}"
            );
            (text, json!({ "i": input }))
        } else {
            let text = format!(
                "mutation($id: ID!, $set: {kind}Patch!) {{ w: update{kind}(id: $id, set: $set) {{ mark version }} }}"
            );
            (text, json!({ "id": name.id(), "set": set }))
        };
        let answer = self.world.ask(server, &text, variables).await?;
        let version = answer["w"]["version"].as_i64();
        self.world.acknowledged(name, mark, version, Duration::ZERO);
        Some(Focus { name, states: vec![fields] })
    }
}

impl Own {
    fn doubt(&mut self, mark: i64, after: Option<Fields>, now: Moment) {
        self.unsure.push(Unsure { mark, after });
        self.kept_until = now + LONGEST_WRITE;
    }
}

/// Other values for some of the fields.
fn change(name: Name, before: &Fields, dice: &mut Dice) -> Fields {
    let mut after = before.clone();
    if dice.once_in(2) {
        after.group = dice.one_of(&GROUPS);
    }
    if dice.once_in(2) {
        after.rank = dice.roll(RANKS) as i64;
    }
    if changes_code(name) && dice.once_in(4) {
        after.code = name.code(dice.roll(CODES));
    }
    if name.kind == Kind::Book && dice.once_in(3) {
        after.shelf = (!dice.once_in(5)).then(|| dice.roll(SHELVES));
    }
    after
}

/// The fields that differ, and the mark.
fn patch(name: Name, before: &Fields, after: &Fields, mark: i64) -> Json {
    let before = before.to_json(name.kind, 0);
    let Json::Object(after) = after.to_json(name.kind, mark) else { return Json::Null };
    let differs = |(key, value): &(String, Json)| before[key.as_str()] != *value;
    Json::Object(after.into_iter().filter(differs).collect::<Map<_, _>>())
}

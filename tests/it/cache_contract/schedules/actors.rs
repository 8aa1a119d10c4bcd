//! Who takes part in a schedule: writers, fillers and readers, step by step as the engine goes.

mod filler;
mod keeper;
mod tailer;

use oponn::cache::{
    Batch, CachedEntity, Floor, Lease, Mark, PageRead, PageRows, PageState, Place, Reconcile, Window,
};
use oponn::query::SortKey;
use oponn::value::{Doc, EntityRef, Id, Time};

use super::world::{Acknowledged, Answer, IDS, Without, World};
use crate::cache_contract::domain::{first, noted, versioned};
use crate::support::dice::Dice;

/// One of them, with what it has left to do.
pub struct Actor {
    pub name: String,
    state: State,
}

/// Where it stands: what it has in its hands for the next step.
enum State {
    Done,
    // A write.
    Begin {
        id: i64,
        target: Option<(bool, i64)>,
    },
    Commit {
        mark: Mark,
        id: i64,
        target: Option<(bool, i64)>,
    },
    Note {
        mark: Mark,
        commit: usize,
        again: bool,
    },
    Reconcile {
        mark: Mark,
        commit: usize,
        rows: Vec<Reconcile>,
        again: bool,
    },
    // A write of many documents that tells too little.
    Void {
        commits: Vec<usize>,
    },
    // A fill of a list, or of several by one read.
    Register {
        batches: Vec<Batch>,
        read: Option<usize>,
    },
    ReadStore {
        leases: Vec<Lease>,
    },
    Fill {
        leases: Vec<Lease>,
        commits: usize,
        asked: usize,
    },
    FillEntities {
        floor: Floor,
        commits: usize,
    },
    // A read of a page.
    Page {
        batch: Batch,
        window: Window,
    },
    Entities {
        batch: Batch,
        window: Window,
        page: PageRows,
        since: Acknowledged,
        place: Option<Place>,
    },
    Misses {
        batch: Batch,
        window: Window,
        page: PageRows,
        since: Acknowledged,
        place: Option<Place>,
        found: Vec<Option<Option<Doc>>>,
        floor: Floor,
    },
    // Every commit, one after the other.
    Follow {
        turns: usize,
        mark: Mark,
    },
    Bring {
        turns: usize,
        mark: Mark,
        at: Time,
        rows: Vec<Reconcile>,
    },
    // A request that was answered before, several times over.
    Ask {
        turns: usize,
    },
    Look {
        turns: usize,
        answer: Answer,
        since: Acknowledged,
    },
    Serve {
        turns: usize,
        answer: Answer,
    },
}

/// What became of a step: what to tell of it, nothing when there was none left, or what was stale.
type Step = Result<Option<String>, String>;

impl Actor {
    /// One who asks again what has been answered before.
    pub fn keeper(number: usize) -> Actor {
        Actor { name: format!("keeper{number}"), state: State::Ask { turns: 15 } }
    }

    /// One who follows the store.
    pub fn tailer(mark: Mark) -> Actor {
        Actor { name: "tailer".to_owned(), state: State::Follow { turns: 15, mark } }
    }

    /// Writers, readers and fillers, by their number.
    pub fn new(number: usize, dice: &mut Dice) -> Actor {
        let batch = World::batches()[dice.roll(2)].clone();
        let state = match number % 3 {
            0 => State::Begin { id: IDS[dice.roll(2)], target: target(dice) },
            1 if dice.once_in(3) => State::Register { batches: World::batches().to_vec(), read: None },
            1 => State::Register { batches: vec![batch], read: None },
            _ => State::Page { batch, window: window(dice) },
        };
        Actor { name: format!("{}{number}", ["writer", "filler", "reader"][number % 3]), state }
    }

    /// Takes the next step.
    pub async fn step(&mut self, world: &mut World, dice: &mut Dice) -> Step {
        let state = std::mem::replace(&mut self.state, State::Done);
        let (told, next) = match state {
            State::Done => return Ok(None),
            state @ (State::Begin { .. }
            | State::Commit { .. }
            | State::Note { .. }
            | State::Reconcile { .. }
            | State::Void { .. }) => write(state, world, dice).await,
            state @ (State::Register { .. }
            | State::ReadStore { .. }
            | State::Fill { .. }
            | State::FillEntities { .. }) => filler::fill(state, world, dice).await,
            state @ (State::Follow { .. } | State::Bring { .. }) => tailer::follow(state, world).await,
            state @ (State::Ask { .. } | State::Look { .. } | State::Serve { .. }) => {
                keeper::ask(state, world, dice).await?
            }
            state => read(state, world, dice).await?,
        };
        self.state = next;
        Ok(Some(told))
    }
}

fn target(dice: &mut Dice) -> Option<(bool, i64)> {
    (!dice.once_in(4)).then(|| (dice.once_in(2), dice.roll(3) as i64))
}

fn window(dice: &mut Dice) -> Window {
    match dice.roll(12) {
        0 => Window { next: true, ..first(1) },
        1 => Window { total: true, ..first(5) },
        2 => Window { total: true, ..first(0) },
        _ => first(5),
    }
}

async fn write(state: State, world: &mut World, dice: &mut Dice) -> (String, State) {
    match state {
        State::Begin { id, target } => {
            if dice.once_in(10) {
                let ids = [id, IDS[dice.roll(2)]];
                let commits: Vec<usize> =
                    ids.into_iter().filter_map(|id| world.commit(id, |v| make(id, target, v))).collect();
                return (format!("commits {commits:?} in bulk"), State::Void { commits });
            }
            ("takes its mark".to_owned(), State::Commit { mark: world.cache.mark(), id, target })
        }
        State::Commit { mark, id, target } => match world.commit(id, |v| make(id, target, v)) {
            Some(commit) => (
                format!("commits {} of {id}: {target:?}", commit + 1),
                State::Note { mark, commit, again: dice.once_in(4) },
            ),
            None => ("changes nothing".to_owned(), State::Done),
        },
        State::Note { mark, commit, again } => {
            let mark = if world.without == Without::Marks { world.cache.mark() } else { mark };
            let change = world.change(commit);
            let mut rows = noted(&*world.cache, mark, &change).await;
            if world.without == Without::Deltas {
                let batches: Vec<Batch> = rows.iter().map(|row| row.batch.clone()).collect();
                let mut filling = world.cache.filling(&batches).await.unwrap().into_iter();
                rows.retain(|_| filling.next() == Some(false));
            }
            if dice.once_in(2) {
                rows.reverse();
            }
            (
                format!("notes {}, finds {} batches", commit + 1, rows.len()),
                State::Reconcile { mark, commit, rows, again },
            )
        }
        State::Reconcile { mark, commit, mut rows, again } => match rows.pop() {
            Some(row) => {
                let mark = if world.without == Without::Marks { world.cache.mark() } else { mark };
                let done = world.cache.reconcile(mark, std::slice::from_ref(&row)).await.unwrap();
                // A command may arrive twice.
                if dice.once_in(6) {
                    rows.insert(0, row);
                }
                (
                    format!("reconciles {}: {done:?}", commit + 1),
                    State::Reconcile { mark, commit, rows, again },
                )
            }
            None => {
                world.acknowledge(commit);
                let next = if again { State::Note { mark, commit, again: false } } else { State::Done };
                (format!("acknowledges {}", commit + 1), next)
            }
        },
        State::Void { commits } => {
            let at = commits.iter().max().map_or(0, |last| *last as u64 + 1);
            world.cache.drop_types(&["Item".into()], Time(at)).await.unwrap();
            commits.iter().for_each(|commit| world.acknowledge(*commit));
            (format!("voids, acknowledges {commits:?}"), State::Done)
        }
        other => ("does nothing".to_owned(), other),
    }
}

fn make(id: i64, target: Option<(bool, i64)>, v: i64) -> Option<Doc> {
    target.map(|(a, rank)| versioned(if a { "a" } else { "b" }, id, rank, v))
}

async fn read(state: State, world: &mut World, dice: &mut Dice) -> Result<(String, State), String> {
    Ok(match state {
        State::Page { batch, window } => {
            let since = world.acknowledged();
            let place = world.place().await;
            let read = PageRead { batch: batch.clone(), window: window.clone() };
            match world.cache.read_pages(&[read]).await.unwrap().remove(0) {
                PageState::Hit(page) => (
                    format!("reads {} rows and {} beside them", page.rows.len(), page.unshown.len()),
                    State::Entities { batch, window, page, since, place },
                ),
                PageState::Doubtful => ("goes to the store".to_owned(), State::Done),
                // Every reader that misses fills, and reads again.
                PageState::Miss { .. } => {
                    ("misses".to_owned(), State::Register { batches: vec![batch], read: None })
                }
            }
        }
        State::Entities { batch, window, mut page, since, place } => {
            if world.without == Without::Suspects {
                page.unshown.clear();
            }
            let names: Vec<EntityRef> =
                page.rows.iter().chain(&page.unshown).map(|row| name(&batch, row)).collect();
            let read = world.cache.read_entities(&names).await.unwrap();
            let found: Vec<Option<Option<Doc>>> =
                read.entities.into_iter().map(|found| found.map(|CachedEntity { doc, .. }| doc)).collect();
            let told = format!("reads {} entities", found.iter().flatten().count());
            (told, State::Misses { batch, window, page, since, place, found, floor: read.floor })
        }
        State::Misses { batch, window, page, since, place, mut found, mut floor } => {
            let commits = world.snapshot(floor.time, dice.roll(1_000));
            let mut filled = Vec::new();
            for (row, found) in page.rows.iter().chain(&page.unshown).zip(&mut found) {
                if found.is_none() {
                    let name = name(&batch, row);
                    let doc = world.at(number(&name), commits);
                    *found = Some(doc.clone());
                    filled.push((name, doc));
                }
            }
            if !filled.is_empty() {
                filler::keep(world, &mut floor, &filled).await;
            }
            let docs: Vec<Option<Doc>> = found.into_iter().map(Option::unwrap_or_default).collect();
            let next = match dice.once_in(3) {
                true => State::Done,
                false => State::Page { batch: batch.clone(), window: self::window(dice) },
            };
            let answer = Answer { batch, window, page, docs, place };
            if check(world, &answer, &since)? && filled.is_empty() && place.is_some() {
                world.kept.push(answer);
            }
            (format!("is content, filled {}", filled.len()), next)
        }
        other => ("does nothing".to_owned(), other),
    })
}

/// Checks a page as the engine puts it together: a row whose document no longer yields it sends the
/// reader to the store, everything else must be right. Says whether all rows agreed with their documents.
fn check(world: &mut World, answer: &Answer, since: &Acknowledged) -> Result<bool, String> {
    let Answer { batch, window, page, docs, .. } = answer;
    let mut agrees = true;
    for (row, doc) in page.rows.iter().chain(&page.unshown).zip(docs) {
        let id = number(&name(batch, row));
        let allowed = world.allowed(id, since);
        if !allowed.contains(doc) {
            return Err(format!("a stale entity {id}: {doc:?}, must be one of {allowed:?}"));
        }
        agrees &= doc.as_ref().and_then(|doc| batch.def.row("Item", doc)).as_ref() == Some(row);
    }
    if !agrees && world.without != Without::RowChecks {
        return Ok(false);
    }
    world.hits += 1;
    if let Some(total) = page.total.filter(|_| window.total) {
        world.check_total(batch, total, since)?;
    }
    let end = page.rows.last().filter(|_| page.has_next);
    let beyond = |doc: &Option<Doc>| {
        let row = doc.as_ref().and_then(|doc| batch.def.row("Item", doc));
        row.is_some_and(|row| end.is_none_or(|end| row > *end))
    };
    if window.next && page.has_next && !IDS.iter().any(|id| world.allowed(*id, since).iter().any(beyond)) {
        return Err(format!("a row is told of that cannot be: {page:?}"));
    }
    for id in IDS {
        let shown = page.rows.iter().find(|row| number(&name(batch, row)) == id);
        let fits = |doc: &Option<Doc>| {
            let row = doc.as_ref().and_then(|doc| batch.def.row("Item", doc));
            match (&row, shown) {
                (row, Some(shown)) => row.as_ref() == Some(shown),
                // Beyond the end of the page.
                (Some(row), None) => page.has_next && end.is_none_or(|end| row > end),
                (None, None) => true,
            }
        };
        let allowed: Vec<Option<Doc>> = world.allowed(id, since);
        if !allowed.iter().any(fits) {
            return Err(format!("a stale page: {id} is {allowed:?}, the page is {page:?}"));
        }
    }
    Ok(agrees)
}

fn name(batch: &Batch, row: &SortKey) -> EntityRef {
    row.entity(&batch.def.order).expect("a row names its document")
}

fn number(name: &EntityRef) -> i64 {
    match name.id {
        Id::Int(id) => id,
        _ => panic!("all ids are numbers"),
    }
}

//! The store of a schedule, and what a read of it may show.

use std::collections::BTreeMap;
use std::sync::Arc;

use oponn::cache::{Batch, Cache, News, PageRows, Place, Topic, Window};
use oponn::query::SortKey;
use oponn::value::{Change, Doc, Image, Stamp, Time};

use crate::cache_contract::domain::{item, shelf};

/// What is taken away from the protocol, to see that it is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    Nothing,
    /// The store is read before the batch is registered.
    RegisteringFirst,
    /// Writers leave nothing at batches that are being filled.
    Deltas,
    /// Entities are filled whatever has been written since they were read.
    Floors,
    /// Writers take the mark when they come to the cache, not before they write.
    Marks,
    /// The later arrival wins, not the later commit.
    Stamps,
    /// A fill says that it has read the whole list, however few rows it asked for.
    Proof,
    /// Pages are taken as they are.
    RowChecks,
    /// A kept answer is served after a look at the journal that began before the request came.
    FreshLooks,
    /// Kept answers do not say which entities they were made of.
    EntityTopics,
    /// Nor which batches.
    BatchTopics,
    /// Nor of which types these are.
    TypeTopics,
    /// Rows that are only counted are not looked at.
    Suspects,
    /// The tailer says that it has reached more than it has brought.
    Reaching,
}

/// Of one in so many commits nobody can tell what was before.
const BLIND: usize = 8;

/// Everything that a schedule is about.
pub struct World {
    pub cache: Arc<dyn Cache>,
    pub without: Without,
    /// Whether the cache loses keys. Then a floor may be too low, and the store has to show all that has
    /// been committed; otherwise it may be as old as the floor allows.
    lossy: bool,
    commits: Vec<Commit>,
    /// Reads that the cache answered.
    pub hits: usize,
    /// Answers that a server has kept.
    pub kept: Vec<Answer>,
    /// How often one of them was served.
    pub served: usize,
    /// Where the journal ended at the server's last look.
    place: Option<Place>,
    arrivals: u64,
    /// How many commits the tailer has taken.
    followed: usize,
}

/// An answer that was made of the cache alone.
#[derive(Clone)]
pub struct Answer {
    pub batch: Batch,
    pub window: Window,
    pub page: PageRows,
    pub docs: Vec<Option<Doc>>,
    /// The place in the journal after which all of it was read.
    pub place: Option<Place>,
}

struct Commit {
    change: Change,
    acknowledged: bool,
}

/// The commits of each document that a read must at least show, by the number of commits.
pub type Acknowledged = BTreeMap<i64, usize>;

/// The documents that there can be.
pub const IDS: [i64; 2] = [1, 2];

impl World {
    pub fn new(cache: Arc<dyn Cache>, without: Without, lossy: bool) -> World {
        let (commits, kept) = (Vec::new(), Vec::new());
        World {
            cache,
            without,
            lossy,
            commits,
            hits: 0,
            kept,
            served: 0,
            place: None,
            arrivals: 0,
            followed: 0,
        }
    }

    /// A place in the journal that what is read from now on is not older than; it may lie back.
    pub async fn place(&mut self) -> Option<Place> {
        if self.place.is_none() {
            self.place = self.news(None).await.map(|news| news.place);
        }
        self.place
    }

    async fn news(&self, since: Option<Place>) -> Option<News> {
        self.cache.news(since).await.expect("the cache is there")
    }

    /// Looks at the journal: whether nothing of the answer has changed since it was made.
    pub async fn unchanged(&mut self, answer: &Answer) -> bool {
        let news = self.news(answer.place).await;
        self.place = news.as_ref().map(|news| news.place);
        let Some(changed) = news.and_then(|news| news.changed) else { return false };
        let Answer { batch, window, page, .. } = answer;
        let entity = |row: &SortKey| row.entity(&batch.def.order).expect("a row names its document");
        let entities = page.rows.iter().chain(&page.unshown).map(|row| Topic::entity(&entity(row)));
        let parts = [
            (Without::EntityTopics, entities.collect()),
            (Without::BatchTopics, vec![Topic::batch(batch.key)]),
            (Without::TypeTopics, vec![Topic::ty("Item")]),
        ];
        let known = parts.into_iter().filter(|(part, _)| *part != self.without);
        let counts = window.counts().then(|| Topic::counts("Item"));
        !known
            .flat_map(|(_, topics): (_, Vec<Topic>)| topics)
            .chain(counts)
            .any(|topic| changed.contains(&topic))
    }

    /// The lists that there are.
    pub fn batches() -> [Batch; 2] {
        [shelf("a"), shelf("b")]
    }

    /// Commits a write; `None` when it would change nothing.
    pub fn commit(&mut self, id: i64, make: impl FnOnce(i64) -> Option<Doc>) -> Option<usize> {
        let before = self.at(id, self.commits.len());
        let last = self.commits.iter().rev().find(|commit| commit.change.entity == item(id));
        // A document that comes back begins its versions anew.
        let v = before.as_ref().map_or(1, |doc| doc.version() + 1);
        let after = make(v);
        if before.is_none() && after.is_none() {
            return None;
        }
        debug_assert!(last.is_none_or(|last| last.change.after == before));
        let stamp = Stamp { t: Time(self.commits.len() as u64 + 1), v };
        let change = Change { entity: item(id), before: before.into(), after, stamp };
        self.commits.push(Commit { change, acknowledged: false });
        Some(self.commits.len() - 1)
    }

    /// What a commit did, as far as writers know; with the stamp of its arrival when that is what counts.
    pub fn change(&mut self, commit: usize) -> Change {
        let mut change = self.commits[commit].change.clone();
        if commit % BLIND == BLIND - 1 {
            change.before = Image::Unknown;
        }
        if self.without == Without::Stamps {
            self.arrivals += 1;
            change.stamp.t = Time(1_000 + self.arrivals);
        }
        change
    }

    /// The next commit, for the tailer.
    pub fn next_to_follow(&mut self) -> Option<Change> {
        let commit = self.commits.get(self.followed)?;
        self.followed += 1;
        Some(commit.change.clone())
    }

    /// Leaves out what has been committed until now.
    pub fn follow_from_here(&mut self) -> Time {
        self.followed = self.commits.len();
        Time(self.followed as u64)
    }

    pub fn acknowledge(&mut self, commit: usize) {
        self.commits[commit].acknowledged = true;
    }

    /// The document after so many commits.
    pub fn at(&self, id: i64, commits: usize) -> Option<Doc> {
        let of = |commit: &&Commit| commit.change.entity == item(id);
        self.commits[..commits].iter().rev().find(of)?.change.after.clone()
    }

    /// How many commits a read of the store shows that must not be older than `floor`.
    pub fn snapshot(&self, floor: Time, choice: usize) -> usize {
        let all = self.commits.len();
        let least = if self.lossy { all } else { usize::try_from(floor.0).unwrap_or(0).min(all) };
        least + choice % (all - least + 1)
    }

    /// The rows of a list after so many commits.
    pub fn rows(&self, batch: &Batch, commits: usize) -> Vec<SortKey> {
        let mut rows: Vec<SortKey> =
            IDS.iter().filter_map(|id| batch.def.row("Item", &self.at(*id, commits)?)).collect();
        rows.sort();
        rows
    }

    /// What a read that begins now must at least show.
    pub fn acknowledged(&self) -> Acknowledged {
        let last = |id: i64| {
            let of = |commit: &Commit| commit.acknowledged && commit.change.entity == item(id);
            (id, self.commits.iter().rposition(of).map_or(0, |at| at + 1))
        };
        IDS.into_iter().map(last).collect()
    }

    /// Checks the length of a list: some of the permitted states of its documents have to add up to it.
    pub fn check_total(&self, batch: &Batch, total: u64, since: &Acknowledged) -> Result<(), String> {
        let (mut least, mut most) = (0, 0);
        for id in IDS {
            let belongs =
                |doc: &Option<Doc>| doc.as_ref().and_then(|doc| batch.def.row("Item", doc)).is_some();
            let allowed = self.allowed(id, since);
            least += u64::from(allowed.iter().all(belongs));
            most += u64::from(allowed.iter().any(belongs));
        }
        if (least..=most).contains(&total) {
            return Ok(());
        }
        Err(format!("a stale total: {total}, must be {least} to {most}"))
    }

    /// The states of a document that a read may show which began when these were acknowledged.
    pub fn allowed(&self, id: i64, since: &Acknowledged) -> Vec<Option<Doc>> {
        (since[&id]..=self.commits.len()).map(|commits| self.at(id, commits)).collect()
    }
}

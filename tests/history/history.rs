//! What was written to each document and when, and from that the states that a read may show.
//!
//! A write takes effect at one moment between its invocation and its return; one whose outcome is unknown may do so at
//! any moment after its invocation, or never. So a read may show the state of every write that was invoked before
//! the read's answer, unless a later write of the document was acknowledged before the read was invoked.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::domain::{Fields, Name};

/// Past states of a document that are remembered for reports.
const REMEMBERED: usize = 40;
/// How long a read takes at the most.
const LONGEST_READ: Duration = Duration::from_secs(60);

/// Time since the history began.
pub type Moment = Duration;

/// A request's time: from before it was sent until after it was answered.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub begin: Moment,
    pub end: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Under way, or of unknown outcome.
    Maybe,
    Done,
    Never,
}

/// One write of one document.
#[derive(Clone, Debug)]
pub struct Write {
    /// The value that no other write of the document has.
    pub mark: i64,
    /// The document after it; `None`: there is none.
    pub after: Option<Fields>,
    /// What was done, for reports.
    how: String,
    invoked: Moment,
    /// When it was known to be done: what is invoked later comes later.
    returned: Option<Moment>,
    /// From when on reads have to show it. A write that nobody acknowledged never promises that.
    visible: Option<Moment>,
    /// The number of the version that it made: later writes have larger ones.
    version: Option<i64>,
    fate: Fate,
}

impl Write {
    fn tell(&self) -> String {
        let time = |moment: Option<Moment>| {
            moment.map_or("never".to_owned(), |moment| format!("{:.4}", moment.as_secs_f64()))
        };
        let fate = match self.fate {
            Fate::Maybe => "outcome unknown",
            Fate::Done => "done",
            Fate::Never => "not done",
        };
        let version = self.version.map_or(String::new(), |version| format!(", version {version}"));
        format!(
            "mark {}: {} -> {:?}; invoked {}, returned {}, to be seen from {}, {fate}{version}",
            self.mark,
            self.how,
            self.after,
            time(Some(self.invoked)),
            time(self.returned),
            time(self.visible)
        )
    }
}

/// The latest of the writes that a read has to show: the last one invoked, and the last version.
#[derive(Default)]
struct Seen {
    invoked: Option<Moment>,
    version: Option<i64>,
}

impl Seen {
    /// Whether one of them certainly took effect after this write.
    fn supersedes(&self, write: &Write) -> bool {
        let before = |(returned, invoked): (Moment, Moment)| returned < invoked;
        write.returned.zip(self.invoked).is_some_and(before)
            || write.version.zip(self.version).is_some_and(|(earlier, later)| earlier < later)
    }
}

/// All that was written to one document, in the order of invocation.
#[derive(Default)]
pub struct Document {
    writes: Vec<Write>,
    /// Writes that no read can show any more.
    past: VecDeque<Write>,
}

impl Document {
    fn new() -> Document {
        let absent = Write {
            mark: 0,
            after: None,
            how: "not there at first".to_owned(),
            invoked: Duration::ZERO,
            returned: Some(Duration::ZERO),
            visible: Some(Duration::ZERO),
            version: None,
            fate: Fate::Done,
        };
        Document { writes: vec![absent], past: VecDeque::new() }
    }

    /// The writes whose states a read may show.
    pub fn permitted(&self, span: Span) -> impl Iterator<Item = &Write> {
        let seen = self.seen(span.begin);
        self.writes.iter().filter(move |write| {
            write.fate != Fate::Never && write.invoked < span.end && !seen.supersedes(write)
        })
    }

    /// What reads that are invoked at this moment have to show.
    fn seen(&self, at: Moment) -> Seen {
        let mut seen = Seen::default();
        for write in self.writes.iter().filter(|write| write.visible.is_some_and(|visible| visible < at)) {
            seen.invoked = seen.invoked.max(Some(write.invoked));
            seen.version = seen.version.max(write.version);
        }
        seen
    }

    /// The latest write whose state a read may not show any more.
    pub fn last_superseded(&self, span: Span) -> Option<&Write> {
        let seen = self.seen(span.begin);
        let gone = |write: &&Write| write.fate == Fate::Done && seen.supersedes(write);
        let past = || self.past.iter().rev().find(|write| write.fate == Fate::Done);
        self.writes.iter().rev().find(gone).or_else(past)
    }

    /// The write with a mark, if it is remembered.
    pub fn marked(&self, mark: i64) -> Option<&Write> {
        self.past.iter().chain(&self.writes).find(|write| write.mark == mark)
    }

    /// Whether a write of it was acknowledged that long before `at` at the most.
    pub fn was_written_within(&self, time: Duration, at: Moment) -> bool {
        let recent = |visible: Moment| visible < at && at - visible <= time;
        self.writes.iter().any(|write| write.visible.is_some_and(recent))
    }

    /// When its latest write was sent.
    pub fn last_written(&self) -> Moment {
        self.writes.last().map_or(Duration::ZERO, |write| write.invoked)
    }

    /// Forgets what no read can show that began at `oldest` or later.
    fn prune(&mut self, now: Moment, oldest: Moment) {
        let seen = self.seen(oldest.max(now.saturating_sub(LONGEST_READ)));
        let gone = |write: &mut Write| write.fate == Fate::Never || seen.supersedes(write);
        self.past.extend(self.writes.extract_if(.., gone));
        self.past.drain(..self.past.len().saturating_sub(REMEMBERED));
    }

    /// Its latest writes, from the one with a mark on if that is remembered.
    pub fn tell(&self, from: Option<i64>) -> Vec<String> {
        let all: Vec<&Write> = self.past.iter().chain(&self.writes).collect();
        let shown = from.and_then(|mark| all.iter().position(|write| write.mark == mark));
        let start = shown.unwrap_or(all.len().saturating_sub(4)).max(all.len().saturating_sub(12));
        all[start..].iter().map(|write| write.tell()).collect()
    }
}

/// All documents.
pub struct History {
    began: Instant,
    /// What the clock is ahead by, in histories made by hand.
    ahead: Duration,
    documents: BTreeMap<Name, Document>,
    marks: i64,
    /// When the reads under way began, and how many at each moment.
    reading: BTreeMap<Moment, usize>,
}

impl History {
    pub fn new(names: impl IntoIterator<Item = Name>) -> History {
        let documents = names.into_iter().map(|name| (name, Document::new())).collect();
        History {
            began: Instant::now(),
            ahead: Duration::ZERO,
            documents,
            marks: 0,
            reading: BTreeMap::new(),
        }
    }

    /// A history of which nothing is left but what is stored in the end: values and marks.
    pub fn at_rest(names: &[Name], mut stored: BTreeMap<Name, (Fields, i64)>) -> History {
        let mut history = History::new(names.iter().copied());
        for name in names {
            if let Some((fields, mark)) = stored.remove(name) {
                history.invoked(*name, mark, Some(fields), "at rest".to_owned());
                history.acknowledged(*name, mark, None, Duration::ZERO);
            }
        }
        history
    }

    pub fn now(&self) -> Moment {
        self.began.elapsed() + self.ahead
    }

    /// Lets time pass.
    pub fn skip(&mut self, time: Duration) {
        self.ahead += time;
    }

    /// A read that is about to be sent: what it can show is remembered until it has ended.
    pub fn reads(&mut self) -> Moment {
        let begin = self.now();
        *self.reading.entry(begin).or_default() += 1;
        begin
    }

    /// The end of a read that began at this moment.
    pub fn has_read(&mut self, begin: Moment) {
        let reads = self.reading.get_mut(&begin).expect("it has begun");
        *reads -= 1;
        if *reads == 0 {
            self.reading.remove(&begin);
        }
    }

    /// A mark that no write has.
    pub fn mark(&mut self) -> i64 {
        self.marks += 1;
        self.marks
    }

    /// A write that is about to be sent.
    pub fn invoked(&mut self, name: Name, mark: i64, after: Option<Fields>, how: String) {
        let invoked = self.now();
        let oldest = self.reading.keys().next().copied().unwrap_or(invoked);
        let document = self.documents.get_mut(&name).expect("all documents are known from the start");
        document.prune(invoked, oldest);
        let (returned, visible, version, fate) = (None, None, None, Fate::Maybe);
        document.writes.push(Write { mark, after, how, invoked, returned, visible, version, fate });
    }

    /// A write that the server acknowledged. Reads have to show it after `grace`.
    pub fn acknowledged(&mut self, name: Name, mark: i64, version: Option<i64>, grace: Duration) {
        let now = self.now();
        let write = self.write(name, mark);
        (write.fate, write.version) = (Fate::Done, version);
        (write.returned, write.visible) = (Some(now), Some(now + grace));
    }

    /// A write of unknown outcome that the store has been seen to have carried out.
    pub fn found(&mut self, name: Name, mark: i64) {
        let now = self.now();
        let write = self.write(name, mark);
        (write.fate, write.returned) = (Fate::Done, Some(now));
    }

    /// A write that takes effect, if it ever does, before those of later versions.
    pub fn ordered(&mut self, name: Name, mark: i64, version: i64) {
        self.write(name, mark).version = Some(version);
    }

    /// A write that has not happened and never will.
    pub fn excluded(&mut self, name: Name, mark: i64) {
        self.write(name, mark).fate = Fate::Never;
    }

    fn write(&mut self, name: Name, mark: i64) -> &mut Write {
        let document = self.documents.get_mut(&name).expect("all documents are known from the start");
        let mut latest = document.writes.iter_mut().rev();
        latest.find(|write| write.mark == mark).expect("a write of unknown outcome is never forgotten")
    }

    pub fn document(&self, name: Name) -> Option<&Document> {
        self.documents.get(&name)
    }

    pub fn documents(&self) -> impl Iterator<Item = (Name, &Document)> {
        self.documents.iter().map(|(name, document)| (*name, document))
    }
}

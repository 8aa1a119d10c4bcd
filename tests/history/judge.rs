//! Whether an answer can be right: for each document, some state that a read at that time may show has to explain
//! it.

mod page;

use std::time::Duration;

use serde_json::Value as Json;

use super::domain::{Kind, Name, Place};
use super::history::{Document, History, Span, Write};

pub use page::{Page, Window};

/// A pair counts as fresh when its write was acknowledged this long before the read at the most.
const FRESH: Duration = Duration::from_millis(500);

/// What a wrong answer is wrong in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A document in a state that it cannot have had.
    Stale,
    /// A document that must be shown and is not.
    Missing,
    /// A page that no list can have: its order, its bounds, the number of its rows.
    Malformed,
    /// A number of rows, or whether there are more.
    Count,
    /// At rest, an answer that differs from the store.
    Unlike,
}

#[derive(Debug)]
pub struct Violation {
    pub fault: Fault,
    pub text: String,
    /// The documents that tell why, each with the mark from which on its writes matter.
    pub about: Vec<(Name, Option<i64>)>,
}

/// What came of judging.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Documents whose state decided an answer, and of which an earlier state would have been found out.
    pub pairs: u64,
    /// Those written only just before.
    pub fresh: u64,
    /// Numbers of rows, and claims whether there are more.
    pub counts: u64,
    pub violations: Vec<Violation>,
}

impl Verdict {
    fn wrong(&mut self, fault: Fault, about: Vec<(Name, Option<i64>)>, text: String) {
        self.violations.push(Violation { fault, text, about });
    }
}

/// Judges the parts of one answer.
pub struct Judge<'a> {
    pub history: &'a History,
    pub span: Span,
}

impl Judge<'_> {
    fn document(&self, name: Name) -> &Document {
        self.history.document(name).expect("names are looked up before they are judged")
    }

    fn permitted(&self, name: Name) -> Vec<&Write> {
        self.document(name).permitted(self.span).collect()
    }

    /// Counts a document whose state decided the answer.
    fn pair(&self, name: Name, verdict: &mut Verdict) {
        let document = self.document(name);
        if document.last_superseded(self.span).is_some() {
            verdict.pairs += 1;
            verdict.fresh += u64::from(document.was_written_within(FRESH, self.span.begin));
        }
    }

    /// Judges one document as it is shown; its place if it is one that clients write.
    fn shown(&self, row: &Json, verdict: &mut Verdict) -> Option<Place> {
        let Some((name, mark)) =
            name_and_mark(row).filter(|(name, _)| self.history.document(*name).is_some())
        else {
            verdict.wrong(Fault::Malformed, Vec::new(), format!("nobody wrote {row}"));
            return None;
        };
        self.pair(name, verdict);
        let document = self.document(name);
        let stands = document.permitted(self.span).find(|write| write.mark == mark);
        let fits = |write: &Write| {
            let shown = row.as_object()?;
            write.after.as_ref().map(|fields| (fields.shows(name.kind, mark, shown), Place::of(name, fields)))
        };
        match stands.and_then(fits) {
            Some((true, place)) => Some(place),
            Some((false, _)) => {
                let about = vec![(name, Some(mark))];
                verdict.wrong(Fault::Malformed, about, format!("parts of different states: {row}"));
                None
            }
            None => {
                let why = match document.marked(mark) {
                    Some(_) => "an outdated state",
                    None => "a state that nobody wrote, or wrote long ago",
                };
                verdict.wrong(Fault::Stale, vec![(name, Some(mark))], format!("{why}: {row}"));
                // Its place is that of the state shown, so that the rest of the page can be judged.
                document.marked(mark).and_then(fits).map(|(_, place)| place)
            }
        }
    }

    /// Judges a document asked for by its id, or by a value of its unique key.
    pub fn one(&self, name: Name, code: Option<usize>, answer: &Json, verdict: &mut Verdict) {
        let code = code.map(|which| name.code(which));
        if !answer.is_null() {
            self.shown(answer, verdict);
            let other = answer["id"] != name.id() || code.is_some_and(|code| answer["code"] != code);
            if other {
                verdict.wrong(Fault::Malformed, vec![(name, None)], format!("another document: {answer}"));
            }
            return;
        }
        self.pair(name, verdict);
        let missing = |write: &Write| match (&write.after, &code) {
            (None, _) => true,
            (Some(fields), Some(code)) => fields.code != *code,
            (Some(_), None) => false,
        };
        if !self.permitted(name).into_iter().any(missing) {
            verdict.wrong(Fault::Missing, vec![(name, None)], format!("{} is not there", name.id()));
        }
    }

    /// Judges the parent shown below a child: the one that the child's key names, in a state of its own.
    pub fn parent(&self, child: &Json, parent: &Json, verdict: &mut Verdict) {
        if child.is_null() {
            return;
        }
        if child["shelfId"] != parent["id"] {
            let about = name_and_mark(child).map(|(name, mark)| (name, Some(mark)));
            let text = format!("{} leads to {parent}", child["shelfId"]);
            verdict.wrong(Fault::Malformed, about.into_iter().collect(), text);
        }
        if !parent.is_null() {
            self.shown(parent, verdict);
        }
    }
}

fn name_and_mark(row: &Json) -> Option<(Name, i64)> {
    let kind = Kind::of(row["__typename"].as_str()?)?;
    Some((Name::of(kind, row["id"].as_str()?)?, row["mark"].as_i64()?))
}

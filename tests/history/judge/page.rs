//! Pages of lists: their rows, their edges, and what they count.

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::{Fault, Judge, Verdict};
use crate::domain::{List, Name, Place};
use crate::history::Span;

/// Which part of a list a page is.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// Rows at the most, from the start, or from the end.
    pub rows: usize,
    pub from_end: bool,
    pub offset: usize,
    pub after: Option<Place>,
    pub before: Option<Place>,
}

/// A page as it was answered.
pub struct Page<'a> {
    pub list: &'a List,
    pub window: &'a Window,
    pub rows: Vec<&'a Json>,
    pub total: Option<i64>,
    pub next: Option<bool>,
    pub previous: Option<bool>,
}

/// Where the list may have a document.
struct Standing {
    name: Name,
    /// Its places in the states that the list has.
    places: Vec<Place>,
    /// It may be in a state that the list does not have.
    may_lack: bool,
}

impl Standing {
    /// Whether the document is at a place like this, whatever its state.
    fn must(&self, at: impl Fn(&Place) -> bool) -> bool {
        !self.may_lack && !self.places.is_empty() && self.places.iter().all(at)
    }

    /// Whether it is at such a place in some state.
    fn may(&self, at: impl Fn(&Place) -> bool) -> bool {
        self.places.iter().any(at)
    }
}

impl Judge<'_> {
    /// Judges a page; the places of its rows if all of them are known.
    pub fn page(&self, page: &Page<'_>, verdict: &mut Verdict) -> Option<Vec<Place>> {
        let before = verdict.violations.len();
        let shown: Vec<Option<Place>> = page.rows.iter().map(|row| self.shown(row, verdict)).collect();
        let places: Vec<Place> = shown.into_iter().collect::<Option<_>>()?;
        if verdict.violations.len() > before {
            return None;
        }
        self.form(page, &places, verdict);
        self.membership(page, verdict);
        self.missing(page, &places, verdict);
        self.counting(page, &places, verdict);
        Some(places)
    }

    /// Its order and its bounds.
    fn form(&self, page: &Page<'_>, places: &[Place], verdict: &mut Verdict) {
        let Page { list, window, .. } = page;
        let mut wrong = |why: &str, place: Option<&Place>| {
            let about = place.map(|place| (place.name, None)).into_iter().collect();
            verdict.wrong(Fault::Malformed, about, why.to_owned());
        };
        if places.len() > window.rows {
            wrong("more rows than asked for", None);
        }
        for pair in places.windows(2) {
            if list.order.compare(&pair[0], &pair[1]).is_ge() {
                wrong("rows out of order", Some(&pair[1]));
            }
        }
        for place in places.iter().filter(|place| !within(list, window, place)) {
            wrong("a row beyond the cursor", Some(place));
        }
        if places.len() < window.rows
            && !window.from_end
            && window.before.is_none()
            && page.next == Some(true)
        {
            wrong("fewer rows than asked for, and yet more follow", None);
        }
    }

    /// Whether each row belongs into the list: its state was found to be permitted.
    fn membership(&self, page: &Page<'_>, verdict: &mut Verdict) {
        for row in &page.rows {
            let Some((name, mark)) = super::name_and_mark(row) else { continue };
            let state = self.permitted(name).into_iter().find(|write| write.mark == mark);
            let fits = state.and_then(|write| write.after.as_ref());
            if fits.is_some_and(|fields| !page.list.filter.matches(fields)) {
                let text = format!("a row that does not match: {row}");
                verdict.wrong(Fault::Malformed, vec![(name, Some(mark))], text);
            }
        }
    }

    /// Whether every document is shown that must be between the page's edges.
    fn missing(&self, page: &Page<'_>, places: &[Place], verdict: &mut Verdict) {
        let Page { list, window, .. } = page;
        let full = places.len() >= window.rows;
        if full && places.is_empty() {
            return;
        }
        // Within the edges: beyond a full page, and before an offset, anything may be.
        let open_start = if window.from_end { !full } else { window.offset == 0 };
        let open_end = if window.from_end { true } else { !full };
        let (first, last) = (places.first(), places.last());
        let inside = |place: &Place| {
            let beyond = |edge: Option<&Place>, way: Ordering| {
                edge.is_some_and(|edge| list.order.compare(place, edge) == way)
            };
            // Without rows, an offset leaves nothing that can be told.
            let starts = open_start || first.is_some() && !beyond(first, Ordering::Less);
            let ends = open_end || last.is_some() && !beyond(last, Ordering::Greater);
            within(list, window, place) && starts && ends
        };
        for (name, document) in self.history.documents() {
            if !list.on.has(name.kind) || places.iter().any(|place| place.name == name) {
                continue;
            }
            if self.standing(list, name, self.span).must(inside) {
                let text = format!("{} must be in the page and is not", name.id());
                verdict.wrong(Fault::Missing, vec![(name, None)], text);
            }
            let stale = document.last_superseded(self.span).and_then(|write| write.after.as_ref());
            if stale.is_some_and(|fields| list.filter.matches(fields) && inside(&Place::of(name, fields))) {
                self.pair(name, verdict);
            }
        }
    }

    /// The number of rows, that of rows passed over, and whether there are more.
    fn counting(&self, page: &Page<'_>, places: &[Place], verdict: &mut Verdict) {
        let Page { list, window, .. } = page;
        let of_list = self.history.documents().filter(|(name, _)| list.on.has(name.kind));
        let standings: Vec<Standing> =
            of_list.map(|(name, _)| self.standing(list, name, self.span)).collect();
        let beyond = |edge: &Place, way: Ordering| {
            let edge = edge.clone();
            move |place: &Place| list.order.compare(place, &edge) == way
        };
        if let Some(total) = page.total {
            self.number("totalCount", total, &standings, |_| true, verdict);
        }
        if let Some(first) = places.first() {
            if !window.from_end && window.offset > 0 {
                let passed =
                    |place: &Place| beyond(first, Ordering::Less)(place) && within(list, window, place);
                self.number("offset", window.offset as i64, &standings, passed, verdict);
            }
            if let Some(previous) = page.previous {
                self.more("hasPreviousPage", previous, &standings, beyond(first, Ordering::Less), verdict);
            }
        }
        if let Some(last) = places.last()
            && let Some(next) = page.next
        {
            self.more("hasNextPage", next, &standings, beyond(last, Ordering::Greater), verdict);
        }
    }

    /// A number of documents at places like this.
    fn number(
        &self,
        what: &str,
        number: i64,
        standings: &[Standing],
        at: impl Fn(&Place) -> bool,
        verdict: &mut Verdict,
    ) {
        verdict.counts += 1;
        let least = standings.iter().filter(|standing| standing.must(&at)).count() as i64;
        let most = standings.iter().filter(|standing| standing.may(&at)).count() as i64;
        if !(least..=most).contains(&number) {
            let text = format!("{what} is {number} and must be between {least} and {most}");
            verdict.wrong(Fault::Count, self.suspects(standings, number < least, &at), text);
        }
    }

    /// A claim whether there are documents at places like this.
    fn more(
        &self,
        what: &str,
        more: bool,
        standings: &[Standing],
        at: impl Fn(&Place) -> bool,
        verdict: &mut Verdict,
    ) {
        verdict.counts += 1;
        let some = standings.iter().any(|standing| standing.must(&at));
        let none = !standings.iter().any(|standing| standing.may(&at));
        if (some && !more) || (none && more) {
            let text = format!("{what} is {more}, and {} row can be there", if some { "a" } else { "no" });
            verdict.wrong(Fault::Count, self.suspects(standings, some, &at), text);
        }
    }

    /// The documents that may have been forgotten, or counted where they were before: those written last.
    fn suspects(
        &self,
        standings: &[Standing],
        forgotten: bool,
        at: impl Fn(&Place) -> bool,
    ) -> Vec<(Name, Option<i64>)> {
        let suspect = |standing: &&Standing| match forgotten {
            true => standing.must(&at),
            false => !standing.may(&at),
        };
        let mut named: Vec<Name> = standings.iter().filter(suspect).map(|standing| standing.name).collect();
        named.sort_by_key(|name| std::cmp::Reverse(self.document(*name).last_written()));
        named.into_iter().take(3).map(|name| (name, None)).collect()
    }

    fn standing(&self, list: &List, name: Name, span: Span) -> Standing {
        let (mut places, mut may_lack) = (Vec::new(), false);
        for write in self.document(name).permitted(span) {
            match &write.after {
                Some(fields) if list.filter.matches(fields) => places.push(Place::of(name, fields)),
                _ => may_lack = true,
            }
        }
        Standing { name, places, may_lack }
    }
}

/// Whether a place is between the cursors of a window.
fn within(list: &List, window: &Window, place: &Place) -> bool {
    let after = window.after.as_ref().is_none_or(|edge| list.order.compare(place, edge).is_gt());
    after && window.before.as_ref().is_none_or(|edge| list.order.compare(place, edge).is_lt())
}

//! Histories whose verdict is known: a judge that finds nothing proves nothing.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::domain::{Fields, Filter, Kind, List, Name, On, Order, Place};
use super::history::{History, Moment, Span};
use super::judge::{Fault, Judge, Page, Verdict, Window};

const SECOND: Duration = Duration::from_secs(1);
const BOOKS: List = List { on: On::Books, filter: Filter::Group(0), order: Order::Rank };

fn name(number: usize) -> Name {
    Name { kind: Kind::Book, number }
}

fn fields(group: &'static str, rank: i64) -> Fields {
    Fields { group, rank, code: "c".to_owned(), shelf: None }
}

fn row(number: usize, fields: &Fields, mark: i64) -> Json {
    let mut row = fields.to_json(Kind::Book, mark);
    row["__typename"] = json!("Book");
    row["id"] = json!(name(number).id());
    row
}

/// A history made by hand, a second at each step.
struct Made(History);

impl Made {
    /// Three blue books of the ranks 1, 2 and 3, whose marks are their ranks.
    fn new() -> Made {
        let mut made = Made(History::new((1..=3).map(name)));
        for number in 1..=3 {
            made.write(number, Some(fields("blue", number as i64)));
        }
        made
    }

    fn now(&mut self) -> Moment {
        self.0.skip(SECOND);
        self.0.now()
    }

    fn begin(&mut self, number: usize, after: Option<Fields>) -> i64 {
        self.0.skip(SECOND);
        let mark = self.0.mark();
        self.0.invoked(name(number), mark, after, "by hand".to_owned());
        mark
    }

    fn end(&mut self, number: usize, mark: i64, grace: Duration) {
        self.0.skip(SECOND);
        self.0.acknowledged(name(number), mark, None, grace);
    }

    fn write(&mut self, number: usize, after: Option<Fields>) -> i64 {
        let mark = self.begin(number, after);
        self.end(number, mark, Duration::ZERO);
        mark
    }

    /// A read that begins and ends now.
    fn page(&mut self, window: Window, rows: &[Json], total: i64, next: bool) -> Vec<Fault> {
        let (begin, end) = (self.now(), self.now());
        self.page_within(Span { begin, end }, &window, rows, total, next)
    }

    fn page_within(&self, span: Span, window: &Window, rows: &[Json], total: i64, next: bool) -> Vec<Fault> {
        let (rows, total, next) = (rows.iter().collect(), Some(total), Some(next));
        let page = Page { list: &BOOKS, window, rows, total, next, previous: None };
        let mut verdict = Verdict::default();
        Judge { history: &self.0, span }.page(&page, &mut verdict);
        faults(verdict)
    }

    /// The whole list, with its true length.
    fn whole(&mut self, rows: &[Json]) -> Vec<Fault> {
        self.page(first(10), rows, rows.len() as i64, false)
    }

    fn one(&mut self, number: usize, answer: &Json) -> Vec<Fault> {
        let span = Span { begin: self.now(), end: self.now() };
        let mut verdict = Verdict::default();
        Judge { history: &self.0, span }.one(name(number), None, answer, &mut verdict);
        faults(verdict)
    }
}

fn faults(verdict: Verdict) -> Vec<Fault> {
    verdict.violations.into_iter().map(|violation| violation.fault).collect()
}

fn first(rows: usize) -> Window {
    Window { rows, ..Window::default() }
}

/// Judges histories of which it is plain what is wrong in them, if anything.
pub fn known_histories_are_judged_right() {
    let blue = |number: usize| row(number, &fields("blue", number as i64), number as i64);
    let [one, two, three] = [1, 2, 3].map(blue);
    let all = [one.clone(), two.clone(), three.clone()];
    pages(&all);
    counts(&all);
    unknown_outcomes(&two);

    // An update shows from its acknowledgement on, and may show as soon as it is under way.
    let mut made = Made::new();
    assert_eq!(made.whole(&all), []);
    let begin = made.now();
    let mark = made.begin(2, Some(fields("blue", 9)));
    let moved = row(2, &fields("blue", 9), mark);
    let after = [one.clone(), three.clone(), moved.clone()];
    let early = Span { begin, end: made.now() };
    assert_eq!(made.whole(&all), []);
    assert_eq!(made.whole(&after), []);
    made.end(2, mark, Duration::ZERO);
    assert_eq!(made.page_within(early, &first(10), &all, 3, false), []);
    assert_eq!(made.whole(&after), []);
    assert_eq!(made.whole(&all), [Fault::Stale]);
    assert_eq!(made.one(2, &two), [Fault::Stale]);
    assert_eq!(made.one(2, &Json::Null), [Fault::Missing]);
    assert_eq!(made.one(2, &moved), []);
    assert_eq!(made.one(1, &moved), [Fault::Malformed]);
    assert_eq!(made.one(2, &row(2, &fields("blue", 8), mark)), [Fault::Malformed]);
    made.write(2, None);
    assert_eq!(made.one(2, &Json::Null), []);
    assert_eq!(made.one(2, &moved), [Fault::Stale]);

    // What another program writes has its time.
    let mut made = Made::new();
    let mark = made.begin(2, Some(fields("red", 2)));
    made.end(2, mark, 20 * SECOND);
    assert_eq!(made.whole(&all), []);
    made.0.skip(20 * SECOND);
    assert_eq!(made.whole(&all), [Fault::Stale]);
    assert_eq!(made.whole(&[one, three]), []);
}

/// Rows that are missing, too many, out of order, or beyond an edge.
fn pages(all: &[Json; 3]) {
    let [one, two, three] = all.clone();
    let mut made = Made::new();
    assert_eq!(made.whole(&[one.clone(), three.clone()]), [Fault::Missing, Fault::Count]);
    assert_eq!(made.whole(&[two.clone(), one.clone(), three.clone()]), [Fault::Malformed]);
    let mut page = |window: Window, rows: &[Json], next: bool| made.page(window, rows, 3, next);
    let place = |number: usize| Some(Place::of(name(number), &fields("blue", number as i64)));
    assert_eq!(page(first(2), &[one.clone(), two.clone()], true), []);
    assert_eq!(page(first(2), &[one.clone(), two.clone()], false), [Fault::Count]);
    assert_eq!(page(first(3), all, true), [Fault::Count]);
    assert_eq!(page(first(2), &[one.clone(), three.clone()], false), [Fault::Missing]);
    assert_eq!(page(first(2), all, false), [Fault::Malformed]);
    let after = Window { after: place(1), ..first(1) };
    assert_eq!(page(after.clone(), std::slice::from_ref(&two), true), []);
    assert_eq!(page(after.clone(), std::slice::from_ref(&three), false), [Fault::Missing]);
    assert_eq!(page(after, std::slice::from_ref(&one), true), [Fault::Malformed]);
    let last = Window { from_end: true, before: place(3), ..first(1) };
    assert_eq!(page(last.clone(), std::slice::from_ref(&two), true), []);
    assert_eq!(page(last, std::slice::from_ref(&one), true), [Fault::Missing]);
    let offset = Window { offset: 1, ..first(1) };
    assert_eq!(page(offset.clone(), std::slice::from_ref(&two), true), []);
    assert_eq!(page(offset.clone(), std::slice::from_ref(&three), false), [Fault::Count]);
    assert_eq!(page(offset, std::slice::from_ref(&one), true), [Fault::Count]);
    made.write(3, Some(fields("red", 3)));
    assert_eq!(made.whole(all), [Fault::Stale]);
    let red = row(3, &fields("red", 3), 4);
    assert_eq!(made.whole(&[one, two, red]), [Fault::Malformed, Fault::Count]);
}

/// Numbers while writes are under way.
fn counts(all: &[Json; 3]) {
    let [one, two, _] = all.clone();
    let mut made = Made::new();
    let total = |made: &mut Made, total| made.page(first(0), &[], total, false);
    let slow = made.begin(3, Some(fields("red", 3)));
    for (number, faults) in [(1, &[Fault::Count][..]), (2, &[]), (3, &[]), (4, &[Fault::Count])] {
        assert_eq!(total(&mut made, number), faults);
    }
    // A later write is acknowledged; the one before it has not come to its end in the cache.
    made.write(3, Some(fields("white", 3)));
    assert_eq!(total(&mut made, 3), [Fault::Count]);
    made.end(3, slow, Duration::ZERO);
    assert_eq!(total(&mut made, 2), []);
    assert_eq!(made.whole(&[one, two]), []);
}

/// A write that nobody acknowledged may show or not, until a later one is acknowledged.
fn unknown_outcomes(before: &Json) {
    let mut made = Made::new();
    let mark = made.begin(2, Some(fields("blue", 9)));
    let after = row(2, &fields("blue", 9), mark);
    for answer in [&after, before, &after] {
        made.0.skip(100 * SECOND);
        assert_eq!(made.one(2, answer), []);
    }
    made.0.found(name(2), mark);
    assert_eq!(made.one(2, before), []);
    let mark = made.write(2, Some(fields("blue", 5)));
    for (answer, faults) in
        [(&row(2, &fields("blue", 5), mark), &[][..]), (before, &[Fault::Stale]), (&after, &[Fault::Stale])]
    {
        assert_eq!(made.one(2, answer), faults);
    }

    let mut made = Made::new();
    let mark = made.begin(2, None);
    made.0.excluded(name(2), mark);
    assert_eq!(made.one(2, &Json::Null), [Fault::Missing]);
    assert_eq!(made.one(2, before), []);
}

//! Arguments that a statement passes to its functions besides its parameters: prepared patterns and ranges.
//!
//! The statement's text refers to each by number. SQLite could cache a function's prepared arguments, but
//! every call scans the statement's list of them, so the time would grow with the square of the number of
//! conditions.

use std::cell::RefCell;
use std::rc::Rc;

use crate::query::Pattern;

use super::keys::Range;

/// One of them.
pub(super) enum Argument {
    /// For `oponn_matches`.
    Pattern(Pattern),
    /// Sorted ranges that do not overlap, for `oponn_sees` and `oponn_has_any`.
    Ranges(Vec<Range>),
}

/// A statement's arguments by their numbers.
pub(super) type Arguments = Rc<Vec<Argument>>;

thread_local! {
    /// Those of the statement that runs on this thread.
    static CURRENT: RefCell<Arguments> = RefCell::default();
}

/// Gives the arguments to the functions that are called meanwhile.
pub(super) fn handing<T>(arguments: Arguments, run: impl FnOnce() -> T) -> T {
    let _before = Before(CURRENT.replace(arguments));
    run()
}

/// The arguments of the statement that runs.
pub(super) fn handed() -> Arguments {
    CURRENT.with_borrow(Rc::clone)
}

/// Puts back what was there before.
struct Before(Arguments);

impl Drop for Before {
    fn drop(&mut self) {
        CURRENT.set(std::mem::take(&mut self.0));
    }
}

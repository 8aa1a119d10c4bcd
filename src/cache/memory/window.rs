//! Which of a batch's known rows a window shows, and whether they are enough to know the page.

use crate::cache::Window;

/// Where a window lies in the known rows of a batch, which are the first of its list.
pub(super) struct Place {
    /// Rows known.
    pub known: u64,
    /// Whether these are all.
    pub complete: bool,
    /// Whether all rows of the window are known.
    pub bounded: bool,
    /// Known rows up to `after`, it included.
    pub first: u64,
    /// Known rows before `before`.
    pub end: u64,
}

/// Ranks of the rows of a page; equal when it is empty, and then they say where the page would be.
pub(super) struct Slice {
    pub from: u64,
    pub to: u64,
}

/// The page, if the known rows tell all of it and what lies beside it.
pub(super) fn slice(window: &Window, place: &Place) -> Option<Slice> {
    let end = place.end.max(place.first);
    let (from, to) = if window.from_end {
        let to = end.saturating_sub(window.offset).max(place.first);
        (to.saturating_sub(window.limit).max(place.first), to)
    } else {
        let from = place.first.saturating_add(window.offset).min(end);
        (from, from.saturating_add(window.limit).min(end))
    };
    // A page that no end of the window cuts off is known when there is a known row after it; that the
    // list goes on beyond the extent cannot be told without one either.
    let known = if place.bounded { place.complete || to < place.known } else { !window.from_end && to < end };
    (known && (place.complete || !window.total)).then_some(Slice { from, to })
}

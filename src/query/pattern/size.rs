//! Estimates an upper bound of a compiled pattern's memory, without compiling the pattern.
//!
//! An automaton grows with the length of the pattern with its repetitions expanded. The cache of its
//! matches has a separate bound.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Bytes that a pattern may keep of what it has met, for each thread that matches with it.
pub(super) const CACHE: usize = 256 << 10;
/// Bytes of the smallest pattern.
const LEAST: usize = 8 << 10;
/// Bytes of one state: of the automaton, and of what is worked out with it.
const STATE: usize = 128;
/// States of a class of characters of several bytes, beside two for each of its ranges.
const WIDE: usize = 12;

/// The size of a parsed pattern in bytes.
pub(super) fn of(hir: &Hir) -> usize {
    let mut branches = false;
    let states = states(hir, &mut branches);
    // Without branches there are few ways to be within a match, and so not much to remember.
    let cache = if branches { CACHE } else { 0 };
    states.saturating_mul(STATE).saturating_add(LEAST + cache)
}

/// The size of a text that is searched for.
pub(super) fn of_literal(text: &str, insensitive: bool) -> usize {
    match insensitive {
        // Each character is a class.
        true => text.chars().count() * (WIDE + 4) * STATE + LEAST,
        false => text.len(),
    }
}

fn states(hir: &Hir, branches: &mut bool) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Unicode(class)) => match class.is_ascii() {
            true => class.ranges().len().max(1),
            false => class.ranges().len().saturating_mul(2) + WIDE,
        },
        HirKind::Class(Class::Bytes(class)) => class.ranges().len().max(1),
        HirKind::Capture(capture) => states(&capture.sub, branches),
        HirKind::Concat(parts) => {
            parts.iter().fold(1, |sum, part| sum.saturating_add(states(part, branches)))
        }
        HirKind::Alternation(parts) => {
            *branches = true;
            parts.iter().fold(1, |sum, part| sum.saturating_add(states(part, branches)).saturating_add(1))
        }
        HirKind::Repetition(repetition) => {
            *branches = true;
            let times = repetition.max.unwrap_or(repetition.min.saturating_add(1)).max(1);
            let times = usize::try_from(times).unwrap_or(usize::MAX);
            states(&repetition.sub, branches).saturating_add(1).saturating_mul(times)
        }
    }
}

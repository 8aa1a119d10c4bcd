//! Patterns ready to match.

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind, Look};

use super::size::CACHE;

/// A pattern, compiled.
#[derive(Debug)]
pub(super) enum Compiled {
    /// Text as it stands: most of what is searched for.
    Literal { text: String, at_start: bool, at_end: bool },
    /// Everything else.
    Regex(Regex),
    /// What is no pattern matches nothing.
    Nothing,
}

impl Compiled {
    /// Compiles a canonical text.
    pub(super) fn of(canonical: &str) -> Compiled {
        if let Some(literal) = super::parse(canonical).as_ref().and_then(literal) {
            return literal;
        }
        let mut builder = RegexBuilder::new(canonical);
        // The size was bounded before: here it is too late to refuse one.
        builder.size_limit(usize::MAX).dfa_size_limit(CACHE).nest_limit(super::MAX_CANONICAL_NESTING);
        builder.build().map_or(Compiled::Nothing, Compiled::Regex)
    }

    /// Whether it matches somewhere in the text.
    pub(super) fn is_match(&self, text: &str) -> bool {
        match self {
            Compiled::Literal { text: sought, at_start: true, at_end: true } => text == sought,
            Compiled::Literal { text: sought, at_start: true, at_end: false } => text.starts_with(sought),
            Compiled::Literal { text: sought, at_start: false, at_end: true } => text.ends_with(sought),
            Compiled::Literal { text: sought, at_start: false, at_end: false } => text.contains(sought),
            Compiled::Regex(regex) => regex.is_match(text),
            Compiled::Nothing => false,
        }
    }
}

/// The pattern as text between its ends, if it is no more than that.
fn literal(hir: &Hir) -> Option<Compiled> {
    let mut parts = match hir.kind() {
        HirKind::Concat(parts) => parts.as_slice(),
        _ => std::slice::from_ref(hir),
    };
    let at_start = matches!(parts.first()?.kind(), HirKind::Look(Look::Start));
    parts = &parts[usize::from(at_start)..];
    let at_end = parts.last().is_some_and(|last| matches!(last.kind(), HirKind::Look(Look::End)));
    parts = &parts[..parts.len() - usize::from(at_end)];
    let text = match parts {
        [] => String::new(),
        [part] => match part.kind() {
            HirKind::Empty => String::new(),
            HirKind::Literal(text) => String::from_utf8(text.0.to_vec()).ok()?,
            _ => return None,
        },
        _ => return None,
    };
    Some(Compiled::Literal { text, at_start, at_end })
}

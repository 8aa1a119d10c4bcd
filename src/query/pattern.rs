//! String patterns in a form that every engine interprets alike.
//!
//! A client's pattern is parsed with Rust's syntax and printed anew from its meaning: classes as lists of
//! characters, no flags, no capturing groups. Such a text means the same to Rust's `regex` and to PCRE2 in
//! UTF mode, which MongoDB uses.

use std::sync::{Arc, OnceLock};

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind, Look};

mod compiled;
mod print;
mod size;

use compiled::Compiled;

/// Maximum characters of a client's pattern.
const MAX_CHARS: usize = 1_000;
/// Maximum bytes of a canonical text: MongoDB takes patterns up to 32,764.
const MAX_CANONICAL: usize = 32_000;
/// Maximum bytes of memory of a client's compiled pattern.
const MAX_SIZE: usize = 16 << 20;
/// Maximum nesting of groups and repetitions.
const MAX_NESTING: u32 = 50;
/// The same for a canonical text, which may nest deeper than its original.
const MAX_CANONICAL_NESTING: u32 = MAX_NESTING * 4;

/// A pattern by its canonical text, which means the same to Rust's `regex` and to PCRE. Compiled on the
/// first match; clones share the result.
#[derive(Clone, Debug)]
pub struct Pattern(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    text: String,
    size: usize,
    compiled: OnceLock<Compiled>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.0.text == other.0.text
    }
}

/// Why a pattern cannot be used; the message is for the client.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(pub String);

impl Pattern {
    /// A client's regular expression.
    pub fn regex(text: &str, insensitive: bool) -> Result<Pattern, PatternError> {
        if text.chars().count() > MAX_CHARS {
            return Err(PatternError(format!(
                "The pattern is longer than {MAX_CHARS} characters; write a shorter one."
            )));
        }
        let hir = ParserBuilder::new()
            .case_insensitive(insensitive)
            .nest_limit(MAX_NESTING)
            .build()
            .parse(text)
            .map_err(|error| PatternError(explain(&error)))?;
        let canonical = print::print(&hir)?;
        if canonical.len() > MAX_CANONICAL {
            return Err(PatternError(
                "The pattern has too many large character classes; \\w, \\d and \\pL stand for many hundred \
                 ranges of characters: write [A-Za-z0-9_] instead of \\w, [0-9] instead of \\d."
                    .to_owned(),
            ));
        }
        let size = size::of(&hir);
        if size > MAX_SIZE {
            return Err(PatternError(
                "The pattern is too large when its repetitions are written out; use smaller counts than \
                 in x{1,1000}."
                    .to_owned(),
            ));
        }
        Ok(Pattern::new(canonical, size))
    }

    /// Literal text: at the start, at the end, both (equality) or anywhere.
    pub fn literal(text: &str, at_start: bool, at_end: bool, insensitive: bool) -> Pattern {
        let size = size::of_literal(text, insensitive);
        Pattern::new(print::literal(text, at_start, at_end, insensitive), size)
    }

    /// Parses a canonical text.
    pub fn from_canonical(text: &str) -> Option<Pattern> {
        Some(Pattern::new(text.to_owned(), size::of(&parse(text)?)))
    }

    fn new(text: String, size: usize) -> Pattern {
        Pattern(Arc::new(Parts { text, size, compiled: OnceLock::new() }))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Approximate upper bound, in bytes of memory, of the compiled pattern.
    pub fn size(&self) -> usize {
        self.0.size
    }

    /// Whether the pattern matches somewhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.compiled.get_or_init(|| Compiled::of(&self.0.text)).is_match(text)
    }

    /// The prefix of every match, if the pattern states it plainly.
    pub(crate) fn prefix(&self) -> Option<String> {
        match parse(&self.0.text)?.kind() {
            HirKind::Concat(parts) => match [parts.first()?.kind(), parts.get(1)?.kind()] {
                [HirKind::Look(Look::Start), HirKind::Literal(text)] => {
                    String::from_utf8(text.0.to_vec()).ok()
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// Parses a canonical text.
fn parse(canonical: &str) -> Option<Hir> {
    ParserBuilder::new().nest_limit(MAX_CANONICAL_NESTING).build().parse(canonical).ok()
}

/// The first line of the parser's message, and the place.
fn explain(error: &regex_syntax::Error) -> String {
    let (what, at) = match error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span().start.offset),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span().start.offset),
        other => (other.to_string(), 0),
    };
    format!(
        "The pattern is not valid at byte {at}: {what}. Put \\ before a character that stands for itself."
    )
}

#[cfg(test)]
mod tests;

//! String patterns in a form that every engine reads the same way.
//!
//! What a client writes is parsed by Rust's syntax and printed anew from its meaning: classes as lists
//! of characters, nothing that depends on a flag, no groups that capture. Such a text means the same to
//! Rust's `regex` and to PCRE2 in UTF mode, which MongoDB uses.

use regex::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{HirKind, Look};

mod print;

/// Characters of a pattern that a client may write.
const MAX_CHARS: usize = 1_000;
/// Bytes of a canonical text: MongoDB takes patterns up to 32,764.
const MAX_CANONICAL: usize = 32_000;
/// Bytes of memory of a compiled pattern that a client wrote.
const MAX_COMPILED: usize = 4 << 20;
/// Levels of groups and repetitions within each other.
const MAX_NESTING: u32 = 50;

/// A compiled pattern and its canonical text, which means the same to Rust's `regex` and to PCRE.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.text == other.text
    }
}

/// Why a pattern cannot be used; the message is for the client.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(pub String);

impl Pattern {
    /// A regular expression as a client wrote it.
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
        match compile(&canonical, MAX_COMPILED) {
            Ok(regex) => Ok(Pattern { text: canonical, regex }),
            Err(_) => Err(PatternError(
                "The pattern is too large when its repetitions are written out; use smaller counts than \
                 in x{1,1000}."
                    .to_owned(),
            )),
        }
    }

    /// Literal text: at the start, at the end, both (equality) or anywhere.
    pub fn literal(text: &str, at_start: bool, at_end: bool, insensitive: bool) -> Pattern {
        let text = print::literal(text, at_start, at_end, insensitive);
        match compile(&text, usize::MAX) {
            Ok(regex) => Pattern { text, regex },
            // Only for texts of hundreds of megabytes; no stored string is as long.
            Err(_) => Pattern::nothing(),
        }
    }

    /// Reads a canonical text back.
    pub fn from_canonical(text: &str) -> Option<Pattern> {
        Some(Pattern { text: text.to_owned(), regex: compile(text, usize::MAX).ok()? })
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches somewhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The text that everything it matches begins with, if the pattern says so plainly.
    pub(crate) fn prefix(&self) -> Option<String> {
        let hir = regex_syntax::parse(&self.text).ok()?;
        match hir.kind() {
            HirKind::Concat(parts) => match [parts.first()?.kind(), parts.get(1)?.kind()] {
                [HirKind::Look(Look::Start), HirKind::Literal(text)] => {
                    String::from_utf8(text.0.to_vec()).ok()
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn nothing() -> Pattern {
        let regex = Regex::new(print::NOTHING).expect("an empty class is a small pattern");
        Pattern { text: print::NOTHING.to_owned(), regex }
    }
}

fn compile(canonical: &str, limit: usize) -> Result<Regex, regex::Error> {
    // A canonical text may nest deeper than what it was printed from.
    RegexBuilder::new(canonical).size_limit(limit).nest_limit(MAX_NESTING * 4).build()
}

/// The first line of what the parser says, and where.
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

//! String patterns in a form that every engine reads the same way.

/// A compiled pattern and its canonical text, which means the same to Rust's `regex` and to PCRE.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: regex::Regex,
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
        let _ = (text, insensitive);
        unimplemented!()
    }

    /// Literal text: at the start, at the end, both (equality) or anywhere.
    pub fn literal(text: &str, at_start: bool, at_end: bool, insensitive: bool) -> Pattern {
        let _ = (text, at_start, at_end, insensitive);
        unimplemented!()
    }

    /// Reads a canonical text back.
    pub fn from_canonical(text: &str) -> Option<Pattern> {
        Some(Pattern { text: text.to_owned(), regex: regex::Regex::new(text).ok()? })
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches somewhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

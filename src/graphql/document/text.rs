//! Checks a text before anything recursive reads it: how deep and how long it may be. Hides from the parsers what they
//! need not see.

use std::borrow::Cow;
use std::ops::Range;

use apollo_parser::{Lexer, Token, TokenKind};

use super::grammar;
use crate::graphql::error::ApiError;
use crate::graphql::position::Pos;
use crate::metrics::ErrorCode;

/// Maximum levels of brackets of all kinds: the parsers after this recurse.
const LEVELS: usize = 200;
/// Maximum number of tokens, commas, comments and gaps included: each takes some hundred bytes once it is parsed.
pub const TOKENS: usize = 100_000;

/// A text that may be parsed.
pub struct Admitted<'t> {
    /// The text. Blanks replace its commas and descriptions, so that all positions stay the same.
    pub text: Cow<'t, str>,
    /// The number of tokens in the text.
    pub tokens: usize,
}

/// Scans a text once.
pub fn admit(text: &str) -> Result<Admitted<'_>, ApiError> {
    let mut words: Vec<Token<'_>> = Vec::new();
    let mut gaps: Vec<Range<usize>> = Vec::new();
    let (mut tokens, mut level) = (0, 0_usize);
    for token in Lexer::new(text).with_limit(TOKENS) {
        let token = token.map_err(|error| match error.is_limit() {
            true => too_complex(format!(
                "The document has more than {TOKENS} words and signs; send large values as variables."
            )),
            false => syntax_error(error.message()).at(Pos::of(text, error.index())),
        })?;
        tokens += 1;
        match token.kind() {
            TokenKind::Whitespace | TokenKind::Comment => continue,
            // A comma is nothing but a gap, but the parser accepts it only in some places.
            TokenKind::Comma => {
                gaps.push(token.index()..token.index() + token.data().len());
                continue;
            }
            TokenKind::LCurly | TokenKind::LParen | TokenKind::LBracket => level += 1,
            TokenKind::RCurly | TokenKind::RParen | TokenKind::RBracket => level = level.saturating_sub(1),
            TokenKind::StringValue if goes_over_a_line(token.data()) => {
                let message = "a string that goes over a line's end is written with three quotes";
                return Err(syntax_error(message).at(Pos::of(text, token.index())));
            }
            _ => {}
        }
        if level > LEVELS {
            let message = format!("The document is nested too deep: more than {LEVELS} levels of brackets.");
            return Err(too_complex(message).at(Pos::of(text, token.index())));
        }
        words.push(token);
    }
    let wrong = |wrong: grammar::Unexpected| syntax_error(&wrong.message).at(Pos::of(text, wrong.index));
    gaps.extend(grammar::check(&words).map_err(wrong)?);
    gaps.sort_by_key(|gap| gap.start);
    Ok(Admitted { text: blanked(text, &gaps), tokens })
}

/// Whether a string in single quotes contains a line break.
fn goes_over_a_line(string: &str) -> bool {
    !string.starts_with("\"\"\"") && string.contains(['\n', '\r'])
}

/// The text with these ranges blanked; line breaks stay.
fn blanked<'t>(text: &'t str, gaps: &[Range<usize>]) -> Cow<'t, str> {
    if gaps.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut blanked = String::with_capacity(text.len());
    let mut from = 0;
    for range in gaps {
        blanked.push_str(&text[from..range.start]);
        let gap = text[range.clone()].bytes();
        blanked.extend(gap.map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' }));
        from = range.end;
    }
    blanked.push_str(&text[from..]);
    Cow::Owned(blanked)
}

/// A parser's message about a text, for the client.
pub fn syntax_error(message: &str) -> ApiError {
    ApiError::new(ErrorCode::BadUserInput, format!("The document does not parse: {message}."))
}

fn too_complex(message: String) -> ApiError {
    ApiError::new(ErrorCode::TooComplex, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<String> {
        admit(text).err().map(|error| error.message)
    }

    #[test]
    fn deep_texts_are_refused_whatever_nests() {
        for open in
            ["{a", "{a(b:[", "query($a:", "query($a:[", "{a(b:", "{a(b:{c:", "{...on A", "[", "(", "{"]
        {
            let message = refusal(&open.repeat(5_000)).expect("too deep");
            assert!(message.contains("nested too deep"), "{message}");
        }
        let nested = |levels: usize| format!("{}a{}", "{a".repeat(levels), "}".repeat(levels));
        assert_eq!(refusal(&nested(LEVELS)), None);
        assert_eq!(refusal(&format!("{{ a(b: \"{}\") }} # {{{{{{", "{".repeat(5_000))), None);
    }

    #[test]
    fn long_texts_are_refused() {
        assert_eq!(refusal(&format!("{{{}}}", "a ".repeat(TOKENS / 2 - 2))), None);
        for text in ["a ", ",,", "# x\n", "?"] {
            assert!(refusal(&text.repeat(TOKENS)).is_some(), "{text}");
        }
    }

    #[test]
    fn descriptions_become_gaps() {
        for (text, seen) in [
            ("\"a\" query A { b }", "    query A { b }"),
            ("\"\"\"a\n\"\"\"fragment A on B { c }", "    \n   fragment A on B { c }"),
            ("query A(\"b\" $c: D = \"e\" $f: G) { h }", "query A(    $c: D = \"e\" $f: G) { h }"),
            ("{ a(b: [\"c\",,, $d]) }", "{ a(b: [\"c\"    $d]) }"),
        ] {
            assert_eq!(admit(text).map(|admitted| admitted.text.into_owned()).ok().as_deref(), Some(seen));
        }
    }
}

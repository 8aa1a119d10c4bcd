//! A text before anything recursive reads it: how deep and how long it may be, and what parsers need not
//! see of it.

use std::borrow::Cow;
use std::ops::Range;

use apollo_parser::{Lexer, TokenKind};

use crate::graphql::error::{ApiError, Pos};
use crate::metrics::ErrorCode;

/// Levels of brackets of all kinds at the most: what comes after this recurs.
const LEVELS: usize = 200;
/// Tokens at the most, commas, comments and gaps included: each takes some hundred bytes once it is parsed.
pub const TOKENS: usize = 100_000;

/// A text that may be parsed.
pub struct Admitted<'t> {
    /// The text. Where it had descriptions there are gaps, so that all places are the same.
    pub text: Cow<'t, str>,
    /// How many tokens it has.
    pub tokens: usize,
}

/// Looks through a text once.
pub fn admit<'t>(text: &'t str) -> Result<Admitted<'t>, ApiError> {
    let mut open: Vec<TokenKind> = Vec::new();
    let mut described = Descriptions::default();
    let mut tokens = 0;
    for token in Lexer::new(text).with_limit(TOKENS) {
        let token = token.map_err(|error| match error.is_limit() {
            true => too_complex(format!(
                "The document has more than {TOKENS} words and signs; send large values as variables."
            )),
            false => syntax_error(error.message()).at(Pos::of(text, error.index())),
        })?;
        tokens += 1;
        let kind = token.kind();
        match kind {
            TokenKind::Whitespace | TokenKind::Comment | TokenKind::Comma => continue,
            TokenKind::LCurly | TokenKind::LParen | TokenKind::LBracket if open.len() == LEVELS => {
                let message =
                    format!("The document is nested too deep: more than {LEVELS} levels of brackets.");
                return Err(too_complex(message).at(Pos::of(text, token.index())));
            }
            _ => {}
        }
        described.see(kind, token.data(), token.index(), &open);
        match kind {
            TokenKind::LCurly | TokenKind::LParen | TokenKind::LBracket => open.push(kind),
            TokenKind::RCurly | TokenKind::RParen | TokenKind::RBracket => {
                open.pop();
            }
            _ => {}
        }
    }
    Ok(Admitted { text: described.blanked(text), tokens })
}

/// What a parser says of a text, for the client.
pub fn syntax_error(message: &str) -> ApiError {
    ApiError::new(ErrorCode::BadUserInput, format!("The document does not parse: {message}."))
}

fn too_complex(message: String) -> ApiError {
    ApiError::new(ErrorCode::TooComplex, message)
}

/// Descriptions of operations, fragments and variables, which the specification allows since September
/// 2025 and the parser does not know. They mean nothing to a server.
#[derive(Default)]
struct Descriptions {
    found: Vec<Range<usize>>,
    /// The string before, if it can be a description.
    candidate: Option<Range<usize>>,
    before: Option<TokenKind>,
}

impl Descriptions {
    fn see(&mut self, kind: TokenKind, data: &str, index: usize, open: &[TokenKind]) {
        let candidate = self.candidate.take();
        let described = match open {
            [] => {
                kind == TokenKind::Name && matches!(data, "query" | "mutation" | "subscription" | "fragment")
            }
            [TokenKind::LParen] => kind == TokenKind::Dollar,
            _ => false,
        };
        self.found.extend(candidate.filter(|_| described));
        // After an equals sign it is the default of a variable.
        let may_describe = kind == TokenKind::StringValue && self.before != Some(TokenKind::Eq);
        self.candidate = may_describe.then(|| index..index + data.len());
        self.before = Some(kind);
    }

    /// The text with gaps in the place of descriptions; lines stay where they are.
    fn blanked<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut blanked = String::with_capacity(text.len());
        let mut from = 0;
        for range in &self.found {
            blanked.push_str(&text[from..range.start]);
            let gap = text[range.clone()].bytes();
            blanked
                .extend(gap.map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' }));
            from = range.end;
        }
        blanked.push_str(&text[from..]);
        Cow::Owned(blanked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<String> {
        admit(text).err().map(|error| error.message)
    }

    #[test]
    fn deep_texts_are_refused_whatever_nests() {
        for (open, close) in [("{a", "}"), ("{a(b:[", "])}"), ("query($a:", ")"), ("[", "]"), ("{a:", "}")] {
            let deep = |levels: usize| format!("{}{}", open.repeat(levels), close.repeat(levels));
            assert_eq!(refusal(&deep(60)), None, "{open}");
            let message = refusal(&deep(5_000)).expect("too deep");
            assert!(message.contains("nested too deep"), "{message}");
        }
        assert_eq!(refusal(&format!("{{ a(b: \"{}\") }} # {{{{{{", "{".repeat(5_000))), None);
    }

    #[test]
    fn long_texts_are_refused() {
        assert_eq!(refusal(&"a ".repeat(TOKENS / 2 - 1)), None);
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
            ("\"a\" { b }", "\"a\" { b }"),
            ("{ a(b: [\"c\" $d]) }", "{ a(b: [\"c\" $d]) }"),
        ] {
            assert_eq!(admit(text).map(|admitted| admitted.text.into_owned()).ok().as_deref(), Some(seen));
        }
    }
}

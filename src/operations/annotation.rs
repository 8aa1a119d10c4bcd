//! What operations in files say to the server alone: `@rest` on an operation, `@claim` on a variable. Annotations are
//! read by their words and signs, and blanked out of the text: for the API they do not exist.

use std::ops::Range;

use apollo_parser::{Token, TokenKind};
use serde_json::{Map, Value as Json};

use super::load::Told;
use super::split::tokens;

/// The names of annotations.
const NAMES: [&str; 2] = [REST, CLAIM];
/// Makes a route of an operation.
pub(super) const REST: &str = "rest";
/// Fills a variable from the claims of the sender.
pub(super) const CLAIM: &str = "claim";

/// An annotation of an operation or of one of its variables.
#[derive(Debug)]
pub(super) struct Annotation {
    pub(super) name: &'static str,
    /// Where it stands, from its `@` on.
    pub(super) range: Range<usize>,
    /// The variable that it is about; `None` if it is about the operation.
    pub(super) variable: Option<String>,
    pub(super) arguments: Vec<Argument>,
}

/// An argument of an annotation.
#[derive(Debug)]
pub(super) struct Argument {
    pub(super) name: String,
    /// Where its name stands.
    pub(super) at: usize,
    pub(super) value: Json,
    /// Where its value stands.
    pub(super) value_at: usize,
}

/// The annotations in the text of an operation and its fragments, and what is wrong with how they are written.
pub(super) fn annotations(text: &str) -> (Vec<Annotation>, Vec<Told>) {
    let Ok(tokens) = tokens(text) else { return (Vec::new(), Vec::new()) };
    let (mut reader, mut found, mut told) = (Reader { tokens: &tokens, next: 0 }, Vec::new(), Vec::new());
    let (mut braces, mut brackets, mut variable) = (0_usize, 0_usize, None);
    while let Some(token) = reader.take() {
        match token.kind() {
            TokenKind::LCurly => braces += 1,
            TokenKind::RCurly => braces = braces.saturating_sub(1),
            TokenKind::LParen => brackets += 1,
            TokenKind::RParen => brackets = brackets.saturating_sub(1),
            TokenKind::Dollar => variable = reader.peek().map(|name| name.data().to_owned()),
            TokenKind::At => {
                let name = reader.peek().and_then(|name| NAMES.into_iter().find(|own| *own == name.data()));
                let Some(name) = name.filter(|_| braces == 0) else { continue };
                reader.take();
                let variable = variable.clone().filter(|_| brackets > 0);
                match reader.arguments() {
                    Ok((arguments, end)) => {
                        let range = token.index()..end;
                        found.push(Annotation { name, range, variable, arguments });
                    }
                    Err(fault) => told.push(fault),
                }
            }
            _ => {}
        }
    }
    (found, told)
}

/// The text with blanks in place of the annotations: every other byte stays where it is.
pub(super) fn without(text: &str, annotations: &[Annotation]) -> String {
    let mut left = text.to_owned();
    for Annotation { range, .. } in annotations {
        let lines = text[range.clone()].chars().flat_map(|char| {
            let blank = if matches!(char, '\n' | '\r') { char } else { ' ' };
            std::iter::repeat_n(blank, char.len_utf8())
        });
        left.replace_range(range.clone(), &lines.collect::<String>());
    }
    left
}

/// Reads the tokens of annotations.
struct Reader<'r, 't> {
    tokens: &'r [Token<'t>],
    next: usize,
}

impl<'r, 't> Reader<'r, 't> {
    fn peek(&self) -> Option<&'r Token<'t>> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Option<&'r Token<'t>> {
        let token = self.peek()?;
        self.next += 1;
        Some(token)
    }

    fn take_if(&mut self, kind: TokenKind) -> Option<&'r Token<'t>> {
        self.peek().filter(|token| token.kind() == kind)?;
        self.take()
    }

    /// The next token, which has to be of this kind.
    fn expect(&mut self, kind: TokenKind, what: &str) -> Result<&'r Token<'t>, Told> {
        self.take_if(kind).ok_or_else(|| self.unexpected(what))
    }

    /// The arguments of an annotation whose name has been taken, and where it ends.
    fn arguments(&mut self) -> Result<(Vec<Argument>, usize), Told> {
        let mut arguments: Vec<Argument> = Vec::new();
        if self.take_if(TokenKind::LParen).is_none() {
            return Ok((arguments, self.end()));
        }
        while self.take_if(TokenKind::RParen).is_none() {
            let name = self.expect(TokenKind::Name, "the name of an argument")?;
            self.expect(TokenKind::Colon, "a colon")?;
            let value_at = self.peek().map_or(name.index(), Token::index);
            let value = self.value()?;
            if arguments.iter().any(|other| other.name == name.data()) {
                return Err(fault(name.index(), format!("`{}` is given twice", name.data())));
            }
            arguments.push(Argument { name: name.data().to_owned(), at: name.index(), value, value_at });
        }
        Ok((arguments, self.end()))
    }

    /// Where the last token ends.
    fn end(&self) -> usize {
        let last = self.next.checked_sub(1).and_then(|last| self.tokens.get(last));
        last.map_or(0, |token| token.index() + token.data().len())
    }

    /// A value, names as strings. It nests no deeper than a list in an object.
    fn value(&mut self) -> Result<Json, Told> {
        if self.take_if(TokenKind::LBracket).is_some() {
            let mut items = Vec::new();
            while self.take_if(TokenKind::RBracket).is_none() {
                items.push(self.simple()?);
            }
            return Ok(Json::Array(items));
        }
        if self.take_if(TokenKind::LCurly).is_some() {
            let mut fields = Map::new();
            while self.take_if(TokenKind::RCurly).is_none() {
                let name = self.expect(TokenKind::Name, "a name")?;
                self.expect(TokenKind::Colon, "a colon")?;
                let value = self.simple()?;
                if fields.insert(name.data().to_owned(), value).is_some() {
                    return Err(fault(name.index(), format!("`{}` is given twice", name.data())));
                }
            }
            return Ok(Json::Object(fields));
        }
        self.simple()
    }

    fn simple(&mut self) -> Result<Json, Told> {
        let token = self.peek().ok_or_else(|| self.unexpected("a value"))?;
        let text = token.data();
        let value = match token.kind() {
            TokenKind::StringValue if text.contains('\\') || text.starts_with("\"\"\"") => {
                return Err(fault(
                    token.index(),
                    "write this string in one line, without escapes".to_owned(),
                ));
            }
            TokenKind::StringValue => Json::from(text.trim_matches('"')),
            TokenKind::Name if matches!(text, "true" | "false") => Json::from(text == "true"),
            TokenKind::Name if text != "null" => Json::from(text),
            TokenKind::Int => text.parse::<i64>().map_or(Json::Null, Json::from),
            _ => return Err(self.unexpected("a string, a name or a whole number")),
        };
        self.take();
        Ok(value)
    }

    fn unexpected(&self, wanted: &str) -> Told {
        match self.peek() {
            Some(token) => fault(token.index(), format!("expected {wanted}, got `{}`", token.data())),
            None => fault(self.end(), format!("expected {wanted}, but the file ends")),
        }
    }
}

fn fault(at: usize, message: String) -> Told {
    let help =
        "annotations look like `@rest(method: GET, path: \"/books/{isbn}\")` and `@claim(name: \"sub\")`";
    Told { at, code: "annotation", message, help: help.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn annotations_are_found_where_they_mean_something() {
        let text = "# @rest\nquery A($u: ID! @claim(name: \"sub\"), $n: Int = 3 @other) @x @rest(method: GET, path: \
                    \"/é/{n}\",\n errors: {A: 1 B: 2} query: [n]) @claim { a @rest(b: 1) }";
        let (found, told) = annotations(text);
        assert_eq!(told, []);
        let seen: Vec<_> = found
            .iter()
            .map(|one| {
                let arguments: Vec<_> =
                    one.arguments.iter().map(|argument| (argument.name.as_str(), &argument.value)).collect();
                (one.name, one.variable.as_deref(), json!(arguments))
            })
            .collect();
        let rest = json!([
            ["method", "GET"],
            ["path", "/é/{n}"],
            ["errors", { "A": 1, "B": 2 }],
            ["query", ["n"]]
        ]);
        assert_eq!(
            seen,
            [
                ("claim", Some("u"), json!([["name", "sub"]])),
                ("rest", None, rest),
                ("claim", None, json!([]))
            ]
        );
        let left = without(text, &found);
        assert_eq!(left.len(), text.len());
        assert_eq!(left.lines().count(), text.lines().count());
        let words: Vec<_> = left.split_whitespace().collect();
        assert_eq!(words[2..].join(" "), "query A($u: ID! , $n: Int = 3 @other) @x { a @rest(b: 1) }");
    }

    #[test]
    fn what_is_written_wrongly_is_told() {
        for (text, at, part) in [
            ("query A @rest(method GET) { a }", 21, "expected a colon, got `GET`"),
            ("query A @rest(path: \"a\\n\") { a }", 20, "without escapes"),
            ("query A @rest(path: $a) { a }", 20, "got `$`"),
            ("query A @rest(path: 1.5) { a }", 20, "got `1.5`"),
            ("query A @rest(path: null) { a }", 20, "got `null`"),
            ("query A @rest(path: 1, path: 2) { a }", 23, "given twice"),
            ("query A @rest(a: {b: 1, b: 2}) { a }", 24, "given twice"),
            ("query A @rest(a: [[1]]) { a }", 18, "got `[`"),
            ("query A @rest(a: ", 16, "the file ends"),
        ] {
            let (_, told) = annotations(text);
            assert!(
                told.len() == 1 && told[0].at == at && told[0].message.contains(part),
                "{text}: {told:?}"
            );
        }
    }
}

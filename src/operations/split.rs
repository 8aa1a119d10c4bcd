//! Takes a text apart into operations and fragments, by its words and signs: whether a definition is right is for those
//! to say who know the API.

use std::collections::BTreeSet;
use std::ops::Range;

use apollo_parser::{Lexer, Token, TokenKind};

/// An operation or a fragment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Definition<'t> {
    pub(super) is_fragment: bool,
    pub(super) name: Option<&'t str>,
    /// Where it stands in the text, its description included.
    pub(super) range: Range<usize>,
    /// The fragments that it spreads.
    pub(super) spreads: BTreeSet<&'t str>,
}

/// Where a text cannot be taken apart, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unsplit {
    pub(super) at: usize,
    pub(super) what: String,
}

/// The definitions in a text, in their order.
pub(super) fn split(text: &str) -> Result<Vec<Definition<'_>>, Unsplit> {
    let mut tokens = tokens(text)?.into_iter().peekable();
    let mut definitions = Vec::new();
    while let Some(first) = tokens.next() {
        let start = first.index();
        // The description of what follows.
        let head = match first.kind() {
            TokenKind::StringValue => tokens.next(),
            _ => Some(first),
        };
        let is_fragment = match head.as_ref().map(|head| (head.kind(), head.data())) {
            Some((TokenKind::Name, "fragment")) => true,
            Some((TokenKind::Name, "query" | "mutation" | "subscription")) | Some((TokenKind::LCurly, _)) => {
                false
            }
            Some((_, found)) => {
                let what = format!("`{found}` begins neither an operation nor a fragment");
                return Err(Unsplit { at: head.map_or(start, |head| head.index()), what });
            }
            None => return Err(Unsplit { at: start, what: "nothing follows this description".to_owned() }),
        };
        let is_short = head.is_some_and(|head| head.kind() == TokenKind::LCurly);
        let name = tokens.next_if(|token| !is_short && token.kind() == TokenKind::Name);
        let name = name.map(|token| token.data());
        let (mut level, mut spreads, mut end) = (usize::from(is_short), BTreeSet::new(), text.len());
        while let Some(token) = tokens.next() {
            match token.kind() {
                TokenKind::LCurly | TokenKind::LParen | TokenKind::LBracket => level += 1,
                TokenKind::RCurly | TokenKind::RParen | TokenKind::RBracket => {
                    level = level.saturating_sub(1);
                }
                TokenKind::Spread => {
                    let spread = tokens.peek().filter(|next| next.kind() == TokenKind::Name);
                    spreads.extend(spread.map(Token::data).filter(|name| *name != "on"));
                }
                _ => {}
            }
            if level == 0 && token.kind() == TokenKind::RCurly {
                end = token.index() + token.data().len();
                break;
            }
        }
        definitions.push(Definition { is_fragment, name, range: start..end, spreads });
    }
    Ok(definitions)
}

/// The name of the operation in a text, if there is one operation and it has a name.
pub(super) fn only_operation(text: &str) -> Option<&str> {
    let definitions = split(text).ok()?;
    let mut operations = definitions.iter().filter(|definition| !definition.is_fragment);
    let first = operations.next()?;
    operations.next().is_none().then_some(first.name).flatten()
}

/// The words and signs that mean something.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Unsplit> {
    let means_something = |token: &Token<'_>| {
        let blank = [TokenKind::Whitespace, TokenKind::Comment, TokenKind::Comma, TokenKind::Eof];
        !blank.contains(&token.kind())
    };
    let all: Result<Vec<Token<'_>>, _> = Lexer::new(text).collect();
    let all = all.map_err(|error| Unsplit { at: error.index(), what: error.message().to_owned() })?;
    Ok(all.into_iter().filter(means_something).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of each definition: whether it is a fragment, its name, its text, and the fragments that it spreads.
    fn seen(text: &str) -> Vec<(bool, Option<&str>, &str, Vec<&str>)> {
        let definitions = split(text).expect(text).into_iter();
        definitions
            .map(|one| (one.is_fragment, one.name, &text[one.range], one.spreads.into_iter().collect()))
            .collect()
    }

    #[test]
    fn definitions_are_found_whatever_is_in_them() {
        let query =
            "query A($i: In = {a: [{b: 1}]}) @x(y: {z: 1}) { a(b: \"}\") { ...F ... on B { ...G } } }";
        let fragment = "\"\"\"about }\"\"\"\nfragment F on B { c # }\n ...on on C { d } }";
        let text = format!("# first\n{query},\n{fragment} {{ e }} mutation {{ f }}");
        assert_eq!(
            seen(&text),
            [
                (false, Some("A"), query, vec!["F", "G"]),
                (true, Some("F"), fragment, vec![]),
                (false, None, "{ e }", vec![]),
                (false, None, "mutation { f }", vec![]),
            ]
        );
        assert_eq!(seen(" # nothing\n"), []);
        assert_eq!(seen("query A { a "), [(false, Some("A"), "query A { a ", vec![])]);
    }

    #[test]
    fn what_is_no_operation_is_told() {
        for (text, at, part) in [
            ("query A { a } type B { c: Int }", 14, "`type` begins neither"),
            ("} query A { a }", 0, "`}` begins neither"),
            ("{ a } \"about\"", 6, "nothing follows"),
            ("{ a } \"about\" 1", 14, "`1` begins neither"),
        ] {
            let unsplit = split(text).expect_err(text);
            assert!(unsplit.at == at && unsplit.what.contains(part), "{text}: {unsplit:?}");
        }
        assert_eq!(split("{ a } ?").expect_err("no sign of GraphQL").at, 6);
    }

    #[test]
    fn the_only_operation_has_a_name() {
        for (text, name) in [
            ("query A { a } fragment F on B { c }", Some("A")),
            ("query A { a } query B { a }", None),
            ("{ a }", None),
            ("fragment F on B { c }", None),
            ("query A { a } ?", None),
        ] {
            assert_eq!(only_operation(text), name, "{text}");
        }
    }
}

//! Checks that the words of a text form a document by the grammar in section 2 of the specification.
//!
//! The parser that runs after this accepts faulty texts: `deleteBooks(where: { author })` lacks a value, and without
//! the condition it deletes everything.

use std::ops::Range;

use apollo_parser::{Token, TokenKind};

/// A word that the grammar does not allow where it stands.
pub struct Unexpected {
    /// The position in the text.
    pub index: usize,
    /// What was expected, and what was found.
    pub message: String,
}

/// Checks words from which gaps and commas have been left out; the last is the end of the text. Returns where
/// descriptions stand: they mean nothing to a server. Recurses no deeper than there are brackets.
pub fn check(words: &[Token<'_>]) -> Result<Vec<Range<usize>>, Unexpected> {
    let mut reader = Reader { words, at: 0, descriptions: Vec::new() };
    reader.definition()?;
    while reader.kind() != TokenKind::Eof {
        reader.definition()?;
    }
    Ok(reader.descriptions)
}

type Read = Result<(), Unexpected>;

struct Reader<'w, 't> {
    words: &'w [Token<'t>],
    at: usize,
    descriptions: Vec<Range<usize>>,
}

impl<'t> Reader<'_, 't> {
    fn kind(&self) -> TokenKind {
        self.words.get(self.at).map_or(TokenKind::Eof, Token::kind)
    }

    /// The name at the current word.
    fn name_here(&self) -> Option<&'t str> {
        self.words.get(self.at).filter(|word| word.kind() == TokenKind::Name).map(Token::data)
    }

    fn is(&self, name: &str) -> bool {
        self.name_here() == Some(name)
    }

    /// Moves past the current word if it is of this kind.
    fn take(&mut self, kind: TokenKind) -> bool {
        let found = self.kind() == kind;
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, kind: TokenKind, what: &str) -> Read {
        if self.take(kind) { Ok(()) } else { Err(self.unexpected(what)) }
    }

    fn name(&mut self, what: &str) -> Read {
        self.expect(TokenKind::Name, what)
    }

    fn unexpected(&self, what: &str) -> Unexpected {
        const SHOWN: usize = 40;
        let index = self.words.get(self.at).map_or(0, Token::index);
        let message = match self.words.get(self.at).filter(|word| word.kind() != TokenKind::Eof) {
            Some(word) if word.data().chars().count() > SHOWN => {
                let start: String = word.data().chars().take(SHOWN).collect();
                format!("expected {what}, found {start}...")
            }
            Some(word) => format!("expected {what}, found {}", word.data()),
            None => format!("expected {what}, found the end of the text"),
        };
        Unexpected { index, message }
    }

    /// One or more things up to the closing bracket.
    fn all(&mut self, close: TokenKind, mut thing: impl FnMut(&mut Self) -> Read) -> Read {
        loop {
            thing(self)?;
            if self.take(close) {
                return Ok(());
            }
        }
    }

    fn description(&mut self) {
        if let Some(word) = self.words.get(self.at).filter(|word| word.kind() == TokenKind::StringValue) {
            self.descriptions.push(word.index()..word.index() + word.data().len());
            self.at += 1;
        }
    }

    fn definition(&mut self) -> Read {
        if self.kind() == TokenKind::LCurly {
            return self.selections();
        }
        self.description();
        match self.name_here() {
            Some("query" | "mutation" | "subscription") => {
                self.at += 1;
                self.take(TokenKind::Name);
                if self.take(TokenKind::LParen) {
                    self.all(TokenKind::RParen, Self::variable)?;
                }
            }
            Some("fragment") => {
                self.at += 1;
                if self.is("on") {
                    return Err(self.unexpected("the fragment's name"));
                }
                self.name("the fragment's name")?;
                if !self.is("on") {
                    return Err(self.unexpected("`on` and a type"));
                }
                self.at += 1;
                self.name("a type")?;
            }
            _ => return Err(self.unexpected("query, mutation, subscription, fragment or {")),
        }
        self.directives(false)?;
        self.selections()
    }

    fn variable(&mut self) -> Read {
        self.description();
        self.expect(TokenKind::Dollar, "$ and a variable's name")?;
        self.name("a variable's name")?;
        self.expect(TokenKind::Colon, "a colon and the variable's type")?;
        self.ty()?;
        if self.take(TokenKind::Eq) {
            self.value(true)?;
        }
        self.directives(true)
    }

    fn ty(&mut self) -> Read {
        if self.take(TokenKind::LBracket) {
            self.ty()?;
            self.expect(TokenKind::RBracket, "]")?;
        } else {
            self.name("a type")?;
        }
        self.take(TokenKind::Bang);
        Ok(())
    }

    fn directives(&mut self, constant: bool) -> Read {
        while self.take(TokenKind::At) {
            self.name("a directive's name")?;
            self.arguments(constant)?;
        }
        Ok(())
    }

    fn arguments(&mut self, constant: bool) -> Read {
        if !self.take(TokenKind::LParen) {
            return Ok(());
        }
        self.all(TokenKind::RParen, |reader| reader.named_value("an argument", constant))
    }

    fn named_value(&mut self, what: &str, constant: bool) -> Read {
        self.name(what)?;
        self.expect(TokenKind::Colon, "a colon and a value")?;
        self.value(constant)
    }

    fn value(&mut self, constant: bool) -> Read {
        match self.kind() {
            TokenKind::Int | TokenKind::Float | TokenKind::StringValue | TokenKind::Name => self.at += 1,
            TokenKind::Dollar if !constant => {
                self.at += 1;
                self.name("a variable's name")?;
            }
            TokenKind::LBracket => {
                self.at += 1;
                while !self.take(TokenKind::RBracket) {
                    self.value(constant)?;
                }
            }
            TokenKind::LCurly => {
                self.at += 1;
                while !self.take(TokenKind::RCurly) {
                    self.named_value("an input field", constant)?;
                }
            }
            _ => return Err(self.unexpected(if constant { "a value without variables" } else { "a value" })),
        }
        Ok(())
    }

    fn selections(&mut self) -> Read {
        self.expect(TokenKind::LCurly, "{")?;
        self.all(TokenKind::RCurly, Self::selection)
    }

    fn selection(&mut self) -> Read {
        if !self.take(TokenKind::Spread) {
            return self.field();
        }
        if self.is("on") {
            self.at += 1;
            self.name("a type")?;
        } else if self.take(TokenKind::Name) {
            return self.directives(false);
        }
        self.directives(false)?;
        self.selections()
    }

    fn field(&mut self) -> Read {
        self.name("a field")?;
        if self.take(TokenKind::Colon) {
            self.name("a field")?;
        }
        self.arguments(false)?;
        self.directives(false)?;
        if self.kind() == TokenKind::LCurly { self.selections() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::admit;

    #[test]
    fn documents_of_the_grammar_pass() {
        for text in [
            "{ a }",
            "query A($a: [B!]! = [1, {c: D}] @e(f: \"g\"), $h: I) @j { k: l(m: $a, n: {}, o: []) @p { q } }",
            "mutation { a } subscription B { c } fragment D on E @f { ...G ... on H { i } ... @j { k } ...{ l } }",
            "{ on: fragment(query: true, null: null) { ...query } } fragment query on on { on }",
            "\u{feff}{a,b:,c,...,F,...,on,G{h}}#x",
        ] {
            assert!(admit(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_at_its_place() {
        for (text, message, column) in [
            ("", "expected query, mutation, subscription, fragment or {, found the end of the text", 1),
            ("{}", "expected a field, found }", 2),
            ("{ a() }", "expected an argument, found )", 5),
            ("{ a(b: {c}) }", "expected a colon and a value, found }", 10),
            ("{ a(b c: 1) }", "expected a colon and a value, found c", 7),
            ("{ a(b: 1 2) }", "expected an argument, found 2", 10),
            ("{ a @include(if: true true) }", "expected a colon and a value, found )", 27),
            ("query ($a: Int = $b) { c }", "expected a value without variables, found $", 18),
            ("query () { a }", "expected $ and a variable's name, found )", 8),
            ("queryx { a }", "expected query, mutation, subscription, fragment or {, found queryx", 1),
            ("fragment on on A { b }", "expected the fragment's name, found on", 10),
            ("{ a } }", "expected query, mutation, subscription, fragment or {, found }", 7),
            ("{ a(b: [1) }", "expected a value, found )", 10),
            ("\"a\" { b }", "expected query, mutation, subscription, fragment or {, found {", 5),
            ("type A { b: C }", "expected query, mutation, subscription, fragment or {, found type", 1),
            ("{ a(b: \"\n\") }", "a string that goes over a line's end is written with three quotes", 8),
        ] {
            let error = admit(text).err().expect(text);
            assert_eq!(error.message, format!("The document does not parse: {message}."), "{text}");
            assert_eq!(error.pos.map(|pos| pos.column), Some(column), "{text}");
        }
    }
}

//! Positions in an operation's text: a byte's line and column, found without scanning the whole text for each.

use apollo_compiler::parser::SourceSpan;

/// Bytes between known positions.
const STRIDE: usize = 256;

/// A position in an operation's text, counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pos {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Pos {
    /// Where a text begins.
    pub(super) const START: Pos = Pos { line: 1, column: 1 };

    /// The position of a byte, found by reading everything before it.
    pub(super) fn of(text: &str, offset: usize) -> Pos {
        let (mut pos, mut previous) = (Pos::START, ' ');
        for (_, char) in text.char_indices().take_while(|(index, _)| *index < offset) {
            pos.pass(previous, char);
            previous = char;
        }
        pos
    }

    /// Moves past one character. A line ends with `\n`, `\r` or both.
    pub(super) fn pass(&mut self, previous: char, char: char) {
        match char {
            '\n' if previous == '\r' => {}
            '\n' | '\r' => *self = Pos { line: self.line + 1, column: 1 },
            _ => self.column += 1,
        }
    }
}

/// The positions of one text.
pub(super) struct Positions {
    text: Box<str>,
    /// Where each stride begins.
    known: Vec<(usize, Pos)>,
}

impl Positions {
    /// The positions of a text.
    pub(super) fn of(text: &str) -> Positions {
        let mut known = Vec::with_capacity(text.len() / STRIDE + 1);
        let mut pos = Pos::START;
        let mut previous = ' ';
        for (index, char) in text.char_indices() {
            if index >= known.len() * STRIDE {
                known.push((index, pos));
            }
            pos.pass(previous, char);
            previous = char;
        }
        Positions { text: text.into(), known }
    }

    /// The position of a byte.
    pub(super) fn at(&self, offset: usize) -> Pos {
        let stride = self.known.partition_point(|(index, _)| *index <= offset).saturating_sub(1);
        let (from, mut pos) = self.known.get(stride).copied().unwrap_or((0, Pos::START));
        let mut previous = self.text[..from].chars().next_back().unwrap_or(' ');
        let end = offset.min(self.text.len());
        for (index, char) in self.text[from..].char_indices() {
            if from + index >= end {
                break;
            }
            pos.pass(previous, char);
            previous = char;
        }
        pos
    }

    /// The position of a parsed part of the text.
    pub(super) fn of_span(&self, span: Option<SourceSpan>) -> Pos {
        span.map_or(Pos::START, |span| self.at(span.offset()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_the_position_that_counting_gives() {
        let text = "{ a\r\n  é \"\u{1F600}\"\n\n\r# ü\n}".repeat(40);
        let positions = Positions::of(&text);
        for (offset, _) in text.char_indices() {
            assert_eq!(positions.at(offset), Pos::of(&text, offset), "byte {offset}");
        }
        assert_eq!(Positions::of("").at(7), Pos::START);
        assert_eq!(positions.at(5), Pos { line: 2, column: 1 });
    }
}

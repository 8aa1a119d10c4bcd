//! Lines and columns of a text's bytes, found without reading the text anew for each.

use apollo_compiler::parser::SourceSpan;

use crate::graphql::error::Pos;

/// Bytes from one known place to the next.
const STRIDE: usize = 256;

/// The places of one text.
pub struct Places {
    text: Box<str>,
    /// For each stride, where it begins.
    known: Vec<(usize, Pos)>,
}

impl Places {
    /// The places of a text.
    pub fn of(text: &str) -> Places {
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
        Places { text: text.into(), known }
    }

    /// The place of a byte.
    pub fn at(&self, offset: usize) -> Pos {
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

    /// The place of what was parsed from a text.
    pub fn of_span(&self, span: Option<SourceSpan>) -> Pos {
        span.map_or(Pos::START, |span| self.at(span.offset()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_the_place_that_counting_gives() {
        let text = "{ a\r\n  é \"\u{1F600}\"\n\n\r# ü\n}".repeat(40);
        let places = Places::of(&text);
        for (offset, _) in text.char_indices() {
            assert_eq!(places.at(offset), Pos::of(&text, offset), "byte {offset}");
        }
        assert_eq!(Places::of("").at(7), Pos::START);
        assert_eq!(places.at(5), Pos { line: 2, column: 1 });
    }
}

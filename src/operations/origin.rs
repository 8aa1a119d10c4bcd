//! Where a document is from: leads from a place in its text to a place in a file.

use super::load::Source;

/// Where a document is from.
#[derive(Debug)]
pub(super) enum Origin {
    /// Put together from these pieces of files, in the order of the text.
    Files(Vec<Piece>),
    /// A string in a manifest, which begins at this byte.
    Manifest { source: usize, at: usize },
}

/// A piece of a document's text: where it begins there, and where in a file.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) source: usize,
    pub(super) at: usize,
}

impl Origin {
    /// The file, and the byte in it, that a byte of the text is from.
    pub(super) fn place(&self, offset: usize, sources: &[Source]) -> (usize, usize) {
        match self {
            Origin::Files(pieces) => {
                let piece = pieces.iter().rev().find(|piece| piece.start <= offset);
                piece.map_or((0, 0), |piece| (piece.source, piece.at + offset - piece.start))
            }
            Origin::Manifest { source, at } => (*source, in_string(&sources[*source].text, *at, offset)),
        }
    }
}

/// The byte that begins a line's column in a text; both count from 1, columns in characters.
pub(super) fn offset(text: &str, line: usize, column: usize) -> usize {
    let (mut at, mut left) = (0, line - 1);
    let bytes = text.as_bytes();
    while left > 0 {
        let Some(end) = text[at..].find(['\n', '\r']) else { return text.len() };
        at += end + if bytes[at + end..].starts_with(b"\r\n") { 2 } else { 1 };
        left -= 1;
    }
    text[at..].char_indices().nth(column - 1).map_or(text.len(), |(index, _)| at + index)
}

/// The byte of a JSON text that stands for a byte of the string that begins at `at`.
fn in_string(json: &str, at: usize, offset: usize) -> usize {
    let (mut raw, mut read) = (at + 1, 0);
    while read < offset {
        let (written, meant) = character(&json[raw..]);
        if written == 0 {
            break;
        }
        (raw, read) = (raw + written, read + meant);
    }
    raw
}

/// The bytes that the next character of a string takes up, in JSON and in the text that the string stands for; none at
/// the end.
fn character(rest: &str) -> (usize, usize) {
    let Some(first) = rest.chars().next().filter(|first| *first != '"') else { return (0, 0) };
    if first != '\\' {
        return (first.len_utf8(), first.len_utf8());
    }
    let digits = rest.strip_prefix("\\u").and_then(|digits| u32::from_str_radix(digits.get(..4)?, 16).ok());
    match digits {
        None => (2, 1),
        // The first half of a character that two escapes write.
        Some(0xd800..=0xdbff) => (12, 4),
        Some(code) => (6, char::from_u32(code).map_or(3, char::len_utf8)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_lead_to_bytes() {
        let text = "a\né b\r\n\rc";
        for (line, column, at) in
            [(1, 1, 0), (2, 1, 2), (2, 2, 4), (3, 1, 8), (4, 1, 9), (9, 1, 10), (4, 9, 10)]
        {
            assert_eq!(offset(text, line, column), at, "{line}:{column}");
        }
    }

    #[test]
    fn bytes_of_strings_lead_to_bytes_of_json() {
        let json = r#"{"a": "x\n\"é\u00e9\ud83d\ude00y"}"#;
        let text: String = serde_json::from_str(&json[6..json.len() - 1]).expect("a string");
        for part in ["x", "\n", "\"", "y"] {
            let at = in_string(json, 6, text.find(part).expect("it is there"));
            let written = &json[at..];
            let wanted = serde_json::to_string(part).expect("JSON");
            assert!(written.starts_with(wanted.trim_matches('"').trim_end_matches('"')), "{part}: {written}");
        }
        assert_eq!(in_string(json, 6, 1_000), json.len() - 2);
    }
}

//! The rows of a CSV file as RFC 4180 has them; where a row ends is never guessed.
//!
//! A quote that is not closed takes all that follows it for one value, and text behind a closing quote shows that
//! an earlier one was meant to close: neither may pass as data.

use std::io::BufRead;

/// Rows, one by one. Empty lines are none.
pub(super) struct Rows<R> {
    input: R,
    delimiter: u8,
    /// Bytes of a row at the most.
    max: usize,
    read: u64,
    /// Lines that have ended.
    lines: u64,
    ended: bool,
}

/// What is wrong with the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RowFault {
    /// One row, with its text; the next one can be read.
    Row { text: String, reason: String },
    /// Where the next row begins cannot be known, or not be read.
    End(String),
}

/// Where in a row the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// At the beginning of a value.
    Start,
    Plain,
    Quoted,
    /// Behind a quote in a quoted value: the end of it, or half of a doubled one.
    Quote,
}

/// A row being read.
#[derive(Default)]
struct Row {
    text: Vec<u8>,
    /// The values that have ended, and the one that has not.
    values: Vec<Vec<u8>>,
    value: Vec<u8>,
    /// Text stands behind a closing quote.
    trailing: bool,
}

impl<R: BufRead> Rows<R> {
    /// `skipped` bytes of the input have been read before.
    pub(super) fn new(input: R, skipped: u64, delimiter: u8, max: usize) -> Rows<R> {
        Rows { input, delimiter, max, read: skipped, lines: 0, ended: false }
    }

    /// Bytes read so far.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// The next byte; none at the end.
    fn byte(&mut self) -> Result<Option<u8>, RowFault> {
        let rest = self.input.fill_buf().map_err(|error| RowFault::End(error.to_string()))?;
        let Some(byte) = rest.first().copied() else { return Ok(None) };
        self.input.consume(1);
        self.read += 1;
        self.lines += u64::from(byte == b'\n');
        Ok(Some(byte))
    }

    /// The next row; none at the end.
    fn row(&mut self) -> Result<Option<Vec<String>>, RowFault> {
        let (mut row, mut at) = (Row::default(), At::Start);
        let mut line = self.lines + 1;
        loop {
            let Some(byte) = self.byte()? else {
                self.ended = true;
                return match at {
                    At::Quoted => Err(RowFault::End(format!("the quote in line {line} is never closed"))),
                    _ if row.text.is_empty() => Ok(None),
                    _ => row.finish(line).map(Some),
                };
            };
            if at != At::Quoted && matches!(byte, b'\n' | b'\r') {
                if row.text.is_empty() {
                    line = self.lines + 1;
                    continue;
                }
                return row.finish(line).map(Some);
            }
            if row.text.len() == self.max {
                let max = self.max;
                return Err(RowFault::End(format!(
                    "the row that begins in line {line} has more than {max} bytes; close its quote, or raise \
                     `max_record`"
                )));
            }
            row.text.push(byte);
            at = match (at, byte) {
                (At::Quoted, b'"') => At::Quote,
                (At::Start, b'"') => At::Quoted,
                (At::Start | At::Plain | At::Quote, byte) if byte == self.delimiter => {
                    row.values.push(std::mem::take(&mut row.value));
                    At::Start
                }
                (At::Quoted | At::Quote, byte) => {
                    row.trailing |= at == At::Quote && byte != b'"';
                    row.value.push(byte);
                    if row.trailing { At::Plain } else { At::Quoted }
                }
                (At::Start | At::Plain, byte) => {
                    row.value.push(byte);
                    At::Plain
                }
            };
        }
    }
}

impl Row {
    fn finish(mut self, line: u64) -> Result<Vec<String>, RowFault> {
        self.values.push(self.value);
        let reason = match self.trailing {
            true => Some("text stands behind a closing quote; write a quote inside a quoted value twice"),
            false => None,
        };
        let values: Option<Vec<String>> =
            self.values.into_iter().map(|value| String::from_utf8(value).ok()).collect();
        match (values, reason) {
            (Some(values), None) => Ok(values),
            (_, reason) => Err(RowFault::Row {
                text: String::from_utf8_lossy(&self.text).into_owned(),
                reason: format!("line {line}: {}", reason.unwrap_or("this is not UTF-8")),
            }),
        }
    }
}

impl<R: BufRead> Iterator for Rows<R> {
    type Item = Result<Vec<String>, RowFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let row = self.row();
        self.ended |= matches!(row, Err(RowFault::End(_)));
        row.transpose()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Rows joined by `|`, their values by `/`; faults in brackets, without what can be done about them.
    fn rows(text: &[u8]) -> String {
        let rows = Rows::new(text, 0, b',', 40).map(|row| match row {
            Ok(row) => row.join("/"),
            Err(RowFault::Row { reason, .. } | RowFault::End(reason)) => {
                format!("[{}]", reason.split(';').next().unwrap_or_default())
            }
        });
        rows.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn rows_are_split_as_the_standard_has_it() {
        for (text, expected) in [
            ("", ""),
            ("a", "a"),
            ("a,b\n1,2\n", "a/b|1/2"),
            ("a,b\r\n1,2\r\n", "a/b|1/2"),
            ("a,b\r1,2\r", "a/b|1/2"),
            ("\n\na,\n\n,b\n\n", "a/|/b"),
            ("\"a,b\",\"c\nd\"\n1", "a,b/c\nd|1"),
            ("\"a \"\"b\"\"\",c", "a \"b\"/c"),
            ("\"\",\"\"\"\"", "/\""),
            ("5\" screen,a", "5\" screen/a"),
            ("1,\"x\"", "1/x"),
            ("1,\"x\"\r\n2,y", "1/x|2/y"),
        ] {
            assert_eq!(rows(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_row_is_told() {
        for (text, expected) in [
            (&b"a,b\n1,\"x\n2,y\n"[..], "a/b|[the quote in line 2 is never closed]"),
            (b"a,b\n\n\"x,1\n2,y", "a/b|[the quote in line 3 is never closed]"),
            (b"\"", "[the quote in line 1 is never closed]"),
            (b"1,\"x\n2,\"y\"\n3,z", "[line 1: text stands behind a closing quote]|3/z"),
            (b"\"a\" ,b\n3,z", "[line 1: text stands behind a closing quote]|3/z"),
            (b"a\n\xff,1\nb", "a|[line 2: this is not UTF-8]|b"),
            (
                b"a\n0123456789012345678901234567890123456789\n\"0123456789012345678901234567890123456789",
                "a|0123456789012345678901234567890123456789|[the row that begins in line 3 has more than 40 bytes]",
            ),
        ] {
            assert_eq!(rows(text), expected, "{:?}", String::from_utf8_lossy(text));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            written in proptest::collection::vec(proptest::collection::vec("[ab,;\"\r\né ]{0,4}", 2..4), 0..6)
        ) {
            let quoted = |value: &String| format!("\"{}\"", value.replace('"', "\"\""));
            let lines: Vec<String> =
                written.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(";")).collect();
            for text in [lines.join("\n"), lines.join("\r\n") + "\r\n"] {
                let read: Result<Vec<_>, _> = Rows::new(text.as_bytes(), 0, b';', 1_000).collect();
                prop_assert_eq!(read.as_ref(), Ok(&written), "{:?}", text);
            }
        }
    }
}

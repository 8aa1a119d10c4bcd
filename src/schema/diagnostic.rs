//! Faults of a schema file: what is wrong, where, and what to write instead.

use std::fmt::Write;

use serde::Serialize;

use super::syntax::At;

/// Maximum number of reported faults: a file with more is not a schema file.
const MAX_FAULTS: usize = 1_000;
/// Characters of a source line that a rendering shows on either side of the fault.
const MARGIN: usize = 80;

/// One fault of a schema file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The file's name as given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// Which rule is broken: stable, in kebab-case.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl Diagnostic {
    /// The fault as text for people: `file:line:column: error[code]: message`, the line of `source` with
    /// a caret below the place, and the help.
    pub fn render(&self, source: &str) -> String {
        let Diagnostic { file, line, column, code, message, help } = self;
        let mut out = format!("{file}:{line}:{column}: error[{code}]: {message}\n");
        let source = without_mark(source);
        if let Some(text) = line_starts(source).nth(line - 1).map(|start| line_at(source, start)) {
            let long = text.chars().nth(2 * MARGIN).is_some();
            let skipped = if long { column.saturating_sub(MARGIN + 1) } else { 0 };
            let shown: String = text.chars().skip(skipped).take(2 * MARGIN).map(printable).collect();
            let before = column - 1 - skipped;
            let indent: String =
                shown.chars().take(before).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            let gutter = " ".repeat(line.to_string().len());
            writeln!(out, "{line} | {shown}").expect("writing to a string cannot fail");
            writeln!(out, "{gutter} | {indent}^").expect("writing to a string cannot fail");
        }
        writeln!(out, "help: {help}").expect("writing to a string cannot fail");
        out
    }
}

/// A control character could change the terminal.
fn printable(c: char) -> char {
    if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c }
}

/// A piece of the file as a quotation for messages: short and on one line.
pub fn quote(text: &str) -> String {
    const SHOWN: usize = 60;
    let shown: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() { format!("`{shown}…`") } else { format!("`{shown}`") }
}

/// Faults found so far.
#[derive(Debug, Default)]
pub struct SchemaFaults {
    list: Vec<SchemaFault>,
    /// How many did not fit.
    more: usize,
}

#[derive(Debug)]
struct SchemaFault {
    at: At,
    code: &'static str,
    message: String,
    help: String,
}

impl SchemaFaults {
    /// Adds one: where, which rule, what is wrong, what to write instead.
    pub fn add(&mut self, at: At, code: &'static str, message: impl Into<String>, help: impl Into<String>) {
        if self.is_full() {
            self.more += 1;
        } else {
            let plain = |text: String| text.chars().map(printable).collect();
            self.list.push(SchemaFault {
                at,
                code,
                message: plain(message.into()),
                help: plain(help.into()),
            });
        }
    }

    /// Whether there are no faults.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether further faults would only be counted, so that their texts can be omitted.
    pub fn is_full(&self) -> bool {
        self.list.len() >= MAX_FAULTS
    }

    /// All faults in the order of the file, with lines and columns.
    pub fn into_diagnostics(mut self, file: &str, bytes: &[u8]) -> Vec<Diagnostic> {
        // A file that is not UTF-8 is judged up to its first wrong byte only.
        let source = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        };
        let source = without_mark(source);
        self.list.sort_by_key(|fault| fault.at);
        let starts: Vec<At> = line_starts(source).collect();
        // Columns are counted on from the fault before, so that many faults in one long line stay cheap.
        let (mut line, mut from, mut column) = (0, 0, 1);
        let mut found = Vec::with_capacity(self.list.len() + 1);
        for SchemaFault { at, code, message, help } in self.list {
            let at = at.min(source.len());
            let index = starts.partition_point(|start| *start <= at).saturating_sub(1);
            if index != line {
                (line, from, column) = (index, starts[index], 1);
            }
            column += source[from..at].chars().count();
            from = at;
            found.push(Diagnostic { file: file.to_owned(), line: line + 1, column, code, message, help });
        }
        if self.more > 0 {
            found.push(Diagnostic {
                file: file.to_owned(),
                line: starts.len(),
                column: 1,
                code: "too-many-faults",
                message: format!("{} more faults are not shown", self.more),
                help: "correct those above and check again".to_owned(),
            });
        }
        found
    }
}

/// The text without the byte-order mark that some editors prepend.
pub fn without_mark(source: &str) -> &str {
    source.strip_prefix('\u{feff}').unwrap_or(source)
}

/// Where each line begins. Lines end in `\n`, `\r\n` or `\r`, as GraphQL has it.
fn line_starts(source: &str) -> impl Iterator<Item = At> + '_ {
    let bytes = source.as_bytes();
    let after = move |(i, byte): (usize, &u8)| match byte {
        b'\n' => Some(i + 1),
        b'\r' if bytes.get(i + 1) != Some(&b'\n') => Some(i + 1),
        _ => None,
    };
    std::iter::once(0).chain(bytes.iter().enumerate().filter_map(after))
}

/// The line that begins at an offset, without its end.
fn line_at(source: &str, start: At) -> &str {
    let rest = &source[start..];
    &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())]
}

//! The canonical text of a parsed pattern.

use std::fmt::Write;

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind, Look, Repetition};
use regex_syntax::is_meta_character;

use super::PatternError;

/// Matches nothing. PCRE has no empty class, so it is all that is not any character.
pub(super) const NOTHING: &str = r"[^\x{0}-\x{10ffff}]";

/// The text; greediness and groups that capture are left out, because they change no answer.
pub(super) fn print(hir: &Hir) -> Result<String, PatternError> {
    let mut out = String::new();
    write(&mut out, hir)?;
    Ok(out)
}

/// Text that stands for itself.
pub(super) fn literal(text: &str, at_start: bool, at_end: bool, insensitive: bool) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    if at_start {
        out.push_str(r"\A");
    }
    for c in text.chars() {
        let mut class = ClassUnicode::new([regex_syntax::hir::ClassUnicodeRange::new(c, c)]);
        if insensitive && class.try_case_fold_simple().is_ok() {
            write_class(&mut out, &class);
        } else {
            write_char(&mut out, c);
        }
    }
    if at_end {
        out.push_str(r"\z");
    }
    out
}

fn write(out: &mut String, hir: &Hir) -> Result<(), PatternError> {
    match hir.kind() {
        HirKind::Empty => {}
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).map_err(|_| bytes())?;
            text.chars().for_each(|c| write_char(out, c));
        }
        HirKind::Class(Class::Unicode(class)) => write_class(out, class),
        HirKind::Class(Class::Bytes(class)) => {
            write_class(out, &class.to_unicode_class().ok_or_else(bytes)?);
        }
        HirKind::Look(Look::Start) => out.push_str(r"\A"),
        HirKind::Look(Look::End) => out.push_str(r"\z"),
        HirKind::Look(Look::StartLF | Look::EndLF | Look::StartCRLF | Look::EndCRLF) => {
            return Err(PatternError(
                "^ and $ stand for the start and the end of the whole text only; leave the flags m and R \
                 out, or write (?:^|\\n) in a pattern without them."
                    .to_owned(),
            ));
        }
        HirKind::Look(_) => {
            return Err(PatternError(
                "Word boundaries such as \\b are not supported; write what may stand there, for example \
                 (?:^|[\\s,.]) before a word and (?:[\\s,.]|$) after it."
                    .to_owned(),
            ));
        }
        HirKind::Repetition(repetition) => write_repetition(out, repetition)?,
        HirKind::Capture(capture) => write_group(out, &capture.sub)?,
        HirKind::Concat(parts) => {
            for part in parts {
                match part.kind() {
                    HirKind::Alternation(_) => write_group(out, part)?,
                    _ => write(out, part)?,
                }
            }
        }
        HirKind::Alternation(parts) => {
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    out.push('|');
                }
                write(out, part)?;
            }
        }
    }
    Ok(())
}

fn write_group(out: &mut String, hir: &Hir) -> Result<(), PatternError> {
    out.push_str("(?:");
    write(out, hir)?;
    out.push(')');
    Ok(())
}

fn write_repetition(out: &mut String, repetition: &Repetition) -> Result<(), PatternError> {
    let single = match repetition.sub.kind() {
        HirKind::Class(_) => true,
        HirKind::Literal(literal) => {
            std::str::from_utf8(&literal.0).is_ok_and(|text| text.chars().count() == 1)
        }
        _ => false,
    };
    if single {
        write(out, &repetition.sub)?;
    } else {
        write_group(out, &repetition.sub)?;
    }
    match (repetition.min, repetition.max) {
        (0, Some(1)) => out.push('?'),
        (0, None) => out.push('*'),
        (1, None) => out.push('+'),
        (min, None) => push(out, format_args!("{{{min},}}")),
        (min, Some(max)) if min == max => push(out, format_args!("{{{min}}}")),
        (min, Some(max)) => push(out, format_args!("{{{min},{max}}}")),
    }
    Ok(())
}

fn write_class(out: &mut String, class: &ClassUnicode) {
    let single = match class.ranges() {
        [] => return out.push_str(NOTHING),
        [range] => (range.start() == range.end()).then_some(range.start()),
        _ => None,
    };
    if let Some(c) = single {
        return write_char(out, c);
    }
    let mut negated = class.clone();
    negated.negate();
    // The shorter of the two; the class of all characters has no negation that can be written.
    let ranges = if (1..class.ranges().len()).contains(&negated.ranges().len()) {
        out.push_str("[^");
        negated.ranges()
    } else {
        out.push('[');
        class.ranges()
    };
    for range in ranges {
        write_char(out, range.start());
        if range.start() < range.end() {
            if range.end() as u32 - range.start() as u32 > 1 {
                out.push('-');
            }
            write_char(out, range.end());
        }
    }
    out.push(']');
}

/// A character that stands for itself, inside and outside of a class.
fn write_char(out: &mut String, c: char) {
    if c.is_control() || c.is_whitespace() && c != ' ' {
        push(out, format_args!("\\x{{{:x}}}", c as u32));
    } else {
        if is_meta_character(c) {
            out.push('\\');
        }
        out.push(c);
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a String takes every text");
}

fn bytes() -> PatternError {
    PatternError("The pattern matches bytes that are no text; leave the flag -u out.".to_owned())
}

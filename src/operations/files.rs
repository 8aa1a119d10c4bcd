//! Documents from files of operations and fragments. Fragments belong to all files together, as they do for the tools
//! of clients; each operation becomes a document of its own, with the fragments that it uses.

use std::collections::BTreeMap;
use std::ops::Range;

use super::annotation::{self, Annotation, CLAIM, REST, annotations};
use super::load::{Source, Told};
use super::origin::{Origin, Piece};
use super::split::{self, Definition};
use super::{Claim, Document, rest};

/// What stands between the definitions of a document.
const BETWEEN: &str = "\n\n";

/// A definition, and the file that it is in.
type Part<'t> = (usize, Definition<'t>);

/// The operations in files, and what is wrong with the files.
type Found = (Vec<(String, Document)>, Vec<(usize, Told)>);

/// The operations in files as documents, with their names, and everything that is wrong with the files, with the place of
/// each among them.
pub(super) fn operations(files: &[Source]) -> Found {
    let (mut parts, mut told): (Vec<Part<'_>>, _) = (Vec::new(), Vec::new());
    for (source, file) in files.iter().enumerate() {
        match split::split(&file.text) {
            Ok(definitions) => parts.extend(definitions.into_iter().map(|definition| (source, definition))),
            Err(unsplit) => {
                let help = "a file of operations has `query`, `mutation` and `fragment`, and nothing else";
                let (at, message) = (unsplit.at, unsplit.what);
                told.push((source, Told { at, code: "definition", message, help: help.to_owned() }));
            }
        }
    }
    let (fragments, operations): (Vec<&Part<'_>>, Vec<&Part<'_>>) =
        parts.iter().partition(|(_, definition)| definition.is_fragment);
    let fragments = named(&fragments, "fragment", files, &mut told);
    let operations = named(&operations, "operation", files, &mut told);
    let mut made = Vec::new();
    for (name, operation) in operations {
        let needed = needed(&operation.1, &fragments);
        let in_file = parts.iter().filter(|(source, _)| *source == operation.0).count();
        let (text, origin, range) = text(operation, &needed, in_file, files);
        let (document, faults) = document(name, text, origin, &range);
        told.extend(faults.into_iter().map(|fault| {
            let (source, at) = document.origin.place(fault.at, files);
            (source, Told { at, ..fault })
        }));
        made.push((name.to_owned(), document));
    }
    (made, told)
}

/// The document of an operation, which stands in this range of the text, and what is wrong with its annotations.
fn document(name: &str, text: String, origin: Origin, range: &Range<usize>) -> (Document, Vec<Told>) {
    let (mut all, mut told) = annotations(&text);
    // What fragments have is nothing that the server knows.
    all.retain(|annotation| range.contains(&annotation.range.start));
    told.retain(|fault| range.contains(&fault.at));
    let (mut routes, mut claims) = (Vec::new(), Vec::new());
    for annotation in &all {
        match (annotation.name, &annotation.variable) {
            (REST, None) => routes.extend(rest::route(annotation, &mut told)),
            (CLAIM, Some(variable)) => claims.extend(claim(annotation, variable, &mut told)),
            (REST, Some(_)) => {
                told.push(misplaced(annotation, "`@rest` belongs behind the variables", "operation"))
            }
            _ => told.push(misplaced(annotation, "`@claim` belongs to a variable", "variable")),
        }
    }
    let api = annotation::without(&text, &all);
    let (text, written) = (api.into(), text.into());
    (Document { text, written, only: Some(name.into()), origin, routes, claims }, told)
}

fn misplaced(annotation: &Annotation, message: &str, place: &str) -> Told {
    let help = format!("put it behind the {place} that it is about");
    Told { at: annotation.range.start, code: "annotation", message: message.to_owned(), help }
}

/// The claim that fills a variable.
fn claim(annotation: &Annotation, variable: &str, told: &mut Vec<Told>) -> Option<Claim> {
    match &annotation.arguments[..] {
        [argument] if argument.name == "name" && argument.value.is_string() => {
            let claim = argument.value.as_str().unwrap_or_default().to_owned();
            Some(Claim { variable: variable.to_owned(), claim })
        }
        _ => {
            told.push(Told {
                at: annotation.range.start,
                code: "annotation",
                message: "`@claim` needs the name of a claim, and nothing else".to_owned(),
                help: "write it like `$user: ID! @claim(name: \"sub\")`".to_owned(),
            });
            None
        }
    }
}

/// The definitions of one kind by their names, which each has to have for itself.
fn named<'p, 't>(
    parts: &[&'p Part<'t>],
    kind: &str,
    files: &[Source],
    told: &mut Vec<(usize, Told)>,
) -> BTreeMap<&'t str, &'p Part<'t>> {
    let mut all: BTreeMap<&'t str, &'p Part<'t>> = BTreeMap::new();
    for part in parts {
        let (source, definition) = part;
        let (message, help) = match definition.name {
            Some(name) => match all.get(name) {
                None => {
                    all.insert(name, part);
                    continue;
                }
                Some((other, _)) => (
                    format!("there is another {kind} `{name}`, in {}", files[*other].name),
                    format!("rename one of them: the names of {kind}s are those of all files together"),
                ),
            },
            None => (
                format!("this {kind} has no name"),
                "give it one: clients ask for operations in files by their names".to_owned(),
            ),
        };
        told.push((*source, Told { at: definition.range.start, code: "name", message, help }));
    }
    all
}

/// The fragments that a definition uses, also by way of others, in the order of the files.
fn needed<'p, 't>(
    definition: &Definition<'t>,
    fragments: &BTreeMap<&'t str, &'p Part<'t>>,
) -> Vec<&'p Part<'t>> {
    let mut needed = BTreeMap::new();
    let mut open: Vec<&'t str> = definition.spreads.iter().copied().collect();
    while let Some(name) = open.pop() {
        if let Some(part) = fragments.get(name)
            && needed.insert(name, *part).is_none()
        {
            open.extend(&part.1.spreads);
        }
    }
    let mut needed: Vec<&Part<'t>> = needed.into_values().collect();
    needed.sort_by_key(|(source, fragment)| (*source, fragment.range.start));
    needed
}

/// The text of an operation with its fragments, and where the operation is in it. A file that is just this is taken as it
/// is, so that whoever sends the file sends the document. `in_file` is the number of definitions in the operation's file.
fn text(
    operation: &Part<'_>,
    needed: &[&Part<'_>],
    in_file: usize,
    files: &[Source],
) -> (String, Origin, Range<usize>) {
    let is_file = needed.len() + 1 == in_file && needed.iter().all(|(source, _)| *source == operation.0);
    if is_file {
        let piece = Piece { start: 0, source: operation.0, at: 0 };
        return (files[operation.0].text.clone(), Origin::Files(vec![piece]), operation.1.range.clone());
    }
    let (mut text, mut pieces) = (String::new(), Vec::new());
    for (source, definition) in std::iter::once(&operation).chain(needed) {
        if !text.is_empty() {
            text.push_str(BETWEEN);
        }
        pieces.push(Piece { start: text.len(), source: *source, at: definition.range.start });
        text.push_str(&files[*source].text[definition.range.clone()]);
    }
    (text, Origin::Files(pieces), 0..operation.1.range.len())
}

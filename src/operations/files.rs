//! Documents from files of operations and fragments. Fragments belong to all files together, as they do for the tools
//! of clients; each operation becomes a document of its own, with the fragments that it uses.

use std::collections::BTreeMap;

use super::load::{Source, Told};
use super::origin::{Origin, Piece};
use super::split::{self, Definition};

/// What stands between the definitions of a document.
const BETWEEN: &str = "\n\n";

/// An operation in a file, as a document.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// A definition, and the file that it is in.
type Part<'t> = (usize, Definition<'t>);

/// The operations in files, and everything that is wrong with the files, with the place of each among them.
pub(super) fn operations(files: &[Source]) -> (Vec<Operation>, Vec<(usize, Told)>) {
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
    let made = operations.into_iter().map(|(name, operation)| {
        let needed = needed(&operation.1, &fragments);
        let in_file = parts.iter().filter(|(source, _)| *source == operation.0).count();
        let (text, origin) = document(operation, &needed, in_file, files);
        Operation { name: name.to_owned(), text, origin }
    });
    (made.collect(), told)
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

/// A file that is just this document is taken as it is, so that whoever sends the file sends the document. Any other
/// document is the operation and then its fragments. `in_file` is the number of definitions in the operation's file.
fn document(
    operation: &Part<'_>,
    needed: &[&Part<'_>],
    in_file: usize,
    files: &[Source],
) -> (String, Origin) {
    let is_file = needed.len() + 1 == in_file && needed.iter().all(|(source, _)| *source == operation.0);
    if is_file {
        let piece = Piece { start: 0, source: operation.0, at: 0 };
        return (files[operation.0].text.clone(), Origin::Files(vec![piece]));
    }
    let (mut text, mut pieces) = (String::new(), Vec::new());
    for (source, definition) in std::iter::once(&operation).chain(needed) {
        if !text.is_empty() {
            text.push_str(BETWEEN);
        }
        pieces.push(Piece { start: text.len(), source: *source, at: definition.range.start });
        text.push_str(&files[*source].text[definition.range.clone()]);
    }
    (text, Origin::Files(pieces))
}

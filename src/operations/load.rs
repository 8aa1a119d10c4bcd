//! Reads the files of operations and the manifests, and keeps what is wrong with them, with places.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::origin::{self, Origin};
use super::{Operations, files, manifest};
use crate::schema::{self, Diagnostic};

/// What files of operations end in.
const ENDING: &str = "graphql";

/// All saved operations that were found, and everything that is wrong with them.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The operations.
    pub operations: Operations,
    sources: Vec<Source>,
    faults: Vec<(usize, Told)>,
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
}

/// A fault of a file: at which byte, which rule, what is wrong, what to do.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Told {
    pub(super) at: usize,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) help: String,
}

/// Reads the files of operations in a folder, which has to be there if it is `required`, and manifests.
pub fn load(folder: &Path, required: bool, manifests: &[PathBuf]) -> Loaded {
    let mut loaded = Loaded::default();
    match listed(folder) {
        Ok(paths) => {
            for path in &paths {
                loaded.read(path);
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && !required => {}
        Err(error) => loaded.unreadable(folder, &error),
    }
    let (operations, faults) = files::operations(&loaded.sources);
    loaded.faults.extend(faults);
    for (name, document) in operations {
        let place = loaded.operations.insert(document);
        loaded.operations.by_name.insert(name.into(), place);
    }
    for path in manifests {
        loaded.add_manifest(path);
    }
    loaded
}

/// The files of operations in a folder, by name. Names that begin with a dot are those of tools.
fn listed(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !is_hidden && path.extension().is_some_and(|ending| ending == ENDING) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

impl Loaded {
    /// Notes that a document does not fit the API, at this line and column of its text.
    pub fn refuse(&mut self, document: usize, (line, column): (usize, usize), message: String) {
        let document = &self.operations.documents[document];
        let (source, at) = document.origin.place(origin::offset(&document.text, line, column), &self.sources);
        let help = "make the operation and the schema fit each other; `oponn print-schema` prints what the API has, and \
                    `[api]` in oponn.toml has its limits";
        self.faults.push((source, Told { at, code: "operation", message, help: help.to_owned() }));
    }

    /// Notes what is wrong with a route of a document, at this byte of the document's text.
    pub fn refuse_route(&mut self, document: usize, at: usize, message: String, help: String) {
        let (source, at) = self.operations.documents[document].origin.place(at, &self.sources);
        self.faults.push((source, Told { at, code: "rest", message, help }));
    }

    /// Everything that is wrong, file by file, each with the text of its file.
    pub fn diagnostics(&mut self) -> Vec<(Diagnostic, &str)> {
        self.faults.sort();
        // A fragment is in many documents, and faulty in each.
        self.faults.dedup();
        let mut all = Vec::new();
        for (place, Source { name, text }) in self.sources.iter().enumerate() {
            let own = self.faults.iter().filter(|(source, _)| *source == place);
            let own = own.map(|(_, told)| (told.at, told.code, told.message.clone(), told.help.clone()));
            let own = schema::diagnostics(name, text.as_bytes(), own);
            all.extend(own.into_iter().map(|fault| (fault, text.as_str())));
        }
        all
    }

    /// Reads a file, and notes if it cannot be read; its place among all.
    fn read(&mut self, path: &Path) -> Option<usize> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.unreadable(path, &error);
                return None;
            }
        };
        let name = path.display().to_string();
        let source = self.sources.len();
        match String::from_utf8(bytes) {
            Ok(text) => {
                let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
                self.sources.push(Source { name, text });
                Some(source)
            }
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                self.sources.push(Source { name, text: String::new() });
                let (message, help) = (format!("byte {at} is no UTF-8"), "save the file as UTF-8".to_owned());
                self.faults.push((source, Told { at: 0, code: "unreadable", message, help }));
                None
            }
        }
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let told = Told {
            at: 0,
            code: "unreadable",
            message: format!("it cannot be read: {error}"),
            help: "put it there, or correct `api.operations_folder` or `api.operations_manifests`".to_owned(),
        };
        self.faults.push((self.sources.len(), told));
        self.sources.push(Source { name: path.display().to_string(), text: String::new() });
    }

    fn add_manifest(&mut self, path: &Path) {
        let Some(source) = self.read(path) else { return };
        let (entries, told) = manifest::entries(&self.sources[source].text);
        self.faults.extend(told.into_iter().map(|told| (source, told)));
        for manifest::Entry { id, id_at, text, at } in entries {
            let place = self.operations.add(text, Origin::Manifest { source, at });
            let id: Arc<str> = id.into();
            let other = *self.operations.by_id.entry(id).or_insert(place);
            if other != place {
                let document = &self.operations.documents[other];
                let (file, _) = document.origin.place(0, &self.sources);
                let message = format!("this id stands for another text in {}", self.sources[file].name);
                let help = "have both clients' tools write their manifests again; ids are made of the texts";
                self.faults
                    .push((source, Told { at: id_at, code: "manifest-id", message, help: help.to_owned() }));
            }
        }
    }
}

//! Imports records from files and HTTP APIs into the store, through the engine's write path.
//!
//! `docs/importer.md` describes loaders. [`load`] reads and checks their definitions, and reports all
//! faults at once before any source is read or anything is written; [`run()`] runs the loaders in order.
//! Each kind of source, style of pagination and transform has its own file, listed where it is chosen by
//! name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::schema::Model;
use crate::spelling::suggestion;

mod chunk;
mod coerce;
mod definition;
mod engine_error;
mod faults;
mod field;
mod loader;
mod order;
mod record_path;
mod reference;
mod resolver;
mod run;
mod source;
mod summary;
mod transform;

pub use faults::LoaderFault;
pub use loader::Loader;
pub use run::{Options, Progress, run};
pub use summary::{Reject, Summary};

/// Looks up an environment variable, for `${NAME}`.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads the loaders of a folder, checks them against the model and puts them in the order in which
/// they have to run. With names, only those.
pub fn load(
    folder: &Path,
    names: &[String],
    model: &Model,
    env: Env<'_>,
) -> Result<Vec<Loader>, Vec<LoaderFault>> {
    let mut faults = Vec::new();
    let mut loaders: Vec<Loader> = Vec::new();
    let mut all: BTreeMap<String, PathBuf> = BTreeMap::new();
    let files = match files(folder) {
        Ok(files) => files,
        Err(fault) => return Err(vec![fault]),
    };
    for file in files {
        let (name, table) = loader::open(&file, &mut faults);
        if let Some(other) = all.insert(name.clone(), file.clone()) {
            let message = format!("`{name}` is the name of {} too; each needs its own", other.display());
            faults.push(LoaderFault::new(&file, "name", message));
            continue;
        }
        if let Some(table) = table.filter(|_| names.is_empty() || names.contains(&name)) {
            loaders.extend(Loader::read(name, &file, table, model, env, &mut faults));
        }
    }
    for name in names.iter().filter(|name| !all.contains_key(*name)) {
        let hint = suggestion(name, all.keys().map(String::as_str));
        faults.push(LoaderFault::new(folder, "", format!("there is no loader `{name}`; {hint}")));
    }
    match faults.is_empty() {
        true => order::sort(loaders, &all),
        false => Err(faults),
    }
}

/// The TOML files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, LoaderFault> {
    let unreadable = |error: std::io::Error| {
        let message = format!(
            "the folder cannot be read ({error}); make it, or name another as `loaders` in oponn.toml"
        );
        LoaderFault::new(folder, "", message)
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

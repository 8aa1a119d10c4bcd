//! A loader: one file that describes how records become documents of one type.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Table;

use super::Env;
use super::definition::Definition;
use super::faults::LoaderFault;
use super::field::Mapping;
use super::source::{self, Source};
use crate::config::toml_fault;
use crate::schema::{Collection, Filled, Model};
use crate::spelling::suggestion;

/// A loader that is ready to run.
pub struct Loader {
    /// Its name.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
    /// The collection type that it writes.
    pub target: Arc<Collection>,
    /// The unique key by which it writes, or `id`.
    pub on: String,
    /// Names of the loaders that must run before it.
    pub(super) after: Vec<String>,
    pub(super) source: Box<dyn Source>,
    pub(super) fields: Vec<Mapping>,
}

/// Reads a file as TOML: the loader's name, and the table if it is one.
pub(super) fn open(file: &Path, faults: &mut Vec<LoaderFault>) -> (String, Option<Table>) {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let read = std::fs::read_to_string(file).map_err(|error| format!("the file cannot be read: {error}"));
    let table = read.and_then(|text| {
        let invalid = |error| format!("this is not valid TOML: {}", toml_fault(&text, &error));
        text.parse::<Table>().map_err(invalid)
    });
    let mut table = match table {
        Ok(table) => table,
        Err(message) => {
            faults.push(LoaderFault::new(file, "", message));
            return (stem, None);
        }
    };
    let name = match table.remove("name") {
        None => stem,
        Some(toml::Value::String(name)) if !name.is_empty() => name,
        Some(_) => {
            faults.push(LoaderFault::new(file, "name", "this has to be a text"));
            stem
        }
    };
    (name, Some(table))
}

impl Loader {
    /// Reads a loader and checks it against the model.
    pub(super) fn read(
        name: String,
        file: &Path,
        table: Table,
        model: &Model,
        env: Env<'_>,
        faults: &mut Vec<LoaderFault>,
    ) -> Option<Loader> {
        let before = faults.len();
        let mut definition = Definition::new(file, table, faults);
        // Read already, but known.
        definition.take("name");
        let after = definition.texts("after").unwrap_or_default();
        for key in ["source", "target", "fields"] {
            if !definition.has(key) {
                definition.fault(key, "this table is missing");
            }
        }
        let source = definition.table("source", |inner| source::define(inner, env));
        let target = definition.table("target", |inner| target(inner, model));
        let fields = match &target {
            Some((collection, on)) => {
                definition.table("fields", |inner| fields(inner, model, collection, on))
            }
            // Without a type there is nothing to check the fields against.
            None => definition.take("fields").map(|_| Vec::new()),
        };
        definition.finish();
        if faults.len() > before {
            return None;
        }
        let (target, on) = target?;
        Some(Loader { name, file: file.into(), target, on, after, source: source?, fields: fields? })
    }

    /// Names of the types that it refers to.
    pub(super) fn referenced(&self) -> impl Iterator<Item = &Arc<str>> {
        self.fields.iter().filter_map(|field| field.reference()).map(|reference| &reference.ty)
    }
}

/// Reads `[target]`.
fn target(definition: &mut Definition<'_>, model: &Model) -> Option<(Arc<Collection>, String)> {
    let ty = definition.required("type", "name a type of the schema");
    let on = definition.required("on", "name the unique key to update or create by");
    let (ty, on) = (ty?, on?);
    let Some(collection) = model.collection(&ty) else {
        let hint = suggestion(&ty, model.collections.iter().map(|known| &*known.name));
        definition.fault("type", format!("there is no type `{ty}` with @collection; {hint}"));
        return None;
    };
    if on != "id" && !collection.uniques.iter().any(|unique| unique.name == on) {
        let names: Vec<_> = collection.uniques.iter().map(|unique| unique.name.as_str()).collect();
        let hint = suggestion(&on, names);
        definition.fault("on", format!("{ty} has no unique key `{on}`; {hint}"));
    }
    if on == "id" && !collection.client_id {
        definition.fault(
            "on",
            format!("{ty} makes its ids itself; name a unique key, or give it `@id(client: true)`"),
        );
    }
    Some((collection.clone(), on))
}

/// Reads `[fields]`.
fn fields(
    definition: &mut Definition<'_>,
    model: &Model,
    collection: &Collection,
    on: &str,
) -> Option<Vec<Mapping>> {
    let before = definition.rest();
    let names: Vec<String> = before.keys().cloned().collect();
    let fields: Vec<Mapping> = before
        .into_iter()
        .filter_map(|(name, value)| Mapping::define(definition, &name, value, model, collection))
        .collect();
    let is_mapped = |field: &str| names.iter().any(|name| name.split('.').next() == Some(field));

    for mapping in fields.iter().filter(|mapping| !mapping.is_whole()) {
        if names.iter().any(|name| name == mapping.root()) {
            let message = format!("both `{0}` and something inside it are mapped; keep one", mapping.root());
            definition.fault(mapping.root(), message);
        }
    }
    let key = collection.uniques.iter().find(|unique| unique.name == on);
    let key_fields: Vec<&str> = match key {
        Some(key) => key.fields.iter().map(|field| &**field).collect(),
        None => vec![on],
    };
    for field in key_fields.iter().filter(|field| !is_mapped(field)) {
        definition.fault(field, format!("this is missing; documents are found by `{on}`"));
    }
    for field in &collection.fields {
        let needed = field.ty.required
            && field.default.is_none()
            && matches!(field.filled, Filled::ByClient | Filled::ReadOnly);
        if needed && !is_mapped(&field.name) && !key_fields.contains(&&*field.name) {
            let message = format!("this is missing; a new {} cannot be without it", collection.name);
            definition.fault(&field.name, message);
        }
    }
    Some(fields)
}

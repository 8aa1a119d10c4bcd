//! Reads one table of a list of tables, such as `[[auth.issuers]]`, and collects its faults.
//!
//! As everywhere in the settings, a key that was not read is an unknown key. Values are not repeated in messages:
//! such tables hold keys.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{SettingFault, mask};
use crate::spelling::suggestion;

/// A table being read.
pub(super) struct Table<'a> {
    values: &'a toml::Table,
    /// Name of the table, and its file.
    name: String,
    file: &'a Path,
    env: &'a BTreeMap<String, String>,
    known: Vec<&'static str>,
    faults: Vec<SettingFault>,
    /// Environment variables that were read.
    variables: Vec<String>,
}

/// What is left of a table when it has been read.
pub(super) struct Leftovers {
    pub(super) faults: Vec<SettingFault>,
    pub(super) variables: Vec<String>,
}

impl<'a> Table<'a> {
    pub(super) fn new(
        values: &'a toml::Table,
        name: String,
        file: &'a Path,
        env: &'a BTreeMap<String, String>,
    ) -> Table<'a> {
        Table { values, name, file, env, known: Vec::new(), faults: Vec::new(), variables: Vec::new() }
    }

    /// The table's name, for messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// A value as `parse` takes it; its error says what would be right.
    pub(super) fn value<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&toml::Value) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(key);
        match parse(self.values.get(key)?) {
            Ok(value) => Some(value),
            Err(remedy) => {
                self.fault(key, &format!("has to be {remedy}"));
                None
            }
        }
    }

    /// A value written as text.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.value(key, |value| text(value).and_then(parse))
    }

    /// Some text.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.parsed(key, |text| Ok(text.to_owned()))
    }

    /// Texts: a list of them, or one.
    pub(super) fn texts<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        self.value(key, |value| match value {
            toml::Value::Array(items) => items.iter().map(|item| text(item).and_then(&parse)).collect(),
            one => text(one).and_then(&parse).map(|one| vec![one]),
        })
    }

    /// A path, relative to the file.
    pub(super) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        let folder = self.file.parent().unwrap_or(Path::new(""));
        self.parsed(key, |text| Ok(folder.join(text)))
    }

    /// The value of the environment variable that the setting names.
    pub(super) fn variable(&mut self, key: &'static str) -> Option<String> {
        let name = self.text(key)?;
        let value = self.env.get(&name).filter(|value| !value.is_empty()).cloned();
        if value.is_none() {
            self.fault(key, "names an environment variable that is not set; set it, or name another");
        }
        self.variables.push(name);
        value
    }

    /// Notes what is wrong with the value of a key.
    pub(super) fn fault(&mut self, key: &str, what: &str) {
        let message = format!("`{}.{}` in {} {what}", self.name, mask(key), self.file.display());
        self.faults.push(SettingFault(message));
    }

    /// What is wrong, unknown keys included.
    pub(super) fn finish(mut self) -> Leftovers {
        let (values, known) = (self.values, self.known.clone());
        for key in values.keys().filter(|key| !known.contains(&key.as_str())) {
            let hint = suggestion(key, known.iter().copied());
            self.fault(key, &format!("is not a setting; {hint}"));
        }
        Leftovers { faults: self.faults, variables: self.variables }
    }
}

/// The text of a value.
pub(super) fn text(value: &toml::Value) -> Result<&str, String> {
    value.as_str().filter(|text| !text.trim().is_empty()).ok_or_else(|| "a text".to_owned())
}

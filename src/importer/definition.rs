//! Reads the keys of a loader's tables; a key that was never read is an unknown key.

use std::path::Path;
use std::time::Duration;

use toml::{Table, Value};

use super::faults::LoaderFault;
use crate::config::mask;
use crate::spelling::suggestion;

/// One table of a loader.
pub(super) struct Definition<'f> {
    file: &'f Path,
    /// With a dot at the end, unless it is the whole file.
    prefix: String,
    table: Table,
    asked: Vec<&'static str>,
    faults: &'f mut Vec<LoaderFault>,
}

impl<'f> Definition<'f> {
    pub(super) fn new(file: &'f Path, table: Table, faults: &'f mut Vec<LoaderFault>) -> Definition<'f> {
        Definition { file, prefix: String::new(), table, asked: Vec::new(), faults }
    }

    /// The loader's file.
    pub(super) fn file(&self) -> &'f Path {
        self.file
    }

    /// Whether the table has a key that has not been taken.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Reports a fault of a key in this table.
    pub(super) fn fault(&mut self, key: &str, message: impl Into<String>) {
        let key = format!("{}{key}", self.prefix);
        self.faults.push(LoaderFault::new(self.file, key.trim_end_matches('.'), message));
    }

    /// Takes a key's value.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.asked.push(key);
        self.table.remove(key)
    }

    /// Takes and converts a key's value; the error describes valid values.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.take(key)?;
        match read(&value) {
            Ok(value) => Some(value),
            Err(remedy) => {
                self.fault(key, format!("this has to be {remedy}"));
                None
            }
        }
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.read(key, text)
    }

    /// A required text.
    pub(super) fn required(&mut self, key: &'static str, remedy: &str) -> Option<String> {
        if !self.has(key) {
            self.asked.push(key);
            self.fault(key, format!("this is missing; {remedy}"));
            return None;
        }
        self.text(key)
    }

    /// A whole number, not below `least`.
    pub(super) fn number(&mut self, key: &'static str, least: u64) -> Option<u64> {
        self.read(key, |value| {
            let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
            number.filter(|n| *n >= least).ok_or_else(|| format!("a whole number, {least} or more"))
        })
    }

    /// A duration such as `30s`.
    pub(super) fn duration(&mut self, key: &'static str) -> Option<Duration> {
        self.read(key, |value| crate::config::duration(value.as_str().unwrap_or_default()))
    }

    /// A size in bytes such as `16MB`, not 0.
    pub(super) fn size(&mut self, key: &'static str) -> Option<usize> {
        self.read(key, |value| {
            let size = crate::config::size(value.as_str().unwrap_or_default())?;
            usize::try_from(size).ok().filter(|size| *size > 0).ok_or_else(|| "more than nothing".to_owned())
        })
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        self.read(key, texts)
    }

    /// Takes a table and passes it to a reader.
    pub(super) fn table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Definition<'_>) -> Option<T>,
    ) -> Option<T> {
        match self.take(key)? {
            Value::Table(table) => self.inner(key, table, read),
            _ => {
                self.fault(key, "this has to be a table");
                None
            }
        }
    }

    /// Passes the table under a key to a reader, and reports its unknown keys.
    pub(super) fn inner<T>(
        &mut self,
        key: &str,
        table: Table,
        read: impl FnOnce(&mut Definition<'_>) -> Option<T>,
    ) -> Option<T> {
        let mut inner = Definition {
            file: self.file,
            prefix: format!("{}{key}.", self.prefix),
            table,
            asked: Vec::new(),
            faults: self.faults,
        };
        let result = read(&mut inner);
        inner.finish();
        result
    }

    /// All remaining keys, for tables with arbitrary keys.
    pub(super) fn rest(&mut self) -> Table {
        std::mem::take(&mut self.table)
    }

    /// Reports unknown keys.
    pub(super) fn finish(&mut self) {
        for key in self.rest().keys() {
            let hint = suggestion(key, self.asked.iter().copied());
            self.fault(key, format!("this key is not known here; {hint}"));
        }
    }
}

/// A text that is not empty.
pub(super) fn text(value: &Value) -> Result<String, String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(|| "a text".to_owned())
}

/// A list of texts that are not empty.
pub(super) fn texts(value: &Value) -> Result<Vec<String>, String> {
    let items = value.as_array().ok_or_else(|| "a list of texts".to_owned())?;
    items.iter().map(|item| text(item).map_err(|_| "a list of texts".to_owned())).collect()
}

/// The entry with this name in a list, or what to write instead.
pub(super) fn choose<'a, T>(name: &str, choices: &'a [(&'static str, T)]) -> Result<&'a T, String> {
    choices.iter().find(|(choice, _)| *choice == name).map(|(_, chosen)| chosen).ok_or_else(|| {
        format!("`{}` is not known; {}", mask(name), suggestion(name, choices.iter().map(|(n, _)| *n)))
    })
}

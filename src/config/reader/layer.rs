//! One layer of settings: the flags, the environment, or a file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::{mask, secret};

/// One layer of settings; earlier ones win.
pub(super) struct Layer {
    pub(super) values: BTreeMap<String, toml::Value>,
    /// The tables of the layer's file, those in others too, as dotted keys.
    pub(super) tables: Vec<String>,
    /// Name of the setting in this layer, for messages.
    pub(super) name: fn(&str) -> String,
    /// The layer's file, to which its paths are relative, for messages too.
    pub(super) file: Option<PathBuf>,
}

/// A setting as a layer gives it.
pub(super) struct Given<'a> {
    pub(super) value: Cow<'a, toml::Value>,
    /// Where it is given and what it is, for messages.
    pub(super) told: String,
}

impl Layer {
    /// The setting, if this layer gives it, as itself or by a file. The error is a whole message.
    pub(super) fn given(&self, key: &str) -> Option<Result<Given<'_>, String>> {
        let by_file = secret::file_key(key).and_then(|key| Some((self.place(key), self.values.get(key)?)));
        match (self.values.get(key), by_file) {
            (None, None) => None,
            (Some(value), None) => {
                let told = format!("{} is {}", self.place(key), shown(value));
                Some(Ok(Given { value: Cow::Borrowed(value), told }))
            }
            (None, Some((place, toml::Value::String(path)))) if !path.is_empty() => {
                let secret = secret::read(&self.resolved(path)).map_err(|fault| format!("{place}: {fault}"));
                Some(secret.map(|secret| Given {
                    value: Cow::Owned(toml::Value::String(secret)),
                    told: format!("{place}: what is in the file {} is not shown", mask(path)),
                }))
            }
            (None, Some((place, other))) => {
                Some(Err(format!("{place} is {}; it has to be the path of a file", shown(other))))
            }
            (Some(_), Some((place, _))) => {
                Some(Err(format!("{} and {place} are both given; leave one of them out", self.place(key))))
            }
        }
    }

    /// A path, which is relative to the layer's file if there is one.
    fn resolved(&self, path: &str) -> PathBuf {
        self.file.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).join(path)
    }

    /// How messages name a setting of the layer.
    pub(super) fn place(&self, key: &str) -> String {
        match &self.file {
            Some(file) => format!("{} in {}", (self.name)(key), file.display()),
            None => (self.name)(key),
        }
    }
}

/// Nested tables become dotted keys.
pub(super) fn flatten(prefix: String, table: toml::Table, into: &mut BTreeMap<String, toml::Value>) {
    for (key, value) in table {
        let key = format!("{prefix}{key}");
        match value {
            toml::Value::Table(inner) => flatten(format!("{key}."), inner, into),
            value => {
                into.insert(key, value);
            }
        }
    }
}

/// The names of all tables within a table, as dotted keys.
pub(super) fn table_names(prefix: &str, table: &toml::Table, names: &mut Vec<String>) {
    for (name, value) in table {
        if let toml::Value::Table(inner) = value {
            names.push(format!("{prefix}{name}"));
            table_names(&format!("{prefix}{name}."), inner, names);
        }
    }
}

fn shown(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => format!("`{}`", mask(text)),
        toml::Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        toml::Value::Table(_) => "a table".to_owned(),
        other => format!("`{other}`"),
    }
}

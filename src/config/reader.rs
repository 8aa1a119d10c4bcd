//! Finds each setting in its layers, and collects all faults.
//!
//! Reading a setting makes its key known: a key that was never read is an unknown key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::table::Table;
use super::{SettingFault, SettingFaults, mask, secret, toml_fault};
use crate::spelling::suggestion;

mod layer;

use layer::{Given, Layer, flatten, table_names};

/// Settings given as flags.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--schema`
    pub schema: Option<String>,
    /// `--store`
    pub store: Option<String>,
    /// `--cache`
    pub cache: Option<String>,
    /// `--listen`
    pub listen: Option<String>,
    /// `--log`
    pub log: Option<String>,
    /// `--traces`
    pub traces: Option<String>,
    /// `--allow-cache-override`
    pub allow_cache_override: bool,
}

/// The settings that environment variables can give, as `OPONN_` and the key in capitals, with `_` for `.`.
const ENV_KEYS: [&str; 11] = [
    "schema",
    "store",
    "cache",
    "listen",
    "admin.listen",
    "tls.cert",
    "tls.key",
    "log",
    "traces",
    "traces_ratio",
    "allow_cache_override",
];

#[derive(Default)]
pub(super) struct Reader {
    layers: Vec<Layer>,
    known: Vec<&'static str>,
    faults: Vec<SettingFault>,
    env: BTreeMap<String, String>,
    /// Variables that look like settings, with the warning that they are none.
    strangers: BTreeMap<String, String>,
}

impl Reader {
    pub(super) fn add_flags(&mut self, flags: Flags) {
        let values = [
            ("schema", flags.schema),
            ("store", flags.store),
            ("cache", flags.cache),
            ("listen", flags.listen),
            ("log", flags.log),
            ("traces", flags.traces),
            ("allow_cache_override", flags.allow_cache_override.then(|| "true".to_owned())),
        ];
        let values = values
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), toml::Value::String(value?))))
            .collect();
        let name = |key: &str| format!("flag --{}", key.replace('_', "-"));
        self.layers.push(Layer { values, tables: Vec::new(), name, file: None });
    }

    pub(super) fn add_env(&mut self, env: impl IntoIterator<Item = (String, String)>) {
        let env: BTreeMap<String, String> = env.into_iter().collect();
        let mut values = BTreeMap::new();
        let collector = collector(&env);
        let keys = || ENV_KEYS.into_iter().chain(secret::file_keys());
        for (name, value) in &env {
            if !name.starts_with("OPONN_") {
                continue;
            }
            match keys().find(|key| env_name(key) == name.to_uppercase()) {
                Some(key) => {
                    values.insert(key.to_owned(), toml::Value::String(value.clone()));
                }
                None => {
                    let names: Vec<String> = keys().map(env_name).collect();
                    let hint = suggestion(name, names.iter().map(String::as_str));
                    let warning = format!("the environment variable {name} is not a setting; {hint}");
                    self.strangers.insert(name.clone(), warning);
                }
            }
        }
        let is_ours = ["traces", "traces_file"].iter().any(|key| values.contains_key(*key));
        if let Some(url) = collector.filter(|_| !is_ours) {
            values.insert("traces".to_owned(), toml::Value::String(url));
        }
        self.layers.push(Layer {
            values,
            tables: Vec::new(),
            name: |key| format!("environment variable {}", env_name(key)),
            file: None,
        });
        self.env = env;
    }

    /// Reads a file; a missing file is a fault only if it is required.
    pub(super) fn add_file(&mut self, path: &Path, required: bool) {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => return,
            Err(error) => {
                let message = format!(
                    "flag --config: the file {} cannot be read ({error}); name a TOML file or leave the flag out",
                    mask(&path.to_string_lossy())
                );
                return self.faults.push(SettingFault(message));
            }
        };
        match text.parse::<toml::Table>() {
            Ok(table) => {
                let mut values = BTreeMap::new();
                let mut tables = Vec::new();
                table_names("", &table, &mut tables);
                flatten(String::new(), table, &mut values);
                let name = |key: &str| format!("`{key}`");
                self.layers.push(Layer { values, tables, name, file: Some(path.into()) });
            }
            Err(error) => {
                self.faults.push(SettingFault(format!(
                    "{} is not valid TOML: {}",
                    path.display(),
                    toml_fault(&text, &error)
                )));
            }
        }
    }

    /// A setting written as text.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.read(key, |value, _| match value {
            toml::Value::String(text) => parse(text),
            toml::Value::Integer(number) => parse(&number.to_string()),
            _ => Err(parse("").err().unwrap_or_else(|| "a text".to_owned())),
        })
    }

    /// A path; in a file it is relative to the file.
    pub(super) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        self.read(key, |value, file| match value {
            toml::Value::String(text) if !text.is_empty() => {
                Ok(file.and_then(Path::parent).unwrap_or(Path::new("")).join(text))
            }
            _ => Err("a path".to_owned()),
        })
    }

    /// Two paths, neither of which is of use without the other.
    pub(super) fn paths(&mut self, keys: [&'static str; 2]) -> Option<[PathBuf; 2]> {
        let [one, other] = keys;
        match keys.map(|key| self.layers.iter().any(|layer| layer.values.contains_key(key))) {
            [true, false] => self.fault(format!("`{one}` is given without `{other}`; give both or neither")),
            [false, true] => self.fault(format!("`{other}` is given without `{one}`; give both or neither")),
            [true, true] | [false, false] => {}
        }
        let [one, other] = keys.map(|key| self.path(key));
        Some([one?, other?])
    }

    /// A whole number, not below `least`.
    pub(super) fn number(&mut self, key: &'static str, least: u64) -> Option<u64> {
        self.read(key, |value, _| {
            let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
            number.filter(|n| *n >= least).ok_or_else(|| format!("a whole number, {least} or more"))
        })
    }

    /// A number from 0 to 1; text is accepted only from layers that have nothing but text.
    pub(super) fn fraction(&mut self, key: &'static str) -> Option<f64> {
        self.read(key, |value, file| {
            let number = match (value, file) {
                (toml::Value::Float(number), _) => Some(*number),
                (toml::Value::Integer(number), _) => Some(*number as f64),
                (toml::Value::String(text), None) => text.parse().ok(),
                _ => None,
            };
            let number = number.filter(|number| (0.0..=1.0).contains(number));
            number.ok_or_else(|| "a number from 0 to 1".to_owned())
        })
    }

    /// True or false; text is accepted only from layers that have nothing but text.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        self.read(key, |value, file| {
            match (value, file) {
                (toml::Value::Boolean(value), _) => Ok(*value),
                (toml::Value::String(text), None) => text.parse().map_err(drop),
                _ => Err(()),
            }
            .map_err(|()| "`true` or `false`".to_owned())
        })
    }

    /// A list of texts; the folder is the one to which paths among them are relative.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str, &Path) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        self.read(key, |value, file| {
            let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
            let no_list = || "a list of texts".to_owned();
            let item = |item: &toml::Value| parse(item.as_str().ok_or_else(no_list)?, folder);
            value.as_array().ok_or_else(no_list)?.iter().map(item).collect()
        })
    }

    /// Whether the file has a table with this name, empty or not.
    pub(super) fn has_table(&self, name: &str) -> bool {
        self.layers.iter().any(|layer| layer.tables.iter().any(|table| table == name))
    }

    /// A list of tables.
    pub(super) fn tables<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Table<'_>) -> Option<T>,
    ) -> Vec<T> {
        self.known.push(key);
        let found =
            self.layers.iter().find_map(|layer| Some((layer, layer.values.get(key)?, layer.file.as_ref()?)));
        let Some((layer, value, file)) = found else { return Vec::new() };
        let tables: Option<Vec<&toml::Table>> =
            value.as_array().and_then(|items| items.iter().map(toml::Value::as_table).collect());
        let Some(tables) = tables else {
            let message = format!("{} has to be a list of tables, each under `[[{key}]]`", layer.place(key));
            self.faults.push(SettingFault(message));
            return Vec::new();
        };
        let mut all = Vec::new();
        for (place, values) in tables.into_iter().enumerate() {
            let mut table = Table::new(values, format!("{key}[{place}]"), file, &self.env);
            all.extend(read(&mut table));
            let leftovers = table.finish();
            self.faults.extend(leftovers.faults);
            self.strangers.retain(|name, _| !leftovers.variables.contains(name));
        }
        all
    }

    /// The tables within a table, each with its name.
    pub(super) fn named<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&str, &mut Table<'_>) -> Option<T>,
    ) -> Vec<T> {
        let begin = format!("{key}.");
        let Some(layer) = self.layers.iter_mut().find(|layer| layer.file.is_some()) else {
            return Vec::new();
        };
        let inner = layer.tables.iter().filter_map(|name| name.strip_prefix(&begin));
        let mut tables: BTreeMap<String, toml::Table> = inner
            .filter(|name| !name.contains('.'))
            .map(|name| (name.to_owned(), toml::Table::new()))
            .collect();
        // What is in these tables is told by them.
        layer.values.retain(|full, value| {
            let within = full.strip_prefix(&begin).and_then(|rest| rest.split_once('.'));
            let table = within.and_then(|(name, inner)| Some((tables.get_mut(name)?, inner)));
            table.map(|(table, inner)| table.insert(inner.to_owned(), value.clone())).is_none()
        });
        let file = layer.file.clone().unwrap_or_default();
        let mut all = Vec::new();
        for (name, values) in &tables {
            let mut table = Table::new(values, format!("{key}.{name}"), &file, &self.env);
            all.extend(read(name, &mut table));
            let leftovers = table.finish();
            self.faults.extend(leftovers.faults);
            self.strangers.retain(|name, _| !leftovers.variables.contains(name));
        }
        all
    }

    /// Notes what is wrong with a setting.
    pub(super) fn fault(&mut self, message: String) {
        self.faults.push(SettingFault(message));
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&toml::Value, Option<&Path>) -> Result<T, String>,
    ) -> Option<T> {
        self.known.extend([key].into_iter().chain(secret::file_key(key)));
        let (layer, given) = self.layers.iter().find_map(|layer| Some((layer, layer.given(key)?)))?;
        let result = given.and_then(|Given { value, told }| {
            parse(&value, layer.file.as_deref()).map_err(|remedy| format!("{told}; it has to be {remedy}"))
        });
        match result {
            Ok(value) => Some(value),
            Err(fault) => {
                self.faults.push(SettingFault(fault));
                None
            }
        }
    }

    /// Tells what is wrong, unknown keys included. When nothing is, returns warnings about variables that look like
    /// settings but are not.
    pub(super) fn finish(mut self) -> Result<Vec<String>, SettingFaults> {
        for layer in &self.layers {
            for key in layer.values.keys().filter(|key| !self.known.contains(&key.as_str())) {
                let hint = suggestion(key, self.known.iter().copied());
                self.faults
                    .push(SettingFault(format!("{} is not a setting; {hint}", layer.place(&mask(key)))));
            }
        }
        match self.faults.is_empty() {
            true => Ok(self.strangers.into_values().collect()),
            false => Err(SettingFaults(self.faults)),
        }
    }
}

/// The collector from OpenTelemetry's own variables; `traces` overrides them.
fn collector(env: &BTreeMap<String, String>) -> Option<String> {
    let get = |name: &str| env.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let is = |name: &str, value: &str| get(name).is_some_and(|found| found.eq_ignore_ascii_case(value));
    if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
        return None;
    }
    let path = |base: &str| format!("{}/v1/traces", base.trim_end_matches('/'));
    let exact = get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").map(str::to_owned);
    exact.or_else(|| get("OTEL_EXPORTER_OTLP_ENDPOINT").map(path))
}

fn env_name(key: &str) -> String {
    format!("OPONN_{}", key.to_uppercase().replace('.', "_"))
}

#[cfg(test)]
mod tests;

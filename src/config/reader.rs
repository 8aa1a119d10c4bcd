//! Finds each setting in its layers, and collects all faults.
//!
//! Reading a setting makes its key known: a key that was never read is an unknown key.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::table::Table;
use super::{SettingFault, SettingFaults, mask, secret, toml_fault};
use crate::spelling::suggestion;

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

/// One layer of settings; earlier ones win.
struct Layer {
    values: BTreeMap<String, toml::Value>,
    /// The tables at the top of the layer's file.
    tables: Vec<String>,
    /// Name of the setting in this layer, for messages.
    name: fn(&str) -> String,
    /// The layer's file, to which its paths are relative, for messages too.
    file: Option<PathBuf>,
}

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
                let tables = table.iter().filter(|(_, value)| value.is_table());
                let tables = tables.map(|(name, _)| name.clone()).collect();
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

/// A setting as a layer gives it.
struct Given<'a> {
    value: Cow<'a, toml::Value>,
    /// Where it is given and what it is, for messages.
    told: String,
}

impl Layer {
    /// The setting, if this layer gives it, as itself or by a file. The error is a whole message.
    fn given(&self, key: &str) -> Option<Result<Given<'_>, String>> {
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

    fn place(&self, key: &str) -> String {
        match &self.file {
            Some(file) => format!("{} in {}", (self.name)(key), file.display()),
            None => (self.name)(key),
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

/// Nested tables become dotted keys.
fn flatten(prefix: String, table: toml::Table, into: &mut BTreeMap<String, toml::Value>) {
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

fn shown(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => format!("`{}`", mask(text)),
        toml::Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        toml::Value::Table(_) => "a table".to_owned(),
        other => format!("`{other}`"),
    }
}

#[cfg(test)]
mod tests;

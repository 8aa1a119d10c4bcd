//! Finds each setting in its layers, and collects all faults.
//!
//! Reading a setting makes its key known: a key that was never read is an unknown key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{SettingFault, SettingFaults, mask, toml_fault};
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

/// The settings that environment variables can give, as `OPONN_` and the key in capitals.
const ENV_KEYS: [&str; 8] =
    ["schema", "store", "cache", "listen", "log", "traces", "traces_ratio", "allow_cache_override"];

/// One layer of settings; earlier ones win.
struct Layer {
    values: BTreeMap<String, toml::Value>,
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
        self.layers.push(Layer { values, name, file: None });
    }

    /// Returns warnings about variables that look like settings but are not.
    pub(super) fn add_env(&mut self, env: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
        let env: BTreeMap<String, String> = env.into_iter().collect();
        let mut warnings = Vec::new();
        let mut values = BTreeMap::new();
        values.extend(collector(&env).map(|url| ("traces".to_owned(), toml::Value::String(url))));
        for (name, value) in env {
            let Some(rest) = name.strip_prefix("OPONN_") else { continue };
            match ENV_KEYS.iter().find(|key| **key == rest.to_lowercase()) {
                Some(key) => {
                    values.insert((*key).to_owned(), toml::Value::String(value));
                }
                None => {
                    let names = ENV_KEYS.map(env_name);
                    let hint = suggestion(&name, names.iter().map(String::as_str));
                    warnings.push(format!("the environment variable {name} is not a setting; {hint}"));
                }
            }
        }
        self.layers.push(Layer {
            values,
            name: |key| format!("environment variable {}", env_name(key)),
            file: None,
        });
        warnings
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
                flatten(String::new(), table, &mut values);
                self.layers.push(Layer { values, name: |key| format!("`{key}`"), file: Some(path.into()) });
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

    /// A list of texts.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        self.read(key, |value, _| {
            let items = value.as_array().ok_or_else(|| "a list of texts".to_owned())?;
            let item = |item: &toml::Value| {
                item.as_str().ok_or_else(|| "a list of texts".to_owned()).and_then(&parse)
            };
            items.iter().map(item).collect()
        })
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&toml::Value, Option<&Path>) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(key);
        let (layer, value) = self.layers.iter().find_map(|layer| Some((layer, layer.values.get(key)?)))?;
        match parse(value, layer.file.as_deref()) {
            Ok(value) => Some(value),
            Err(remedy) => {
                let place = layer.place(key);
                self.faults.push(SettingFault(format!("{place} is {}; it has to be {remedy}", shown(value))));
                None
            }
        }
    }

    /// Tells what is wrong, unknown keys included.
    pub(super) fn finish(mut self) -> Result<(), SettingFaults> {
        for layer in &self.layers {
            for key in layer.values.keys().filter(|key| !self.known.contains(&key.as_str())) {
                let hint = suggestion(key, self.known.iter().copied());
                self.faults
                    .push(SettingFault(format!("{} is not a setting; {hint}", layer.place(&mask(key)))));
            }
        }
        match self.faults.is_empty() {
            true => Ok(()),
            false => Err(SettingFaults(self.faults)),
        }
    }
}

impl Layer {
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
    format!("OPONN_{}", key.to_uppercase())
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
mod tests {
    use crate::config::{Config, Flags, StoreAddress};

    fn load(flags: Flags, env: &[(&str, &str)], file: &str) -> Result<super::super::Loaded, String> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("oponn.toml");
        std::fs::write(&path, file).expect("the file can be written");
        let env = env.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        Config::load(flags, env, Some(&path))
            .map_err(|faults| faults.to_string().replace(&dir.path().display().to_string(), "DIR"))
    }

    #[test]
    fn flag_goes_over_environment_over_file() {
        let file = "store = 'sqlite:file.db'\nlisten = 'file:1'\nlog = 'warn'";
        let env = [("OPONN_STORE", "sqlite:env.db"), ("OPONN_LISTEN", "env:1")];
        let flags = Flags { store: Some("sqlite:flag.db".into()), ..Flags::default() };
        let config = load(flags, &env, file).expect("valid").config;
        assert_eq!(config.store, Some(StoreAddress::Sqlite("flag.db".into())));
        assert_eq!((config.listen.as_str(), config.log.as_str()), ("env:1", "warn"));
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let file = "shcema = 'x'\ncache = 'redis:pass'\n[api]\npage_maxx = 3\ndepth = 0\n[limits]\nttl = 5";
        let env = [("OPONN_STORE", "postgres://ann:secret@db/x")];
        let message = load(Flags::default(), &env, file).expect_err("faulty");
        let lines: Vec<_> = message.lines().collect();
        assert_eq!(lines.len(), 6, "{message}");
        assert!(message.contains("OPONN_STORE is `postgres://ann:***@db/x`; it has to be `sqlite:PATH`"));
        assert!(message.contains("`shcema` in DIR/oponn.toml is not a setting; did you mean `schema`?"));
        assert!(
            message
                .contains("`api.page_maxx` in DIR/oponn.toml is not a setting; did you mean `api.page_max`?")
        );
        assert!(
            message.contains("`api.depth` in DIR/oponn.toml is `0`; it has to be a whole number, 1 or more")
        );
        assert!(message.contains("`limits.ttl` in DIR/oponn.toml is `5`; it has to be a duration"));
        assert!(!message.contains("secret"));
    }

    #[test]
    fn a_switch_is_true_or_false_wherever_it_stands() {
        let allowed = |flag, env: &[(&str, &str)], file| {
            let flags = Flags { allow_cache_override: flag, ..Flags::default() };
            load(flags, env, file).map(|loaded| loaded.config.allow_cache_override)
        };
        let env = |value| [("OPONN_ALLOW_CACHE_OVERRIDE", value)];
        assert_eq!(allowed(false, &[], ""), Ok(false));
        assert_eq!(allowed(true, &env("false"), "allow_cache_override = false"), Ok(true));
        assert_eq!(allowed(false, &env("true"), "allow_cache_override = false"), Ok(true));
        assert_eq!(allowed(false, &env("false"), "allow_cache_override = true"), Ok(false));
        assert_eq!(allowed(false, &[], "allow_cache_override = true"), Ok(true));
        let message = allowed(false, &env("yes"), "").expect_err("faulty");
        assert!(
            message.contains("OPONN_ALLOW_CACHE_OVERRIDE is `yes`; it has to be `true` or `false`"),
            "{message}"
        );
        assert!(allowed(false, &[], "allow_cache_override = 'true'").is_err());
    }

    #[test]
    fn traces_go_where_opentelemetry_says_unless_we_say() {
        let to = |env: &[(&str, &str)]| {
            load(Flags::default(), env, "traces = 'https://file:1/in'").map(|loaded| loaded.config.traces)
        };
        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://base:4318/otlp/");
        let exact = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://exact:4318/here");
        let ours = ("OPONN_TRACES", "http://ours:4318");
        for (env, expected) in [
            (&[][..], "https://file:1/in"),
            (&[base], "http://base:4318/otlp/v1/traces"),
            (&[base, exact], "http://exact:4318/here"),
            (&[base, exact, ours], "http://ours:4318/v1/traces"),
            (&[base, ("OTEL_SDK_DISABLED", "true")], "https://file:1/in"),
            (&[base, ("OTEL_TRACES_EXPORTER", "none")], "https://file:1/in"),
        ] {
            assert_eq!(to(env), Ok(Some(expected.to_owned())), "{env:?}");
        }
        assert!(to(&[("OPONN_TRACES", "collector:4317")]).expect_err("faulty").contains("OTLP collector"));
        let ratio = |env, file| load(Flags::default(), env, file).map(|loaded| loaded.config.traces_ratio);
        assert_eq!(ratio(&[], ""), Ok(None));
        assert_eq!(ratio(&[], "traces_ratio = 1"), Ok(Some(1.0)));
        assert_eq!(ratio(&[("OPONN_TRACES_RATIO", "0.25")], "traces_ratio = 1"), Ok(Some(0.25)));
        assert!(ratio(&[], "traces_ratio = 1.5").is_err());
    }

    #[test]
    fn unknown_variables_are_warned_about() {
        let loaded = load(Flags::default(), &[("OPONN_STROE", "x"), ("HOME", "y")], "").expect("valid");
        assert_eq!(
            loaded.warnings,
            ["the environment variable OPONN_STROE is not a setting; did you mean `OPONN_STORE`?"]
        );
    }

    #[test]
    fn paths_in_a_file_are_relative_to_it() {
        let loaded = load(Flags::default(), &[], "schema = 'app/schema.graphql'").expect("valid");
        assert!(loaded.config.schema.is_absolute() && loaded.config.schema.ends_with("app/schema.graphql"));
    }
}

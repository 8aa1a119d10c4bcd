//! How settings are found in their layers, their faults, and settings from files.

use crate::config::{Config, Flags, StoreAddress};

fn load(flags: Flags, env: &[(&str, &str)], file: &str) -> Result<crate::config::Loaded, String> {
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
        message.contains("`api.page_maxx` in DIR/oponn.toml is not a setting; did you mean `api.page_max`?")
    );
    assert!(message.contains("`api.depth` in DIR/oponn.toml is `0`; it has to be a whole number, 1 or more"));
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
fn a_file_of_ours_goes_over_opentelemetry() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(&file, "http://file:4318").expect("the file can be written");
    let path = file.path().to_str().expect("text");
    let env = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://base:4318"), ("OPONN_TRACES_FILE", path)];
    let traces = load(Flags::default(), &env, "").map(|loaded| loaded.config.traces);
    assert_eq!(traces, Ok(Some("http://file:4318/v1/traces".to_owned())));
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

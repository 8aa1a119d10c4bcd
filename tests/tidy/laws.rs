//! The laws themselves.

use super::code::{line_of, only_code, paths, split_tests};

/// Lines of a file at the most.
const LINES: usize = 400;
/// The ladder: a layer imports only what stands on a step below its own.
const LADDER: [&[&str]; 8] = [
    &["value", "viewer"],
    &["schema"],
    &["query"],
    &["cache", "store"],
    &["engine", "quota"],
    &["auth", "events", "graphql", "importer", "operations"],
    &["server"],
    &["cli"],
];
/// These stand beside the ladder: every layer may import them, and they import no layer.
const BESIDE: [&str; 6] = ["config", "metrics", "probe", "spelling", "telemetry", "version"];
/// Layers that do no input and output, and the crates and modules that would be needed for it.
const PURE: [&str; 4] = ["value", "viewer", "schema", "query"];
const INPUT_OUTPUT: [(&str, &[&str]); 2] = [
    ("std", &["fs", "net", "process", "env"]),
    // Whatever is taken of these.
    ("tokio", &[]),
];

/// One file, read for the laws.
pub struct Source<'a> {
    path: &'a str,
    text: &'a str,
    /// Code that is always compiled.
    code: String,
    /// Code for tests only.
    tests: String,
}

impl<'a> Source<'a> {
    /// The file at a path under the root of the tree.
    pub fn new(path: &'a str, text: &'a str) -> Source<'a> {
        // `x/tests.rs` is the tests of `x.rs`.
        let only_tests = path.starts_with("tests/") || path.ends_with("/tests.rs");
        let code = only_code(text);
        let (code, tests) = if only_tests { (String::new(), code) } else { split_tests(&code) };
        Source { path, text, code, tests }
    }

    /// The layer that the file belongs to, and how many modules deep it is.
    fn layer(&self) -> Option<(&'a str, usize)> {
        let module = self.path.strip_prefix("src/")?.strip_suffix(".rs")?;
        let layer = module.split('/').next()?;
        (!matches!(layer, "main" | "lib")).then(|| (layer, module.split('/').count()))
    }

    fn breach(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

/// Every breach in the file.
pub fn breaches(source: &Source<'_>) -> Vec<String> {
    let mut found = shape(source);
    found.extend(imports(source));
    found.extend(leftovers(source));
    found
}

fn shape(source: &Source<'_>) -> Vec<String> {
    let mut found = Vec::new();
    if !source.text.starts_with("//! ") {
        found.push(source.breach(1, "begin the file with a `//!` line that says what it is for"));
    }
    let lines = source.text.lines().count();
    if lines > LINES {
        let what = format!("{lines} lines; split it at an idea, {LINES} is the most");
        found.push(source.breach(LINES + 1, &what));
    }
    if let Some(folder) = source.path.strip_suffix("/mod.rs") {
        found.push(source.breach(1, &format!("call it {folder}.rs, beside the folder")));
    }
    found
}

fn imports(source: &Source<'_>) -> Vec<String> {
    let Some((layer, depth)) = source.layer() else { return Vec::new() };
    let mut found = Vec::new();
    let to_the_root = vec!["super"; depth].join("::");
    for root in ["crate", &to_the_root] {
        for (line, name) in paths(&source.code, root) {
            if name != layer && !may_import(layer, name) {
                let what = format!(
                    "{layer} must not import {name}: layers import downwards only (docs/architecture.md). \
                     Move what is needed below both, or have it passed in"
                );
                found.push(source.breach(line, &what));
            }
        }
    }
    if PURE.contains(&layer) {
        for (root, modules) in INPUT_OUTPUT {
            for (line, name) in paths(&source.code, root) {
                if modules.is_empty() || modules.contains(&name) {
                    let what = format!("{layer} does no input and output, so it must not use {root}::{name}");
                    found.push(source.breach(line, &what));
                }
            }
        }
    }
    found
}

/// Whether one top-level module may import another; names that are no module may be anything.
fn may_import(layer: &str, name: &str) -> bool {
    let step = |name: &str| LADDER.iter().position(|step| step.contains(&name));
    match (step(layer), step(name)) {
        (Some(from), Some(to)) => to < from,
        (None, Some(_)) => !BESIDE.contains(&layer),
        (_, None) => true,
    }
}

fn leftovers(source: &Source<'_>) -> Vec<String> {
    // Put together, so that this file does not contain them.
    let unfinished =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!"), concat!("unimplemented", "!")];
    let what = |word: &str| match word {
        word if word.contains("ignore") => "a test that never runs: repair it or remove it",
        word if word.contains("sleep") => "a sleep in a test: wait for the thing itself",
        _ => "unfinished: finish it, or write an issue",
    };
    let ignored = concat!("#[", "ignore");
    let mut found = Vec::new();
    let places = |text: &str, words: &[&str]| -> Vec<String> {
        let tell = |word: &str, at| source.breach(line_of(text, at), &format!("{word}: {}", what(word)));
        words.iter().flat_map(|word| text.match_indices(word).map(|(at, _)| tell(word, at))).collect()
    };
    found.extend(places(source.text, &unfinished));
    for code in [&source.code, &source.tests] {
        found.extend(places(code, &[ignored]));
    }
    found.extend(places(&source.tests, &["sleep(", "sleep_until("]));
    found
}

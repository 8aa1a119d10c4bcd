//! One judge: what passes the check has an API, whatever was done to the file; and nothing done to it ends the
//! program.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use oponn::engine::load;
use oponn::graphql::{Api, ApiLimits};
use oponn::schema::Surface;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::support::program::Folder;

/// Files that are judged in a run.
const CASES: u32 = 400;

/// The judge's two answers, which have to be one. Whether the file passed.
fn judge(text: &str) -> bool {
    match load("schema.graphql", text.as_bytes()) {
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a reason:\n{text}");
            let rendered: String = faults.iter().map(|fault| fault.render(text)).collect();
            assert!(rendered.contains("help: "), "{rendered}");
            false
        }
        Ok(model) => {
            let sdl = |surface| Api::sdl_of(&model, &surface, &ApiLimits::default());
            let whole = sdl(Surface::whole());
            assert!(whole.is_ok(), "{whole:?}:\n{text}");
            let mut roles: Vec<Arc<str>> =
                model.collections.iter().flat_map(|of| of.roles()).cloned().collect();
            roles.sort();
            roles.dedup();
            let each = roles.iter().map(std::slice::from_ref);
            for roles in each.chain([&[][..], &roles[..]]) {
                let surface = Surface::of(&model, roles);
                let empty = !model.collections.iter().any(|of| surface.reads(&of.name));
                let part = sdl(surface);
                assert_eq!(part.is_err(), empty, "{roles:?} {part:?}:\n{text}");
            }
            true
        }
    }
}

fn valid_files() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = fs::read_dir(root.join("tests/schema/valid")).expect("the folder is there");
    let mut files: Vec<_> = folder.map(|entry| entry.expect("it can be read").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "graphql"));
    files.push(root.join("schema.graphql"));
    files.sort();
    files.iter().map(|path| fs::read_to_string(path).expect("schema files are text")).collect()
}

/// Names, texts, numbers and marks, with what stands between them.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    for c in text.chars() {
        match tokens.last_mut() {
            Some(last) if is_word(c) && last.ends_with(is_word) => last.push(c),
            Some(last) if c.is_whitespace() && last.ends_with(char::is_whitespace) => last.push(c),
            _ => tokens.push(c.into()),
        }
    }
    tokens
}

#[derive(Clone, Debug)]
enum Change {
    Delete,
    Double,
    Swap(prop::sample::Index),
    Copy(prop::sample::Index),
    Nest(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Delete),
        Just(Change::Double),
        any::<prop::sample::Index>().prop_map(Change::Swap),
        any::<prop::sample::Index>().prop_map(Change::Copy),
        (1..200_usize).prop_map(Change::Nest),
    ]
}

fn changed(text: &str, changes: &[(prop::sample::Index, Change)]) -> String {
    let mut tokens = tokens(text);
    for (at, change) in changes {
        let words: Vec<usize> = (0..tokens.len()).filter(|n| !tokens[*n].trim().is_empty()).collect();
        if words.is_empty() {
            break;
        }
        let at = *at.get(&words);
        match change {
            Change::Delete => drop(tokens.remove(at)),
            Change::Double => tokens.insert(at, tokens[at].clone() + " "),
            Change::Swap(with) => tokens.swap(at, *with.get(&words)),
            Change::Copy(from) => tokens[at] = tokens[*from.get(&words)].clone(),
            Change::Nest(levels) => {
                tokens[at] = format!("{}{}{}", "[".repeat(*levels), tokens[at], "]".repeat(*levels));
            }
        }
    }
    tokens.concat()
}

#[test]
fn what_passes_the_check_is_served() {
    let files = valid_files();
    assert!(files.iter().all(|text| judge(text)));
    // The same files in every run.
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), change()), 1..4);
    let judged = runner.run(&(prop::sample::select(files), changes), |(file, changes)| {
        judge(&changed(&file, &changes));
        Ok(())
    });
    judged.expect("every file is judged alike");
    // Most changes make a file wrong. Those that only take a token away often do not.
    let mut passed = 0;
    for file in valid_files() {
        let tokens = tokens(&file);
        for left_out in (0..tokens.len()).step_by(7) {
            let (before, after) = (tokens[..left_out].concat(), tokens[left_out + 1..].concat());
            passed += usize::from(judge(&(before + &after)));
        }
    }
    assert!(passed > 50, "only {passed} files passed, which proves little");
}

#[test]
fn nesting_without_an_end_is_refused() {
    let field = |ty: &str, more: &str| format!("type Book @collection {{ id: ID! a: {ty} {more} }}\n");
    for levels in [60, 100, 5_000, 100_000] {
        let list = |inner: &str| format!("{}{inner}{}", "[".repeat(levels), "]".repeat(levels));
        let object = format!("{}1{}", "{a:".repeat(levels), "}".repeat(levels));
        for text in [
            field(&list("Int"), ""),
            field(&"[".repeat(levels), ""),
            field("JSON", &format!("@default(value: {})", list("1"))),
            field("JSON", &format!("@default(value: {object})")),
            field("JSON", &format!("@default(value: {})", "{a:".repeat(levels))),
            field("JSON", &format!("@default(value: {})", "[{a:".repeat(levels))),
            field("JSON", &format!("@default{}", "(value:".repeat(levels))),
            "{".repeat(levels),
            format!("type Book {}", "{ a: ".repeat(levels)),
            format!("query {}", "{ a ".repeat(levels)),
            format!("type Book implements {} {{ id: ID! }}", "A & ".repeat(levels)),
        ] {
            let passed = judge(&text);
            assert!(!passed || levels <= 64, "{} levels pass", levels);
        }
    }
}

#[test]
fn the_program_judges_as_its_parts_do() {
    let folder = Folder::new();
    let stricter = include_str!("../schema/valid/stricter.graphql");
    folder.write("schema.graphql", stricter);
    folder.run(&["check"]).assert(0, "no faults", "");
    folder.run(&["print-schema"]).assert(0, "type Book implements Named", "");
    folder.write("schema.graphql", "type Book @collection { id: ID! a: String @default(value) }\n");
    folder.run(&["check"]).assert(1, "1 fault", "");
    folder.run(&["check", "--format", "json"]).assert(1, "\"line\": 1", "");
    folder.run(&["print-schema"]).assert(1, "", "has 1 fault");
    let deep = format!("type Book @collection {{ id: ID! a: {} }}\n", "[".repeat(5_000));
    folder.write("schema.graphql", &deep);
    folder.run(&["check"]).assert(1, "nested-too-deeply", "");
}

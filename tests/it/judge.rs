//! graphql-js, the reference implementation, as the judge of what oponn accepts, reads and answers. What is asked
//! and compared is in `tests/judge`; here are the servers that it asks.
//!
//! `OPONN_TEST_JUDGE_CASES` says how many cases each part has instead of its own number, and
//! `OPONN_TEST_JUDGE_SEED` what they are made of.

use std::path::Path;
use std::process::Command;

use super::support::app::TestApp;
use super::support::program::Folder;

/// The sample, and schemas that have what it has not.
const SAMPLE: &str = "schema.graphql";
const SCALARS: &str = "tests/judge/schemas/scalars.graphql";
const PETS: &str = "tests/judge/schemas/pets.graphql";
const WORDS: &str = "tests/judge/schemas/words.graphql";
const LIBRARY: &str = "tests/judge/schemas/library.graphql";

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Has graphql-js judge one part of a server of the schema.
async fn judge(part: &'static str, schema: &str, cases: u32) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let judge = root.join("tests/judge");
    assert!(
        judge.join("node_modules/graphql").exists(),
        "graphql-js is not installed: `make test` does it, or `npm ci --prefix tests/judge`"
    );
    let sdl = std::fs::read_to_string(root.join(schema)).expect("the schema file is there");
    let folder = Folder::new();
    folder.write("schema.graphql", &sdl);
    let printed = folder.run(&["print-schema"]);
    printed.assert(0, "type Query", "");
    folder.write("api.graphql", &printed.out());
    let app = TestApp::new(&sdl).await;
    let mut command = Command::new("node");
    command.arg(judge.join("judge.js")).args([part, "--url", &app.url("/graphql")]);
    command.arg("--sdl").arg(folder.path().join("api.graphql"));
    let cases = setting("OPONN_TEST_JUDGE_CASES").unwrap_or_else(|| cases.to_string());
    let seed = setting("OPONN_TEST_JUDGE_SEED").unwrap_or_else(|| "1".to_owned());
    command.args(["--count", &cases, "--seed", &seed]);
    let asked = tokio::task::spawn_blocking(move || command.output());
    let done = asked.await.expect("it does not panic").expect("node is installed: `make test` does it");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{schema}: {}\n{out}\n{err}", done.status);
    println!("{schema}: {out}");
}

macro_rules! judged {
    ($($test:ident: $part:literal, $schema:ident, $cases:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                judge($part, $schema, $cases).await;
            }
        )*
    };
}

judged! {
    the_same_is_accepted_with_the_sample: "verdicts", SAMPLE, 750;
    the_same_is_accepted_with_every_scalar: "verdicts", SCALARS, 750;
    the_same_is_accepted_with_interfaces: "verdicts", PETS, 750;
    the_same_is_accepted_with_odd_names: "verdicts", WORDS, 750;
    literals_arrive_as_they_are_meant: "literals", SCALARS, 500;
    answers_are_the_same_to_the_byte: "answers", LIBRARY, 300;
    the_sample_describes_itself: "introspection", SAMPLE, 150;
    every_scalar_describes_itself: "introspection", SCALARS, 50;
    interfaces_describe_themselves: "introspection", PETS, 50;
}

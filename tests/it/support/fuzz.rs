//! A fuzzer that looks for differences between the description of routes and what they do.

use std::path::{Path, PathBuf};
use std::process::Command;

/// `make test` installs it.
fn schemathesis() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let program = target.join("tools/python/bin/schemathesis");
    assert!(program.exists(), "{} is not there: `make test` installs it", program.display());
    program
}

/// Asserts that the description at this address is true, for requests with these headers (`Name: value`).
pub async fn assert_described(address: String, headers: &[String]) {
    assert_described_but_for(address, headers, &[]).await;
}

/// The same without some checks of the fuzzer, which are about customs and not about the description.
pub async fn assert_described_but_for(address: String, headers: &[String], customs: &[&str]) {
    let customs = customs.join(",");
    let seed = std::env::var("OPONN_TEST_FUZZ_SEED").unwrap_or_else(|_| "1".to_owned());
    let cases = std::env::var("OPONN_TEST_FUZZ_CASES").unwrap_or_else(|_| "25".to_owned());
    let headers: Vec<String> = headers.iter().flat_map(|header| ["-H".to_owned(), header.clone()]).collect();
    let run = move || {
        let mut command = Command::new(schemathesis());
        command.args(["run", &address, "--seed", &seed, "--max-examples", &cases, "--no-color"]);
        command.args(["--generation-database", "none"]).args(headers);
        if !customs.is_empty() {
            command.args(["--exclude-checks", &customs]);
        }
        command.current_dir(std::env::temp_dir()).output()
    };
    let done = tokio::task::spawn_blocking(run).await.expect("no panic").expect("it runs");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}\n{err}");
    assert!(out.contains("Tested: "), "{out}");
}

//! Tells the program which commit it is built from.
//!
//! `OPONN_BUILD_COMMIT` and `OPONN_BUILD_DATE` say so where there is no history, in an image for instance. Otherwise git
//! does, and only for releases: with debug builds each commit would have everything compiled anew.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=OPONN_BUILD_COMMIT");
    println!("cargo::rerun-if-env-changed=OPONN_BUILD_DATE");
    if let Some((commit, date)) = told().or_else(found) {
        println!("cargo::rustc-env=OPONN_COMMIT={}", commit.chars().take(12).collect::<String>());
        println!("cargo::rustc-env=OPONN_COMMIT_DATE={date}");
    }
}

fn told() -> Option<(String, String)> {
    let said = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    Some((said("OPONN_BUILD_COMMIT")?, said("OPONN_BUILD_DATE")?))
}

fn found() -> Option<(String, String)> {
    let here = std::env::var("CARGO_MANIFEST_DIR").ok()?;
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    // A repository around this one has another history.
    let is_ours = || Path::new(&git(&["rev-parse", "--show-toplevel"])?).canonicalize().ok();
    if !is_release || is_ours()? != Path::new(&here).canonicalize().ok()? {
        return None;
    }
    for file in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", file])?;
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    Some((git(&["rev-parse", "HEAD"])?, git(&["show", "--no-patch", "--format=%cs", "HEAD"])?))
}

fn git(arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

//! Programs in Python that work out independently what oponn has to answer.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a script below `tests/it` writes, given this input.
pub fn computed(script: &str, input: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(script);
    let mut python = Command::new("python3")
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("there is a Python");
    python.stdin.take().expect("it reads").write_all(input.as_bytes()).expect("it reads all");
    let output = python.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{script} fails");
    String::from_utf8(output.stdout).expect("it writes text")
}

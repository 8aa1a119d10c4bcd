//! Which oponn this is.

use std::sync::LazyLock;

/// The version.
pub const NUMBER: &str = env!("CARGO_PKG_VERSION");

/// The commit that it was built from; `unknown` in a debug build.
pub const COMMIT: &str = match option_env!("OPONN_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// The version, the commit and its date.
pub static WHOLE: LazyLock<String> = LazyLock::new(|| match option_env!("OPONN_COMMIT_DATE") {
    Some(date) => format!("{NUMBER} (commit {COMMIT}, {date})"),
    None => format!("{NUMBER} (development build)"),
});

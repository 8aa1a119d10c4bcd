//! Logs: for people on a terminal, one JSON object per line otherwise; always on standard error.
//!
//! `error`: somebody has to look. `warn`: something is degraded or was ignored. `info`: starting,
//! stopping, changes of state. `debug`: one line per request. `trace`: everything else.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging by a filter that the configuration has checked. Only the first call has an effect.
pub fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match std::io::stderr().is_terminal() {
        true => builder.with_target(false).try_init(),
        false => builder.json().flatten_event(true).with_span_list(false).try_init(),
    };
    // A second start is a test that runs the command line twice in one process; the first one serves.
    drop(started);
}

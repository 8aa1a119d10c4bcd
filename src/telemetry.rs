//! Logs: for people on a terminal, one JSON object per line otherwise; always on standard error. Traces, where a
//! collector is configured.
//!
//! `error`: an operator has to look. `warn`: something is degraded or was ignored. `info`: starting, stopping, changes
//! of state. `debug`: one line per request. `trace`: everything else.

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

mod traces;

pub use traces::{TRACES, TraceOptions, Traces, follow};

/// A span of a trace: what one layer does for a request. While nothing collects traces, a span costs one comparison,
/// and its fields are not evaluated.
macro_rules! traced {
    ($($span:tt)*) => {
        ::tracing::trace_span!(target: $crate::telemetry::TRACES, $($span)*)
    };
}
pub(crate) use traced;

/// Starts logging with a filter that the configuration has checked, and tracing if `traces` is given. Only the first
/// call has an effect. Keep the result until the program ends: dropping it sends the remaining spans.
pub fn start(filter: &str, traces: Option<&TraceOptions>) -> Result<Option<Traces>, String> {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let log = match std::io::stderr().is_terminal() {
        true => log.with_target(false).boxed(),
        false => log.json().flatten_event(true).with_span_list(false).boxed(),
    };
    // One global filter is faster than one per layer, but would filter traces as it does logs.
    let (started, traces) = match traces {
        None => (tracing_subscriber::registry().with(log).with(filter).try_init(), None),
        Some(options) => {
            let (traces, layer) = traces::start(options)?;
            let subscriber = tracing_subscriber::registry().with(log.with_filter(filter)).with(layer);
            (subscriber.try_init(), Some(traces))
        }
    };
    // A second start happens when a test runs the command line twice in one process; the first start stays in effect.
    drop(started);
    Ok(traces)
}

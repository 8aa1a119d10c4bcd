//! Sinks of events: what the schema and the settings make of each other, and the relay between them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::failure::Failure;
use crate::config::Config;
use crate::engine::Engine;
use crate::events::{Relay, RelayOptions, Sinks, sinks};
use crate::schema::{Emit, Model};
use crate::spelling::nearest;

/// The events whose sinks the settings lack: for each the place of the sink's name, the rule, what is wrong, and what to
/// write instead.
pub(super) fn lacking(config: &Config, model: &Model) -> Vec<(usize, &'static str, String, String)> {
    let known = || config.events.sinks.iter().map(|sink| sink.name.as_str());
    let lacks = |emit: &&Emit| known().all(|name| name != &*emit.sink);
    let fault = |emit: &Emit| {
        let sink = &emit.sink;
        let help = match nearest(sink, known()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("add the table `[events.sinks.{sink}]` to oponn.toml"),
        };
        (emit.sink_at, "event-sink", format!("the settings have no sink `{sink}`"), help)
    };
    emits(model).filter(lacks).map(fault).collect()
}

/// Warns of sinks that no event is for.
pub(super) fn unused<'c>(config: &'c Config, model: &Model) -> Vec<&'c str> {
    let used: BTreeSet<&str> = emits(model).map(|emit| &*emit.sink).collect();
    let names = config.events.sinks.iter().map(|sink| sink.name.as_str());
    names.filter(|name| !used.contains(name)).collect()
}

/// The configured sinks, which have to be all that the schema names.
pub(super) fn made(config: &Config, model: &Model) -> Result<Sinks, Failure> {
    let mut faults: Vec<String> =
        lacking(config, model).into_iter().map(|(.., message, help)| format!("{message}; {help}")).collect();
    faults.sort();
    faults.dedup();
    let made = sinks(&config.events.sinks);
    faults.extend(made.as_ref().err().cloned().unwrap_or_default());
    made.ok().filter(|_| faults.is_empty()).ok_or_else(|| Failure::Usage(faults.join("\n")))
}

/// The relay of the model's events; `None` if it has none.
pub(super) fn relay(config: &Config, sinks: Sinks, engine: &Arc<Engine>) -> Option<Arc<Relay>> {
    for sink in unused(config, engine.model()) {
        tracing::warn!(sink, "no event of the schema is for this sink");
    }
    emits(engine.model()).next()?;
    let options = RelayOptions { tries: config.events.tries, ..RelayOptions::default() };
    Some(Arc::new(Relay::new(engine.clone(), sinks, options)))
}

fn emits(model: &Model) -> impl Iterator<Item = &Emit> {
    model.collections.iter().flat_map(|collection| &collection.emits)
}

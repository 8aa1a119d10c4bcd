//! The engine as one caller sees it: everything that is read or written for a request goes through here, so that
//! nothing about its caller can be forgotten on the way.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::dataloader::DataLoader;
use tracing::Instrument;

use super::entity::EntityLoader;
use super::fill::Flights;
use super::{Core, Footprint, Read};
use crate::cache::Strategy;
use crate::schema::Model;
use crate::telemetry::traced;

/// The caller of a request, as far as the engine's answers depend on it: equal callers share kept answers and
/// queries under way, others never do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Caller {
    /// How the request uses the cache.
    pub strategy: Strategy,
}

/// Reads and writes for one caller.
pub struct View {
    pub(super) lane: Arc<Lane>,
    pub(super) footprint: Footprint,
}

/// The parts of the engine that the views of one strategy share.
pub(super) struct Lane {
    pub(super) core: Arc<Core>,
    pub(super) loader: DataLoader<EntityLoader>,
    pub(super) flights: Arc<Flights>,
}

impl Lane {
    pub(super) fn new(core: Arc<Core>, flights: Arc<Flights>) -> Arc<Lane> {
        // Requests that miss at the same time are already together when the runtime gets to the load.
        // A load is traced as a part of the request that began it.
        let spawn = |load| tokio::spawn(Instrument::instrument(load, traced!("engine load")));
        let loader = DataLoader::new(EntityLoader(core.clone()), spawn).delay(Duration::ZERO);
        Arc::new(Lane { core, loader, flights })
    }
}

impl View {
    /// The application's model.
    pub fn model(&self) -> &Arc<Model> {
        &self.lane.core.model
    }

    /// A view that records what is read through it, for [`View::finish`].
    pub fn recording(self) -> View {
        View { footprint: Footprint::new(), ..self }
    }

    /// Ends the view and gives what was read through it. `None` when it did not record, or when part of what was
    /// read did not come from the cache, which then does not tell of its changes.
    pub fn finish(self) -> Option<Read> {
        self.footprint.finish()
    }
}

//! The engine as one caller sees it. Every read and write of a request goes through its view, so nothing
//! about the caller can be forgotten on the way.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::dataloader::DataLoader;
use tracing::Instrument;

use super::access::Rights;
use super::entity::EntityLoader;
use super::fill::Flights;
use super::partition::Partitions;
use super::{Core, Footprint, Read};
use crate::cache::Strategy;
use crate::schema::Model;
use crate::telemetry::traced;

/// The properties of a request's caller that the engine's answers depend on.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// How the request uses the cache.
    pub strategy: Strategy,
    /// What its sender may do; `None` where nobody is asked who they are, and everything is open.
    pub rights: Option<Arc<Rights>>,
}

/// Reads and writes for one caller.
pub struct View {
    pub(super) lane: Arc<Lane>,
    /// What the viewer may do; `None` where everybody may do everything.
    pub(super) rights: Option<Arc<Rights>>,
    pub(super) footprint: Footprint,
}

/// The parts of the engine that the views of one strategy share.
pub(super) struct Lane {
    pub(super) core: Arc<Core>,
    pub(super) loader: DataLoader<EntityLoader>,
    pub(super) flights: Arc<Flights>,
    /// The model's partitions, if it has some.
    pub(super) partitions: Option<Arc<Partitions>>,
    /// Whether partitions are kept in the process: not where reads are to go further.
    pub(super) keeps_partitions: bool,
}

impl Lane {
    pub(super) fn new(
        core: Arc<Core>,
        flights: Arc<Flights>,
        partitions: Option<Arc<Partitions>>,
        strategy: Strategy,
    ) -> Arc<Lane> {
        // Requests that miss at the same time are already together when the runtime gets to the load. The
        // trace shows a load as part of the request that began it.
        let spawn = |load| tokio::spawn(Instrument::instrument(load, traced!("engine load")));
        let loader = DataLoader::new(EntityLoader(core.clone()), spawn).delay(Duration::ZERO);
        let keeps_partitions = !matches!(strategy, Strategy::Bypass | Strategy::Refresh);
        Arc::new(Lane { core, loader, flights, partitions, keeps_partitions })
    }
}

impl View {
    /// The application's model.
    pub fn model(&self) -> &Arc<Model> {
        &self.lane.core.model
    }

    /// Makes the view record everything read through it, for [`View::finish`].
    pub fn recording(self) -> View {
        View { footprint: Footprint::new(), ..self }
    }

    /// Ends the view and returns what was read through it. `None` when the view did not record, or when part
    /// of the data did not come from the cache, whose journal cannot tell of changes to that part.
    pub fn finish(self) -> Option<Read> {
        self.footprint.finish()
    }
}

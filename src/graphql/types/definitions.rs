//! The APIs that viewers have: one for each surface of the model, made when the first viewer with it asks.

use std::sync::Arc;

use quick_cache::sync::Cache;

use super::{ApiLimits, Definition, build};
use crate::engine::Rights;
use crate::schema::{Model, Surface, SurfaceId};

/// APIs that are kept. Each role that rules name has one, and so has each set of roles that viewers have together.
const KEPT: usize = 100;

/// The APIs of a model.
pub struct Definitions {
    model: Arc<Model>,
    limits: ApiLimits,
    whole: Arc<Definition>,
    kept: Cache<SurfaceId, Arc<Definition>>,
}

impl Definitions {
    /// Those of a model. Fails when no API can be made of it.
    pub fn new(model: Arc<Model>, limits: ApiLimits) -> Result<Definitions, String> {
        let whole = build(&model, Surface::whole().into(), &limits)?;
        Ok(Definitions { model, limits, whole: Arc::new(whole), kept: Cache::new(KEPT) })
    }

    /// The API of a viewer with these rights, or of everybody where there are none; `None` where nothing can be read.
    pub fn of(&self, rights: Option<&Rights>) -> Option<Arc<Definition>> {
        let Some(rights) = rights else { return Some(self.whole.clone()) };
        let surface = rights.surface();
        if !self.model.collections.iter().any(|collection| surface.reads(&collection.name)) {
            return None;
        }
        let made = self.kept.get_or_insert_with(&surface.id(), || {
            build(&self.model, surface.clone(), &self.limits).map(Arc::new)
        });
        made.inspect_err(|error| tracing::error!(error, "no API can be made of what some roles may read"))
            .ok()
    }
}

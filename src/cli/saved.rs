//! Saved operations for `oponn serve` and `oponn check`: read, prepared for the API, and every fault in them told.

use std::path::Path;
use std::sync::Arc;

use super::failure::Failure;
use super::output::counted;
use super::parts::api_limits;
use crate::config::{Config, OperationsAllowed};
use crate::graphql::Saved;
use crate::operations::{self, Loaded, Operations};
use crate::schema::{Diagnostic, Model};
use crate::server::Routes;

/// The folder with saved operations beside a schema file, where no other is configured.
const FOLDER: &str = "operations";

/// Saved operations as they were found, faulty or not.
pub(super) struct Found {
    loaded: Loaded,
    saved: Saved,
    routes: Routes,
}

/// Saved operations without a fault.
pub(super) struct Ready {
    pub(super) operations: Arc<Operations>,
    pub(super) saved: Saved,
    pub(super) routes: Arc<Routes>,
}

impl Found {
    /// Reads what is configured, and prepares it for the API of this schema file's model.
    pub(super) fn new(config: &Config, schema: &Path, model: &Arc<Model>) -> Result<Found, Failure> {
        let api = &config.api;
        let beside = schema.parent().unwrap_or(Path::new("")).join(FOLDER);
        let folder = api.operations_folder.as_deref();
        let mut loaded =
            operations::load(folder.unwrap_or(&beside), folder.is_some(), &api.operations_manifests);
        let texts = loaded.operations.documents().iter().map(|document| document.text());
        let (saved, faults) = Saved::prepare(model, &api_limits(config), texts)
            .map_err(|error| Failure::Failed(format!("schema: no API can be made of it: {error}")))?;
        for fault in faults {
            loaded.refuse(fault.text, fault.at, fault.message);
        }
        let (routes, faults) = Routes::compile(model, &loaded.operations, &saved);
        for fault in faults {
            loaded.refuse_route(fault.document, fault.at, fault.message, fault.help);
        }
        Ok(Found { loaded, saved, routes })
    }

    /// Everything that is wrong, each with the text of its file.
    pub(super) fn faults(&mut self) -> Vec<(Diagnostic, &str)> {
        self.loaded.diagnostics()
    }

    /// The number of routes.
    pub(super) fn route_count(&self) -> usize {
        self.routes.count()
    }

    /// The number of saved documents.
    pub(super) fn count(&self) -> usize {
        self.loaded.operations.documents().len()
    }

    /// The operations, ready for use. Their faults make the command fail.
    pub(super) fn ready(mut self, config: &Config) -> Result<Ready, Failure> {
        let faults = self.faults();
        if !faults.is_empty() {
            let mut text: String = faults.iter().map(|(fault, source)| fault.render(source) + "\n").collect();
            text += &format!("the saved operations have {}", counted(faults.len(), "fault"));
            return Err(Failure::Failed(text));
        }
        self.check_count(config)?;
        let (operations, routes) = (Arc::new(self.loaded.operations), Arc::new(self.routes));
        Ok(Ready { operations, saved: self.saved, routes })
    }

    /// Refuses a server of which nothing can be asked.
    pub(super) fn check_count(&self, config: &Config) -> Result<(), Failure> {
        match config.api.operations == OperationsAllowed::Saved && self.count() == 0 {
            true => Err(Failure::Usage(
                "`api.operations` is `saved`, and there are no saved operations, so nothing could be asked: put some \
                 into files in `api.operations_folder`, name manifests in `api.operations_manifests`, or write `any`"
                    .to_owned(),
            )),
            false => Ok(()),
        }
    }
}

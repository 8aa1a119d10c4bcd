//! Saved operations for applications in this process: those in the files of a folder, and those in its manifests.

use std::path::PathBuf;
use std::sync::Arc;

use oponn::graphql::{ApiLimits, Saved};
use oponn::operations::{self, Operations};
use oponn::schema::Model;
use oponn::server::Routes;

#[derive(Clone, Default)]
pub struct SavedFolder {
    pub path: Option<PathBuf>,
    /// Whether its operations are all that is carried out.
    pub only: bool,
}

impl SavedFolder {
    /// The operations, all of which have to be right; manifests are the files that end in `.json`.
    pub fn prepare(&self, model: &Arc<Model>, limits: &ApiLimits) -> (Saved, Operations, Routes) {
        let Some(folder) = &self.path else { return Default::default() };
        let entries = std::fs::read_dir(folder).expect("the folder is there");
        let paths = entries.map(|entry| entry.expect("a file").path());
        let mut manifests: Vec<PathBuf> =
            paths.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
        manifests.sort();
        let mut loaded = operations::load(folder, true, &manifests);
        let texts = loaded.operations.documents().iter().map(|document| document.text());
        let (saved, faults) = Saved::prepare(model, limits, texts).expect("the schema can be served");
        for fault in faults {
            loaded.refuse(fault.text, fault.at, fault.message);
        }
        let (routes, faults) = Routes::compile(model, &loaded.operations, &saved);
        for fault in faults {
            loaded.refuse_route(fault.document, fault.at, fault.message, fault.help);
        }
        let faults: Vec<String> =
            loaded.diagnostics().iter().map(|(fault, source)| fault.render(source)).collect();
        assert_eq!(faults, [""; 0]);
        (saved, loaded.operations, routes)
    }
}

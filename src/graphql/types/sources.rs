//! Which documents a type of the API shows: the collection types behind each of its object types.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use apollo_compiler::executable::{ExecutableDocument, Selection, SelectionSet};

use crate::schema::{Model, names};

/// The collection types behind the object types of an API.
#[derive(Debug)]
pub struct Sources {
    /// By the name of the object type; empty for types that show no documents.
    of: HashMap<String, Vec<Arc<str>>>,
    all: Vec<Arc<str>>,
}

impl Sources {
    /// Those of a model's API.
    pub fn new(model: &Model) -> Sources {
        let all: Vec<Arc<str>> = model.collections.iter().map(|collection| collection.name.clone()).collect();
        let lists = all.iter().chain(model.interfaces.iter().map(|interface| &interface.name));
        let mut of = HashMap::new();
        for name in lists {
            for shown in [name.to_string(), names::connection(name), names::edge(name)] {
                of.insert(shown, model.members(name));
            }
        }
        let without =
            ["Query", "Mutation", "PageInfo"].into_iter().chain(model.embedded.keys().map(|name| &**name));
        of.extend(without.map(|name| (name.to_owned(), Vec::new())));
        Sources { of, all }
    }

    /// The collection types whose documents a document's operations can show, in a fixed order. They may be too many, but
    /// never too few, whatever the conditions in the document are.
    pub fn shown_by(&self, document: &ExecutableDocument) -> Arc<[Arc<str>]> {
        let mut found = BTreeSet::new();
        document.operations.iter().for_each(|operation| self.visit(&operation.selection_set, &mut found));
        document.fragments.values().for_each(|fragment| self.visit(&fragment.selection_set, &mut found));
        found.into_iter().collect()
    }

    fn visit(&self, set: &SelectionSet, found: &mut BTreeSet<Arc<str>>) {
        // Those of introspection show no documents either.
        if !set.ty.starts_with("__") {
            found.extend(self.of.get(set.ty.as_str()).unwrap_or(&self.all).iter().cloned());
        }
        for item in &set.selections {
            match item {
                Selection::Field(field) if field.selection_set.selections.is_empty() => {}
                Selection::Field(field) => self.visit(&field.selection_set, found),
                Selection::InlineFragment(fragment) => self.visit(&fragment.selection_set, found),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
}

//! What a text shows: the collection types behind the object types of the API that it names.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use apollo_compiler::executable::{ExecutableDocument, Selection, SelectionSet};

use crate::schema::{Model, names};

/// What a text can show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The collection types whose documents it can show, in a fixed order.
    pub types: Arc<[Arc<str>]>,
    /// Whether it shows the API itself.
    pub api: bool,
}

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
        of.extend(model.rollups.iter().map(|rollup| (rollup.name.to_string(), vec![rollup.of.clone()])));
        let without = [names::QUERY, names::MUTATION, names::PAGE_INFO, names::BULK_RESULT];
        let without = without.into_iter().chain(model.embedded.keys().map(|name| &**name));
        of.extend(without.map(|name| (name.to_owned(), Vec::new())));
        Sources { of, all }
    }

    /// What a document's operations can show. It may be too much, but is never too little, whatever the conditions in the
    /// document are.
    pub fn shown_by(&self, document: &ExecutableDocument) -> Shown {
        let (mut types, mut api) = (BTreeSet::new(), false);
        let operations = document.operations.iter().map(|operation| &operation.selection_set);
        let fragments = document.fragments.values().map(|fragment| &fragment.selection_set);
        operations.chain(fragments).for_each(|set| self.visit(set, &mut types, &mut api));
        Shown { types: types.into_iter().collect(), api }
    }

    fn visit(&self, set: &SelectionSet, found: &mut BTreeSet<Arc<str>>, api: &mut bool) {
        if set.ty.starts_with("__") {
            *api = true;
        } else {
            found.extend(self.of.get(set.ty.as_str()).unwrap_or(&self.all).iter().cloned());
        }
        for item in &set.selections {
            match item {
                Selection::Field(field) if field.selection_set.selections.is_empty() => {}
                Selection::Field(field) => self.visit(&field.selection_set, found, api),
                Selection::InlineFragment(fragment) => self.visit(&fragment.selection_set, found, api),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use apollo_compiler::schema::ExtendedType;

    use super::super::build;
    use crate::engine::input::sample;
    use crate::graphql::ApiLimits;
    use crate::schema::Surface;

    #[test]
    fn it_is_known_of_every_type_what_it_shows() {
        let limits = ApiLimits::default();
        let api = build(&sample::model(), Surface::whole().into(), &limits).expect("the sample has an API");
        for (name, ty) in api.schema.types.iter().filter(|(name, _)| !name.starts_with("__")) {
            if matches!(ty, ExtendedType::Object(_) | ExtendedType::Interface(_) | ExtendedType::Union(_)) {
                assert!(api.sources.of.contains_key(name.as_str()), "{name}");
            }
        }
    }
}

//! Mutations: hands arguments to the engine's writes.

use bson::Bson;
use serde_json::{Map, Value as Json};

use super::{Execution, key_at, key_values};
use crate::engine::Step;
use crate::engine::input::{self, FilterLimits};
use crate::graphql::error::ApiError;
use crate::graphql::fetched::{Done, Item, Result};
use crate::graphql::plan::{Bulk, Selection, WriteOne};
use crate::query::Filter;
use crate::schema::{Collection, Scalar, UniqueKey, names};
use crate::value::{Doc, EntityRef};

/// The version that a document has to have, if one is given. A Long is written in several ways.
fn version(args: &Map<String, Json>) -> Option<i64> {
    let given = args.get(names::IF_VERSION).filter(|given| !given.is_null())?;
    match input::scalar(Scalar::Long, given) {
        Ok(Bson::Int64(version)) => Some(version),
        // No document has it: the condition must not be lost.
        _ => Some(i64::MIN),
    }
}

impl Execution<'_> {
    /// Carries out a mutation of one document; returns the document as written or deleted. `None` if there was none to
    /// delete by a key.
    pub(super) async fn write_one(
        &self,
        collection: &Collection,
        op: WriteOne,
        args: &Map<String, Json>,
    ) -> Result<Option<(EntityRef, Doc)>> {
        let view = self.view;
        let empty = Map::new();
        let object = |name: &str| args.get(name).and_then(Json::as_object).unwrap_or(&empty);
        let at = |name: &str| [Step::Key(name.to_owned())];
        let version = version(args);
        let written = match op {
            WriteOne::Create => view.create(collection, object("input"), &at("input")).await,
            WriteOne::Update => {
                let id = self.id_of(collection, args)?;
                view.update(collection, &id, object("set"), version, &at("set")).await
            }
            WriteOne::Delete => {
                let id = self.id_of(collection, args)?;
                view.delete(collection, &id, version).await
            }
            WriteOne::UpdateBy(index) => {
                let key = key_at(collection, index)?;
                let named = (key, &key_values(key, args)[..]);
                view.update_by(collection, named, object(names::SET), version, &at(names::SET)).await
            }
            WriteOne::DeleteBy(index) => {
                let key = key_at(collection, index)?;
                let deleted = view.delete_by(collection, (key, &key_values(key, args)), version).await;
                return deleted.map_err(ApiError::of_engine);
            }
            WriteOne::Upsert => {
                let on = args.get("on").and_then(Json::as_str).unwrap_or_default();
                let by = |key: &&UniqueKey| names::screaming(&key.name) == on;
                let key = collection.uniques.iter().find(by);
                let keeps = args.get(names::UPDATE) == Some(&Json::Bool(false));
                view.upsert(collection, (key, keeps), object("input"), &at("input")).await
            }
        };
        written.map(Some).map_err(ApiError::of_engine)
    }

    /// Creates documents, each independently of the others.
    pub(super) async fn create_many(
        &self,
        collection: &Collection,
        args: &Map<String, Json>,
        selection: &Selection,
    ) -> Result<Done> {
        let empty = Map::new();
        let inputs: Vec<&Map<String, Json>> = args
            .get("inputs")
            .and_then(Json::as_array)
            .map(|inputs| inputs.iter().map(|input| input.as_object().unwrap_or(&empty)).collect())
            .unwrap_or_default();
        let most = usize::try_from(self.limits.page_max).unwrap_or(usize::MAX);
        if inputs.len() > most {
            let message =
                format!("{} inputs are given, but at most {most} can be created at once.", inputs.len());
            return Err(vec![ApiError::input(message, &[Step::Key("inputs".into())])]);
        }
        let path = |index| vec![Step::Key("inputs".into()), Step::Index(index)];
        let paths: Vec<_> = (0..inputs.len()).map(path).collect();
        let created = self.view.create_many(collection, &inputs, &paths).await;
        let mut items = Vec::with_capacity(created.len());
        let created = created
            .into_iter()
            .map(|created| {
                let (entity, doc) = created.map_err(ApiError::of_engine)?;
                items.push(Item { ty: entity.ty, doc, key: None });
                Ok(items.len() - 1)
            })
            .collect();
        let expanded = self.expand(selection, &items).await;
        Ok(Done::Created { created, items, expanded })
    }

    /// Carries out a mutation of many documents; returns how many there were.
    pub(super) async fn bulk(
        &self,
        collection: &Collection,
        op: Bulk,
        args: &Map<String, Json>,
    ) -> Result<u64> {
        let view = self.view;
        let filter = self.bulk_filter(collection, args)?;
        let empty = Map::new();
        let count = match op {
            Bulk::Update => {
                let set = args.get("set").and_then(Json::as_object).unwrap_or(&empty);
                view.update_many(collection, filter, set, &[Step::Key("set".into())]).await
            }
            Bulk::Delete => view.delete_many(collection, filter).await,
        };
        count.map_err(ApiError::of_engine)
    }

    /// The filter of a bulk write. It may match all documents only if the client says so: an operator whose variable
    /// is not given is no condition.
    fn bulk_filter(&self, collection: &Collection, args: &Map<String, Json>) -> Result<Filter> {
        let given = args.get("where").unwrap_or(&Json::Null);
        let (model, limits) = (self.view.model(), FilterLimits::default());
        let filter = input::filter_within(model, &collection.name, given, &limits, &self.budget.filters);
        let filter = filter.map_err(|faults| ApiError::of_argument("where", faults))?.canonical();
        if filter.is_all() && args.get("all") != Some(&Json::Bool(true)) {
            let message = format!(
                "where has no condition, or only such as a variable without a value has left out, so it holds \
                 for every {}; write a condition, or all: true if every one is meant.",
                collection.name
            );
            return Err(vec![ApiError::input(message, &[Step::Key("where".into())])]);
        }
        Ok(filter)
    }
}

//! Carries out the root fields of a plan.

use std::sync::Arc;

use apollo_compiler::Schema;
use futures_util::FutureExt;
use serde_json::{Map, Value as Json};

use super::arguments;
use super::budget::Budget;
use super::error::ApiError;
use super::fetched::{Done, Item, Result};
use super::limits::ApiLimits;
use super::plan::{Args, Plan, Root, RootKind, Selection};
use super::resolve::Variables;
use super::together::together;
use crate::engine::input;
use crate::engine::{Step, View};
use crate::metrics::ErrorCode;
use crate::schema::{Collection, UniqueKey};
use crate::value::{Doc, EntityRef, Id};

mod expand;
mod mutate;

/// One execution of a plan, with everything it needs besides the plan.
pub(super) struct Execution<'e> {
    /// Reads and writes.
    pub(super) view: &'e View,
    /// The schema, for the defaults of arguments.
    pub(super) schema: &'e Schema,
    /// What the API allows.
    pub(super) limits: &'e ApiLimits,
    /// The values of the operation's variables.
    pub(super) variables: &'e Variables,
    /// The operation's budget.
    pub(super) budget: &'e Budget,
}

impl Execution<'_> {
    /// Carries a plan out; returns the result of each root field.
    pub(super) async fn run(&self, plan: &Plan) -> Vec<Result<Done>> {
        let mut done = Vec::with_capacity(plan.roots.len());
        if plan.serial {
            for root in &plan.roots {
                // A mutation that has begun runs to completion; the next need not begin.
                let message = "Not carried out: the mutations before it took too long.";
                done.push(match self.budget.is_late() {
                    true => Err(vec![ApiError::new(ErrorCode::Timeout, message)]),
                    false => self.root(root).await,
                });
            }
        } else {
            done = together(plan.roots.len(), |index| self.root(&plan.roots[index])).await;
        }
        done
    }

    /// Boxes what is large: each operation would copy room for the largest several times.
    async fn root(&self, root: &Root) -> Result<Done> {
        match &root.kind {
            RootKind::Typename(name) => Ok(Done::Text(name)),
            RootKind::Introspection { ty: None, .. } => Ok(Done::Introspection(None)),
            RootKind::Introspection { ty: Some(args), .. } => {
                let name =
                    self.given(args)?.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
                Ok(Done::Introspection(Some(name)))
            }
            RootKind::ById { collection, args, selection } => {
                let id = self.id_of(collection, &self.given(args)?)?;
                let entity = EntityRef { ty: collection.name.clone(), id };
                let found = self.view.entities(std::slice::from_ref(&entity)).await;
                let doc = found.map_err(ApiError::of_engine)?.pop().flatten();
                self.one(selection, doc.map(|doc| (entity, doc))).await
            }
            RootKind::ByUnique { collection, key, args, selection } => {
                let key = key_at(collection, *key)?;
                let values = key_values(key, &self.given(args)?);
                let found = self.view.by_unique(collection, key, &values).await;
                self.one(selection, found.map_err(ApiError::of_engine)?).await
            }
            RootKind::List { source, args, connection } => {
                let (meta, list) = self.root_list(source, args, connection).await?;
                Ok(Done::List(meta, list))
            }
            RootKind::Rollup { rollup, args, .. } => {
                let shared = values(&rollup.by, &self.given(args)?);
                let figures = self.view.rollup(rollup, &shared).await.map_err(ApiError::of_engine)?;
                Ok(Done::Figures(figures))
            }
            RootKind::WriteOne { collection, op, args, selection } => {
                let written = self.write_one(collection, *op, &self.given(args)?).boxed().await?;
                self.one(selection, written).await
            }
            RootKind::CreateMany { collection, args, selection } => {
                self.create_many(collection, &self.given(args)?, selection).boxed().await
            }
            RootKind::Bulk { collection, op, args, .. } => {
                self.bulk(collection, *op, &self.given(args)?).boxed().await.map(Done::Count)
            }
        }
    }

    async fn one(&self, selection: &Selection, found: Option<(EntityRef, Doc)>) -> Result<Done> {
        let Some((entity, doc)) = found else { return Ok(Done::One(None)) };
        self.budget.take_docs(std::iter::once(&doc)).map_err(|error| vec![error])?;
        let item = Item { ty: entity.ty, doc, key: None };
        let expanded = self.expand(selection, std::slice::from_ref(&item)).await;
        Ok(Done::One(Some((item, expanded))))
    }

    /// The values of a field's arguments.
    fn resolve(&self, args: &Args) -> Map<String, Json> {
        arguments::of_field(self.schema, &args.0, self.variables)
    }

    /// The values of a field's arguments, of which none may be null.
    fn given(&self, args: &Args) -> Result<Map<String, Json>> {
        arguments::given(self.schema, &args.0, self.variables)
    }

    fn id_of(&self, collection: &Collection, args: &Map<String, Json>) -> Result<Id> {
        let id = input::id(collection, args.get("id").unwrap_or(&Json::Null));
        id.map_err(|message| vec![ApiError::input(message, &[Step::Key("id".into())])])
    }
}

fn key_at(collection: &Collection, index: usize) -> Result<&UniqueKey> {
    collection.uniques.get(index).ok_or_else(|| vec![ApiError::internal("no such key")])
}

/// The values of a key's fields among a field's arguments.
fn key_values(key: &UniqueKey, args: &Map<String, Json>) -> Vec<Json> {
    values(&key.fields, args)
}

/// The values that a field's arguments have for these names.
fn values(names: &[Arc<str>], args: &Map<String, Json>) -> Vec<Json> {
    names.iter().map(|name| args.get(&**name).cloned().unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of the future that a function makes, which is not called.
    fn size<A, F: Future>(_: impl FnOnce(A) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn an_execution_is_small_enough_to_be_moved() {
        type Given = (&'static Execution<'static>, &'static Plan);
        let size = size(|(execution, plan): Given| execution.run(plan));
        assert!(size <= 4 << 10, "{size} bytes: box what has grown");
    }
}

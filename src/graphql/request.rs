//! One request at work: its root fields are carried out and its response is written.

use std::sync::Arc;

use apollo_compiler::Node;
use apollo_compiler::ast::{InputValueDefinition, Type};
use serde_json::{Map, Value as Json};

use super::budget::Budget;
use super::error::ApiError;
use super::fetched::{Done, Item, Result};
use super::output::Writer;
use super::plan::{
    Args, Bulk, BulkField, Connection, Field, FieldKind, Plan, Root, RootKind, Selection, WriteOne,
};
use super::resolve::Variables;
use super::together::together;
use super::{ApiLimits, Inner, arguments};
use crate::engine::input::{self, FilterLimits};
use crate::engine::{Engine, Footprint, Step};
use crate::metrics::ErrorCode;
use crate::query::Filter;
use crate::schema::{Collection, UniqueKey, names};
use crate::value::{Doc, EntityRef, Id};

/// What a list or a look-up costs beside what it gives: as much as so many values.
const READ: u64 = 20;

/// One request.
pub(super) struct Request {
    pub(super) inner: Arc<Inner>,
    pub(super) variables: Variables,
    /// What it reads.
    pub(super) footprint: Footprint,
    /// What it may take.
    pub(super) budget: Budget,
}

impl Request {
    pub(super) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(super) fn limits(&self) -> &ApiLimits {
        &self.inner.shared.limits
    }

    /// The values of a field's arguments.
    pub(super) fn resolve(&self, args: &Args) -> Map<String, Json> {
        arguments::of_field(&self.inner.shared.definition.schema, &args.0, &self.variables)
    }

    /// The values of a field's arguments, for those that are never null: only here can a null be seen that comes by
    /// a variable with a default. What is inside input objects is for those who read them.
    fn given(&self, args: &Args) -> Result<Map<String, Json>> {
        let values = self.resolve(args);
        let place = |definition: &Node<InputValueDefinition>| {
            let mut path = null_in(&definition.ty, values.get(&*definition.name)?)?;
            path.insert(0, Step::Key(definition.name.to_string()));
            let message =
                format!("{} must not be null; for its default leave the variable out.", definition.name);
            Some(ApiError::input(message, &path))
        };
        let errors: Vec<ApiError> = args.0.definition.arguments.iter().filter_map(place).collect();
        if errors.is_empty() { Ok(values) } else { Err(errors) }
    }

    /// Carries a plan out: what each of its root fields led to.
    pub(super) async fn run(&self, plan: &Plan) -> Vec<Result<Done>> {
        let mut done = Vec::with_capacity(plan.roots.len());
        if plan.serial {
            for root in &plan.roots {
                // A mutation that has begun goes through to its end; the next need not begin.
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

    /// The response as [`Writer`] has it, and its errors.
    pub(super) fn write(&self, plan: &Plan, done: &[Result<Done>]) -> (Vec<u8>, Vec<ApiError>) {
        let mut writer = Writer::new(self.inner.engine.metrics(), &self.budget);
        let fields = plan.roots.iter().zip(done).map(|(root, done)| (&*root.key, (root, done)));
        let _ = writer.nullable(|writer| {
            writer.object(fields, |writer, (root, done)| {
                writer.stand(root.pos);
                self.write_root(writer, root, done)
            })
        });
        writer.finish()
    }

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
                let found = self.engine().entities(std::slice::from_ref(&entity), &self.footprint).await;
                let doc = found.map_err(ApiError::of_engine)?.pop().flatten();
                self.one(selection, doc.map(|doc| (entity, doc))).await
            }
            RootKind::ByUnique { collection, key, args, selection } => {
                let key = collection.uniques.get(*key);
                let key = key.ok_or_else(|| vec![ApiError::internal("no such key")])?;
                let mut args = self.given(args)?;
                let value = |field: &Arc<str>| args.remove(&**field).unwrap_or(Json::Null);
                let values: Vec<Json> = key.fields.iter().map(value).collect();
                let found = self.engine().by_unique(collection, key, &values, &self.footprint).await;
                self.one(selection, found.map_err(ApiError::of_engine)?).await
            }
            RootKind::List { source, args, connection } => {
                let (meta, list) = self.root_list(source, args, connection).await?;
                Ok(Done::List(meta, list))
            }
            RootKind::WriteOne { collection, op, args, selection } => {
                let written = self.write_one(collection, *op, &self.given(args)?).await?;
                self.one(selection, Some(written)).await
            }
            RootKind::CreateMany { collection, args, selection } => {
                self.create_many(collection, &self.given(args)?, selection).await
            }
            RootKind::Bulk { collection, op, args, .. } => {
                self.bulk(collection, *op, &self.given(args)?).await.map(Done::Count)
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

    fn id_of(&self, collection: &Collection, args: &Map<String, Json>) -> Result<Id> {
        let id = input::id(collection, args.get("id").unwrap_or(&Json::Null));
        id.map_err(|message| vec![ApiError::input(message, &[Step::Key("id".into())])])
    }

    async fn write_one(
        &self,
        collection: &Collection,
        op: WriteOne,
        args: &Map<String, Json>,
    ) -> Result<(EntityRef, Doc)> {
        let engine = self.engine();
        let empty = Map::new();
        let object = |name: &str| args.get(name).and_then(Json::as_object).unwrap_or(&empty);
        let at = |name: &str| [Step::Key(name.to_owned())];
        let version = args.get("ifVersion").and_then(Json::as_i64);
        let written = match op {
            WriteOne::Create => engine.create(collection, object("input"), &at("input")).await,
            WriteOne::Update => {
                let id = self.id_of(collection, args)?;
                engine.update(collection, &id, object("set"), version, &at("set")).await
            }
            WriteOne::Delete => {
                let id = self.id_of(collection, args)?;
                engine.delete(collection, &id, version).await
            }
            WriteOne::Upsert => {
                let on = args.get("on").and_then(Json::as_str).unwrap_or_default();
                let by = |key: &&UniqueKey| names::screaming(&key.name) == on;
                match collection.uniques.iter().find(by) {
                    Some(key) => engine.upsert(collection, Some(key), object("input"), &at("input")).await,
                    None => engine.upsert(collection, None, object("input"), &at("input")).await,
                }
            }
        };
        written.map_err(ApiError::of_engine)
    }

    async fn create_many(
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
        let most = usize::try_from(self.limits().page_max).unwrap_or(usize::MAX);
        if inputs.len() > most {
            let message =
                format!("{} inputs are given, but at most {most} can be created at once.", inputs.len());
            return Err(vec![ApiError::input(message, &[Step::Key("inputs".into())])]);
        }
        let place = |index| vec![Step::Key("inputs".into()), Step::Index(index)];
        let places: Vec<_> = (0..inputs.len()).map(place).collect();
        let created = self.engine().create_many(collection, &inputs, &places).await;
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

    async fn bulk(&self, collection: &Collection, op: Bulk, args: &Map<String, Json>) -> Result<u64> {
        let engine = self.engine();
        let filter = self.bulk_filter(collection, args)?;
        let empty = Map::new();
        let count = match op {
            Bulk::Update => {
                let set = args.get("set").and_then(Json::as_object).unwrap_or(&empty);
                engine.update_many(collection, filter, set, &[Step::Key("set".into())]).await
            }
            Bulk::Delete => engine.delete_many(collection, filter).await,
        };
        count.map_err(ApiError::of_engine)
    }

    /// The documents that a bulk write is for: all of them only if the client says so, as an operator whose
    /// variable is not given is no condition.
    fn bulk_filter(&self, collection: &Collection, args: &Map<String, Json>) -> Result<Filter> {
        let given = args.get("where").unwrap_or(&Json::Null);
        let (model, limits) = (self.engine().model(), FilterLimits::default());
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

    /// How many values the response can have at the most.
    pub(super) fn cost(&self, plan: &Plan) -> u64 {
        plan.roots.iter().map(|root| self.root_cost(&root.kind)).fold(0, u64::saturating_add)
    }

    fn root_cost(&self, kind: &RootKind) -> u64 {
        match kind {
            RootKind::Typename(_) | RootKind::Introspection { .. } | RootKind::Bulk { .. } => 1,
            RootKind::ById { selection, .. }
            | RootKind::ByUnique { selection, .. }
            | RootKind::WriteOne { selection, .. } => self.selection_cost(selection).saturating_add(READ),
            RootKind::CreateMany { args, selection, .. } => {
                let inputs = self.resolve(args).get("inputs").and_then(Json::as_array).map_or(0, Vec::len);
                self.selection_cost(selection).saturating_mul(inputs as u64)
            }
            RootKind::List { args, connection, .. } => self.connection_cost(args, connection),
        }
    }

    fn connection_cost(&self, args: &Args, connection: &Connection) -> u64 {
        let args = self.resolve(args);
        let asked = |name: &str| args.get(name).and_then(Json::as_u64);
        let rows = asked("first").or(asked("last")).unwrap_or(self.limits().page_default);
        let row = connection.selections.iter().map(|selection| self.selection_cost(selection));
        let row = row.fold(1, u64::saturating_add);
        row.saturating_mul(rows).saturating_add(connection.fields.len() as u64).saturating_add(READ)
    }

    fn selection_cost(&self, selection: &Selection) -> u64 {
        let field = |field: &Field| match &field.kind {
            FieldKind::One { selection, .. } => self.selection_cost(selection).saturating_add(1),
            FieldKind::Many { args, connection, .. } => self.connection_cost(args, connection),
            _ => 1,
        };
        let of_type = |fields: &[Field]| fields.iter().map(field).fold(0, u64::saturating_add);
        selection.types.iter().map(|selection| of_type(&selection.fields)).max().unwrap_or(0)
    }

    /// How many values a plan could answer, if that is not more than is allowed.
    pub(super) fn check_cost(&self, plan: &Plan) -> Result<u64, ApiError> {
        let (cost, most) = (self.cost(plan), self.limits().complexity as u64);
        if cost <= most {
            return Ok(cost);
        }
        let message = format!(
            "The operation could answer {cost} values, more than the {most} allowed; ask for fewer rows or fields."
        );
        Err(ApiError::new(ErrorCode::TooComplex, message))
    }

    fn write_root<'a>(
        &self,
        writer: &mut Writer<'a>,
        root: &'a Root,
        done: &'a Result<Done>,
    ) -> super::output::Written {
        let done = match done {
            Ok(done) => done,
            Err(errors) => {
                let failed = |writer: &mut Writer<'a>| Err(writer.fail(errors));
                return if root.kind.required() { failed(writer) } else { writer.nullable(failed) };
            }
        };
        match (&root.kind, done) {
            (_, Done::Text(name)) => {
                writer.string(name);
                Ok(())
            }
            (RootKind::Introspection { fields, .. }, Done::Introspection(ty)) => {
                writer.introspection(&self.inner.shared.definition.introspection, ty.as_deref(), fields)
            }
            (
                RootKind::ById { selection, .. }
                | RootKind::ByUnique { selection, .. }
                | RootKind::WriteOne { selection, .. },
                Done::One(found),
            ) => writer.nullable(|writer| match found {
                Some((item, expanded)) => writer.document(selection, item, 0, expanded),
                None => Err(super::output::Null),
            }),
            (RootKind::List { connection, .. }, Done::List(meta, list)) => {
                writer.connection(connection, meta, list)
            }
            (RootKind::CreateMany { selection, .. }, Done::Created { created, items, expanded }) => writer
                .array(created, |writer, created| {
                    writer.nullable(|writer| match created {
                        Ok(index) => writer.document(selection, &items[*index], *index, expanded),
                        Err(errors) => Err(writer.fail(errors)),
                    })
                }),
            (RootKind::Bulk { fields, .. }, Done::Count(count)) => {
                writer.bulk(fields as &[(Arc<str>, BulkField)], *count)
            }
            _ => Err(writer.fail(&[ApiError::internal("a root field has an answer of another kind")])),
        }
    }
}

/// The first place in a value of the type where null stands and may not, lists included.
fn null_in(ty: &Type, value: &Json) -> Option<Vec<Step>> {
    match value {
        Json::Null => ty.is_non_null().then(Vec::new),
        Json::Array(items) if ty.is_list() => items.iter().enumerate().find_map(|(index, item)| {
            let mut path = null_in(ty.item_type(), item)?;
            path.insert(0, Step::Index(index));
            Some(path)
        }),
        _ => None,
    }
}

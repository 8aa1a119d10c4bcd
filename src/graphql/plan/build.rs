//! Builds plans: looks the names in an operation's text up in the model, once.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use apollo_compiler::Node;
use apollo_compiler::ast::OperationType;
use apollo_compiler::executable::{ExecutableDocument, Field as AskedField, Operation, SelectionSet};

use super::collect::{Collected, Flags, collect};
use super::{
    Args, Bulk, BulkField, Connection, ConnectionField, EdgeField, EmbeddedField, Field, FieldKind, Leaf,
    MetaField, MetaKind, PageInfoField, Plan, Refusal, Root, RootKind, Selection, Source, TypeSelection,
    ValueField, WriteOne,
};
use crate::graphql::position::{Pos, Positions};
use crate::schema::{
    Collection, Field as ModelField, Filled, IdKind, Kind, Model, Reach, RelationKind, Rollup, Scalar,
    Surface, names,
};

/// Maximum number of fields in a plan: fragments that spread each other can multiply without bound.
const MAX_FIELDS: usize = 10_000;
/// Bytes that a field of a plan takes up, with its share of the structures around it.
const FIELD: u64 = 400;

/// What a root field of an API does.
enum Target {
    ById(Arc<Collection>),
    ByUnique(Arc<Collection>, usize),
    List(Source),
    Rollup(Arc<Rollup>),
    WriteOne(Arc<Collection>, WriteOne),
    CreateMany(Arc<Collection>),
    Bulk(Arc<Collection>, Bulk),
}

/// Makes the plans of one API.
pub(in crate::graphql) struct Planner {
    model: Arc<Model>,
    queries: HashMap<String, Target>,
    mutations: HashMap<String, Target>,
}

impl Planner {
    /// A planner for the API of a model.
    pub(in crate::graphql) fn new(model: Arc<Model>) -> Planner {
        let mut queries = HashMap::new();
        let mut mutations = HashMap::new();
        for collection in &model.collections {
            let (single, plural) = (&collection.names.single, &collection.names.plural);
            queries.insert(single.clone(), Target::ById(collection.clone()));
            for (index, key) in collection.uniques.iter().enumerate() {
                queries.insert(names::lookup(single, &key.name), Target::ByUnique(collection.clone(), index));
            }
            let source = source(&model, &collection.name);
            queries.insert(collection.names.list.clone(), Target::List(source));
            let name = &collection.name;
            let one = |op| Target::WriteOne(collection.clone(), op);
            mutations.insert(names::create(name), one(WriteOne::Create));
            mutations.insert(names::update(name), one(WriteOne::Update));
            mutations.insert(names::upsert(name), one(WriteOne::Upsert));
            mutations.insert(names::delete(name), one(WriteOne::Delete));
            for (index, key) in collection.uniques.iter().enumerate() {
                mutations.insert(names::update_by(name, &key.name), one(WriteOne::UpdateBy(index)));
                mutations.insert(names::delete_by(name, &key.name), one(WriteOne::DeleteBy(index)));
            }
            mutations.insert(names::create(plural), Target::CreateMany(collection.clone()));
            mutations.insert(names::update(plural), Target::Bulk(collection.clone(), Bulk::Update));
            mutations.insert(names::delete(plural), Target::Bulk(collection.clone(), Bulk::Delete));
        }
        for interface in &model.interfaces {
            queries.insert(interface.names.list.clone(), Target::List(source(&model, &interface.name)));
        }
        for rollup in &model.rollups {
            queries.insert(rollup.query.clone(), Target::Rollup(rollup.clone()));
        }
        Planner { model, queries, mutations }
    }

    /// The plan of a validated operation.
    pub(in crate::graphql) fn plan(
        &self,
        surface: &Surface,
        (document, positions): (&ExecutableDocument, &Positions),
        operation: &Operation,
        flags: &Flags,
    ) -> Result<Plan, Refusal> {
        let (root_type, targets, serial) = match operation.operation_type {
            OperationType::Query => ("Query", &self.queries, false),
            OperationType::Mutation => ("Mutation", &self.mutations, true),
            OperationType::Subscription => return Err(Refusal::Unknown),
        };
        let left = Cell::new(MAX_FIELDS);
        let build = Build { model: &self.model, surface, document, positions, flags, left };
        let fields = build.collect(&[&operation.selection_set], &|on| on == root_type)?;
        let root = |collected: Collected<'_>| {
            let node = collected.first();
            let kind = match node.name.as_str() {
                "__typename" => RootKind::Typename(root_type),
                name @ ("__schema" | "__type") => {
                    let ty = (name == "__type").then(|| Args(node.clone()));
                    RootKind::Introspection { ty, fields: build.meta(&collected.sets())? }
                }
                name => {
                    let target = targets.get(name).ok_or(Refusal::Unknown)?;
                    build.root(target, Args(node.clone()), &collected.sets())?
                }
            };
            Ok(Root { key: collected.key.clone(), pos: build.pos(node), kind })
        };
        let roots = fields.into_iter().map(root).collect::<Result<_, _>>()?;
        Ok(Plan { roots, serial, weight: (MAX_FIELDS - build.left.get()) as u64 * FIELD })
    }
}

fn source(model: &Model, on: &Arc<str>) -> Source {
    Source { on: on.clone(), types: model.members(on) }
}

/// The plan of one operation under construction.
struct Build<'a> {
    model: &'a Model,
    surface: &'a Surface,
    document: &'a ExecutableDocument,
    positions: &'a Positions,
    flags: &'a Flags,
    left: Cell<usize>,
}

impl<'a> Build<'a> {
    fn collect(
        &self,
        sets: &[&'a SelectionSet],
        applies: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<Collected<'a>>, Refusal> {
        let fields = collect(self.document, self.flags, sets, applies)?;
        let count = fields.iter().map(|field| field.fields.len()).sum();
        self.left.set(self.left.get().checked_sub(count).ok_or(Refusal::TooLarge)?);
        Ok(fields)
    }

    fn pos(&self, field: &Node<AskedField>) -> Pos {
        self.positions.of_span(field.location())
    }

    /// The plan of a selection inside an introspection.
    fn meta(&self, sets: &[&'a SelectionSet]) -> Result<Vec<MetaField>, Refusal> {
        let Some(ty) = sets.first().map(|set| &set.ty) else { return Ok(Vec::new()) };
        let field = |field: Collected<'a>| {
            let kind = match field.first().name.as_str() {
                "__typename" => MetaKind::Typename(ty.clone()),
                _ => MetaKind::Member(field.first().name.clone(), self.meta(&field.sets())?),
            };
            Ok(MetaField { key: field.key, kind })
        };
        self.collect(sets, &|on| on == ty.as_str())?.into_iter().map(field).collect()
    }

    fn root(&self, target: &Target, args: Args, sets: &[&'a SelectionSet]) -> Result<RootKind, Refusal> {
        let of = |collection: &Arc<Collection>| self.selection(std::slice::from_ref(&collection.name), sets);
        Ok(match target {
            Target::ById(collection) => {
                RootKind::ById { collection: collection.clone(), args, selection: of(collection)? }
            }
            Target::ByUnique(collection, key) => RootKind::ByUnique {
                collection: collection.clone(),
                key: *key,
                args,
                selection: of(collection)?,
            },
            Target::List(source) => {
                RootKind::List { source: source.clone(), args, connection: self.connection(source, sets)? }
            }
            Target::Rollup(rollup) => {
                let stored = |name: &str| rollup.field(name).map(|of| &of.field);
                RootKind::Rollup {
                    rollup: rollup.clone(),
                    args,
                    fields: self.values(&rollup.name, stored, sets)?,
                }
            }
            Target::WriteOne(collection, op) => RootKind::WriteOne {
                collection: collection.clone(),
                op: *op,
                args,
                selection: of(collection)?,
            },
            Target::CreateMany(collection) => {
                RootKind::CreateMany { collection: collection.clone(), args, selection: of(collection)? }
            }
            Target::Bulk(collection, op) => RootKind::Bulk {
                collection: collection.clone(),
                op: *op,
                args,
                fields: self.plain(sets, "BulkResult", |name| match name {
                    "__typename" => Some(BulkField::Typename),
                    "count" => Some(BulkField::Count),
                    _ => None,
                })?,
            },
        })
    }

    /// A selection set of an object type whose fields have no arguments and no selections.
    fn plain<T>(
        &self,
        sets: &[&'a SelectionSet],
        ty: &str,
        meaning: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<(Arc<str>, T)>, Refusal> {
        let field = |field: Collected<'_>| {
            let kind = meaning(field.first().name.as_str()).ok_or(Refusal::Unknown)?;
            Ok((field.key, kind))
        };
        self.collect(sets, &|on| on == ty)?.into_iter().map(field).collect()
    }

    fn connection(&self, source: &Source, sets: &[&'a SelectionSet]) -> Result<Connection, Refusal> {
        let name = names::connection(&source.on);
        let mut selections = Vec::new();
        let mut fields = Vec::new();
        for field in self.collect(sets, &|on| on == name)? {
            let kind = match field.first().name.as_str() {
                "__typename" => ConnectionField::Typename,
                "totalCount" => ConnectionField::TotalCount,
                "nodes" => {
                    selections.push(self.selection(&source.types, &field.sets())?);
                    ConnectionField::Nodes(selections.len() - 1)
                }
                "edges" => self.edges(source, &field.sets(), &mut selections)?,
                "pageInfo" => ConnectionField::PageInfo(self.plain(&field.sets(), "PageInfo", page_info)?),
                _ => return Err(Refusal::Unknown),
            };
            fields.push((field.key.clone(), self.pos(field.first()), kind));
        }
        Ok(Connection { name, fields, selections })
    }

    fn edges(
        &self,
        source: &Source,
        sets: &[&'a SelectionSet],
        selections: &mut Vec<Selection>,
    ) -> Result<ConnectionField, Refusal> {
        let name = names::edge(&source.on);
        let mut fields = Vec::new();
        for field in self.collect(sets, &|on| on == name)? {
            let kind = match field.first().name.as_str() {
                "__typename" => EdgeField::Typename,
                "cursor" => EdgeField::Cursor,
                "node" => {
                    selections.push(self.selection(&source.types, &field.sets())?);
                    EdgeField::Node(selections.len() - 1)
                }
                _ => return Err(Refusal::Unknown),
            };
            fields.push((field.key, kind));
        }
        Ok(ConnectionField::Edges { name, fields })
    }

    /// The selection for documents that have one of these types.
    fn selection(&self, types: &[Arc<str>], sets: &[&'a SelectionSet]) -> Result<Selection, Refusal> {
        let mut selection = Selection { types: Vec::new(), slots: 0 };
        for name in types {
            let collection = self.model.collection(name).ok_or(Refusal::Unknown)?.clone();
            let applies = |on: &str| {
                on == &*collection.name || collection.interfaces.iter().any(|interface| &**interface == on)
            };
            let mut fields = Vec::new();
            for field in self.collect(sets, &applies)? {
                let kind = self.field(&collection, &field, &mut selection.slots)?;
                let guard = self.guard(&collection, field.first());
                fields.push(Field { key: field.key.clone(), pos: self.pos(field.first()), kind, guard });
            }
            selection.types.push(TypeSelection { collection, fields });
        }
        Ok(selection)
    }

    /// The name of a field that not every document shows.
    fn guard(&self, collection: &Collection, field: &AskedField) -> Option<Arc<str>> {
        let name = field.name.as_str();
        let members = collection.fields.iter().map(|field| &field.name);
        let mut members = members.chain(collection.relations.iter().map(|relation| &relation.name));
        let guarded = self.surface.member(&collection.name, name) < Reach::Always;
        members.find(|member| guarded && ***member == *name).cloned()
    }

    fn field(
        &self,
        collection: &Arc<Collection>,
        field: &Collected<'a>,
        slots: &mut usize,
    ) -> Result<FieldKind, Refusal> {
        let node = field.first();
        let name = node.name.as_str();
        match name {
            "__typename" => return Ok(FieldKind::Typename),
            "id" => return Ok(FieldKind::Id),
            _ => {}
        }
        if let Some(stored) = collection.field(name) {
            return match stored.filled {
                Filled::Version => Ok(FieldKind::Version),
                _ => self.value(stored, &field.sets()).map(FieldKind::Value),
            };
        }
        let relation = collection.relation(name).ok_or(Refusal::Unknown)?;
        let slot = *slots;
        *slots += 1;
        match &relation.kind {
            RelationKind::BelongsTo { field: key, required } => Ok(FieldKind::One {
                field: key.clone(),
                target: relation.target.clone(),
                required: *required && self.surface.read(&relation.target) == Reach::Always,
                slot,
                selection: self.selection(std::slice::from_ref(&relation.target), &field.sets())?,
            }),
            RelationKind::HasMany { field: key, .. } => {
                let source = source(self.model, &relation.target);
                let connection = self.connection(&source, &field.sets())?;
                let args = Args(node.clone());
                Ok(FieldKind::Many {
                    field: key.clone(),
                    source,
                    slot,
                    args,
                    connection: Box::new(connection),
                })
            }
        }
    }

    fn value(&self, stored: &ModelField, sets: &[&'a SelectionSet]) -> Result<ValueField, Refusal> {
        let leaf = match &stored.ty.kind {
            Kind::Scalar(Scalar::Id) => {
                let referenced = stored.references.as_ref().and_then(|ty| self.model.collection(ty));
                Leaf::Id(referenced.map_or(IdKind::String, |collection| collection.id))
            }
            Kind::Scalar(scalar) => Leaf::Scalar(*scalar),
            Kind::Enum(name) => Leaf::Enum(self.model.enums.get(name).ok_or(Refusal::Unknown)?.clone()),
            Kind::Embedded(name) => {
                let embedded = self.model.embedded.get(name).ok_or(Refusal::Unknown)?;
                Leaf::Embedded(name.clone(), self.values(name, |name| embedded.field(name), sets)?)
            }
        };
        let name = stored.name.clone();
        Ok(ValueField { name, leaf, required: stored.ty.required, list: stored.ty.list })
    }

    /// The selection for objects of a type that has values only.
    fn values<'f>(
        &self,
        ty: &str,
        stored: impl Fn(&str) -> Option<&'f ModelField>,
        sets: &[&'a SelectionSet],
    ) -> Result<Vec<EmbeddedField>, Refusal> {
        let field = |field: Collected<'a>| {
            let value = match field.first().name.as_str() {
                "__typename" => None,
                name => Some(self.value(stored(name).ok_or(Refusal::Unknown)?, &field.sets())?),
            };
            Ok(EmbeddedField { key: field.key.clone(), pos: self.pos(field.first()), value })
        };
        self.collect(sets, &|on| on == ty)?.into_iter().map(field).collect()
    }
}

fn page_info(name: &str) -> Option<PageInfoField> {
    Some(match name {
        "__typename" => PageInfoField::Typename,
        "hasNextPage" => PageInfoField::HasNext,
        "hasPreviousPage" => PageInfoField::HasPrevious,
        "startCursor" => PageInfoField::Start,
        "endCursor" => PageInfoField::End,
        _ => return None,
    })
}

//! Fetches what a selection asks for, level by level: one read per relation and level, however many parents there are.

use std::collections::HashMap;
use std::sync::Arc;

use bson::Bson;
use futures_util::future::{BoxFuture, FutureExt};

use super::Execution;
use crate::engine::Page;
use crate::graphql::cursor::Cursors;
use crate::graphql::error::ApiError;
use crate::graphql::fetched::{Child, Expanded, Item, List, PageMeta};
use crate::graphql::page::{ListArgs, list_args};
use crate::graphql::plan::{Args, Connection, Field, FieldKind, Selection, Source, TypeSelection};
use crate::graphql::together::together;
use crate::value::{EntityRef, Id};

impl Execution<'_> {
    /// Fetches the relations of a selection for all items at once.
    pub(super) fn expand<'a>(
        &'a self,
        selection: &'a Selection,
        items: &'a [Item],
    ) -> BoxFuture<'a, Expanded> {
        async move {
            let mut expanded: Expanded = Vec::new();
            expanded.resize_with(selection.slots, || Child::Empty);
            if items.is_empty() || selection.slots == 0 {
                return expanded;
            }
            let of_type = |of: &'a TypeSelection| of.fields.iter().map(|field| (&*of.collection.name, field));
            let fields: Vec<(&str, &Field)> = selection.types.iter().flat_map(of_type).collect();
            let children = together(fields.len(), |index| self.expand_field(fields[index], items)).await;
            for (slot, child) in children.into_iter().flatten() {
                expanded[slot] = child;
            }
            expanded
        }
        .boxed()
    }

    /// Fetches one relation: its slot and its result.
    async fn expand_field(&self, (ty, of): (&str, &Field), items: &[Item]) -> Option<(usize, Child)> {
        let shows = |item: &Item| {
            *item.ty == *ty && of.guard.as_ref().is_none_or(|name| self.view.shows(ty, name, &item.doc))
        };
        match &of.kind {
            FieldKind::One { field, target, slot, selection, .. } => {
                Some((*slot, self.expand_one(&shows, field, target, selection, items).await))
            }
            FieldKind::Many { field, source, slot, args, connection } => {
                Some((*slot, self.expand_many(&shows, field, source, args, connection, items).await))
            }
            _ => None,
        }
    }

    async fn expand_one(
        &self,
        shows: &(dyn Fn(&Item) -> bool + Sync),
        field: &str,
        target: &Arc<str>,
        selection: &Selection,
        items: &[Item],
    ) -> Child {
        let mut index_of: HashMap<Id, usize> = HashMap::new();
        let mut refs = Vec::new();
        let wanted: Vec<Option<usize>> = items
            .iter()
            .map(|item| {
                if !shows(item) {
                    return None;
                }
                let id = Id::from_raw(item.doc.raw().get(field).ok().flatten()?)?;
                Some(*index_of.entry(id.clone()).or_insert_with(|| {
                    refs.push(EntityRef { ty: target.clone(), id });
                    refs.len() - 1
                }))
            })
            .collect();
        let docs = match self.view.entities(&refs).await {
            Ok(docs) => docs,
            Err(error) => return Child::Failed(ApiError::of_engine(error)),
        };
        if let Err(error) = self.budget.take_docs(docs.iter().flatten()) {
            return Child::Failed(vec![error]);
        }
        let mut found = Vec::with_capacity(docs.len());
        let index: Vec<Option<usize>> = docs
            .into_iter()
            .map(|doc| {
                found.push(Item { ty: target.clone(), doc: doc?, key: None });
                Some(found.len() - 1)
            })
            .collect();
        let targets = wanted.into_iter().map(|wanted| index[wanted?]).collect();
        let expanded = self.expand(selection, &found).await;
        Child::One { targets, items: found, expanded }
    }

    async fn expand_many(
        &self,
        shows: &(dyn Fn(&Item) -> bool + Sync),
        field: &Arc<str>,
        source: &Source,
        args: &Args,
        connection: &Connection,
        items: &[Item],
    ) -> Child {
        let args = match self.list_args(source, connection, args) {
            Ok(args) => args,
            Err(errors) => return Child::Failed(errors),
        };
        let of_type = items.iter().enumerate().filter(|(_, item)| shows(item));
        let parent = |(index, item): (usize, &Item)| Some((index, item.doc.id()?.to_bson()));
        let (parents, keys): (Vec<usize>, Vec<Bson>) = of_type.filter_map(parent).unzip();
        match self.view.children(&args.list, field, keys, &args.window).await {
            Ok(found) => {
                let (metas, list) = match self.list_of(found, connection, &args).await {
                    Ok(list) => list,
                    Err(error) => return Child::Failed(vec![error]),
                };
                let mut pages: Vec<Option<PageMeta>> = Vec::new();
                pages.resize_with(items.len(), || None);
                for (parent, meta) in parents.into_iter().zip(metas) {
                    pages[parent] = Some(meta);
                }
                Child::Many { pages, list }
            }
            Err(error) => Child::Failed(ApiError::of_engine(error)),
        }
    }

    /// Fetches a root list.
    pub(super) async fn root_list(
        &self,
        source: &Source,
        args: &Args,
        connection: &Connection,
    ) -> Result<(PageMeta, List), Vec<ApiError>> {
        let args = self.list_args(source, connection, args)?;
        let page = self.view.list(&args.list, &args.window).await.map_err(ApiError::of_engine)?;
        let listed = self.list_of(vec![page], connection, &args).await;
        let (mut metas, list) = listed.map_err(|error| vec![error])?;
        let meta = metas.pop().ok_or_else(|| vec![ApiError::internal("a page had no place")])?;
        Ok((meta, list))
    }

    fn list_args(
        &self,
        source: &Source,
        connection: &Connection,
        args: &Args,
    ) -> Result<ListArgs, Vec<ApiError>> {
        let known = (&**self.view.model(), self.limits, &self.budget.filters);
        list_args(known, source, connection, &self.resolve(args))
    }

    async fn list_of(
        &self,
        pages: Vec<Page>,
        connection: &Connection,
        args: &ListArgs,
    ) -> Result<(Vec<PageMeta>, List), ApiError> {
        self.budget.take_docs(pages.iter().flat_map(|page| &page.rows).map(|row| &row.doc))?;
        let mut items = Vec::new();
        let mut metas = Vec::with_capacity(pages.len());
        for page in pages {
            let from = items.len();
            let item = |row: crate::engine::Row| Item { ty: row.entity.ty, doc: row.doc, key: Some(row.key) };
            items.extend(page.rows.into_iter().map(item));
            metas.push(PageMeta {
                from,
                to: items.len(),
                has_previous: page.has_previous,
                has_next: page.has_next,
                total: page.total,
            });
        }
        let expanded =
            together(connection.selections.len(), |index| self.expand(&connection.selections[index], &items))
                .await;
        Ok((metas, List { items, expanded, cursors: Cursors::of(&args.list.order) }))
    }
}

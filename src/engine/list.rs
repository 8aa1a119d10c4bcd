//! Turns the lists that requests ask for into batches.

use std::sync::Arc;

use bson::Bson;

use super::page::{Family, PageRequest};
use super::{EngineError, Page, View};
use crate::cache::{Batch, Window};
use crate::query::{BatchDef, Filter, Order};

/// A list: the documents that match a filter, in an order.
#[derive(Clone, Debug)]
pub struct List {
    /// Name of the collection type or interface.
    pub on: Arc<str>,
    /// Names of the collection types that the list draws from.
    pub types: Vec<Arc<str>>,
    /// The condition that its documents meet.
    pub filter: Filter,
    /// Their order.
    pub order: Order,
}

impl List {
    fn batch(&self, filter: Filter) -> Batch {
        Batch::new(BatchDef::new(self.on.clone(), self.types.clone(), filter, self.order.clone()))
    }
}

impl View {
    /// A page of a list.
    pub async fn list(&self, list: &List, window: &Window) -> Result<Page, EngineError> {
        let batch = list.batch(list.filter.clone());
        let request = PageRequest { batch, window: window.clone(), family: None };
        let page = self.pages(std::slice::from_ref(&request)).await?.pop();
        page.ok_or_else(|| EngineError::Internal("a page had no result".into()))
    }

    /// Returns one page for each parent's key, in the order of the keys: the rows of the list whose `field`
    /// has that key. Any number of keys costs one cache read and one store read.
    pub async fn children(
        &self,
        list: &List,
        field: &Arc<str>,
        keys: Vec<Bson>,
        window: &Window,
    ) -> Result<Vec<Page>, EngineError> {
        let shared = Arc::new(list.filter.clone().canonical());
        let request = |key: Bson| PageRequest {
            batch: list.batch(Filter::eq(&**field, key.clone()).and(list.filter.clone())),
            window: window.clone(),
            family: Some(Family { filter: shared.clone(), field: field.clone(), value: key }),
        };
        self.pages(&keys.into_iter().map(request).collect::<Vec<_>>()).await
    }
}

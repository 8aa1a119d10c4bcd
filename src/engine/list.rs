//! Turns the lists that requests ask for into batches.

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::Bson;

use super::page::{Family, PageRequest};
use super::{EngineError, Page, View};
use crate::cache::{Batch, Window};
use crate::probe::without::{Mechanism, without};
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

impl View {
    /// A page of a list.
    pub async fn list(&self, list: &List, window: &Window) -> Result<Page, EngineError> {
        let batch = Batch::new(self.visible(list));
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
        let all = Batch::new(self.visible(list));
        let request = |key: Bson| {
            let filter = Filter::eq(&**field, key.clone()).and(all.def.filter.clone()).canonical();
            let batch = Batch::new(BatchDef { filter, ..(*all.def).clone() });
            let family = Some(Family { all: all.clone(), field: field.clone(), value: key });
            PageRequest { batch, window: window.clone(), family }
        };
        self.pages(&keys.into_iter().map(request).collect::<Vec<_>>()).await
    }

    /// The part of a list that the view's viewer may see. What viewers see alike is one list.
    pub(super) fn visible(&self, list: &List) -> BatchDef {
        let def = self.readable(list);
        match self.lane.core.expiries.is_empty() {
            true => def,
            false => {
                let expiry = |ty: &Arc<str>| Some((ty.clone(), self.lane.core.expiries.of(ty)?.clone()));
                let expiry = def.types.iter().filter_map(expiry).collect();
                def.with_expiry(expiry)
            }
        }
    }

    /// The same, whether or not documents of it expire.
    fn readable(&self, list: &List) -> BatchDef {
        let List { on, types, filter, order } = list.clone();
        let rights = self.rights.as_ref().filter(|_| !without(Mechanism::ListRule));
        let Some(rights) = rights else { return BatchDef::new(on, types, filter, order) };
        let rules: BTreeMap<Arc<str>, Filter> =
            types.iter().map(|ty| (ty.clone(), rights.of(ty).read.clone())).collect();
        let visible: Vec<Arc<str>> = types.iter().filter(|ty| !rules[*ty].is_none()).cloned().collect();
        let Some(first) = visible.first() else { return BatchDef::new(on, types, Filter::none(), order) };
        let first = rules[first].clone();
        match visible.iter().all(|ty| rules[ty] == first) {
            // Where the rule is part of the filter, writers find the list by the values that it fixes.
            true => BatchDef::new(on, visible, filter.and(first), order),
            false => {
                let rules = rules.into_iter().filter(|(ty, _)| visible.contains(ty)).collect();
                BatchDef::new(on, visible, filter, order).with_rules(rules)
            }
        }
    }
}

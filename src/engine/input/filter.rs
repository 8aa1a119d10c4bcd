//! Filters as `BookWhere` describes them.

use serde_json::Value as Json;

use crate::engine::InputFault;
use crate::query::Filter;
use crate::schema::Model;

/// Bounds of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterLimits {
    /// Levels of `and`, `or`, `not`, `some` and embedded objects at the most.
    pub depth: usize,
    /// Values of one `in`, `nin`, `hasAny` or `hasAll` at the most.
    pub values: usize,
    /// Operators and values of the whole filter at the most.
    pub total: usize,
}

impl Default for FilterLimits {
    fn default() -> FilterLimits {
        FilterLimits { depth: 16, values: 1_000, total: 4_000 }
    }
}

/// The filter of a list of the collection type or interface `on`. All faults at once. Null is only
/// accepted where it is a value: in `eq`, `ne`, `in` and `nin`.
pub fn filter(
    model: &Model,
    on: &str,
    given: &Json,
    limits: &FilterLimits,
) -> Result<Filter, Vec<InputFault>> {
    let _ = (model, on, given, limits);
    unimplemented!()
}

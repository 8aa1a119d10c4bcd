//! Orders as `[BookOrder!]` describes them.

use serde_json::Value as Json;

use crate::engine::InputFault;
use crate::query::Order;
use crate::schema::Model;

/// The order of a list of the collection type or interface `on`: a list of `{field, direction}`, or
/// one alone; null is the order by id.
pub fn order(model: &Model, on: &str, given: &Json) -> Result<Order, Vec<InputFault>> {
    let _ = (model, on, given);
    unimplemented!()
}

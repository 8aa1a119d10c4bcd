//! Reads orders in the form of `[BookOrder!]`.

use serde_json::Value as Json;

use super::faults::Faults;
use super::fields_of;
use super::scalar::shown;
use crate::engine::InputFault;
use crate::query::{Direction, Order, OrderBy};
use crate::schema::Model;
use crate::schema::names::{self, order_fields};

/// The maximum number of parts of an order.
const PARTS: usize = 16;

/// The order of a list of the collection type or interface `on`: a list of `{field, direction}`, or a single
/// one; null means the order by id.
pub fn order(model: &Model, on: &str, given: &Json) -> Result<Order, Vec<InputFault>> {
    let mut faults = Faults::default();
    let known = order_fields(fields_of(model, on), &model.embedded);
    let parts = match given {
        Json::Null => Vec::new(),
        Json::Array(parts) if parts.len() > PARTS => {
            faults.add(format!("an order may have {PARTS} parts, has {}", parts.len()));
            Vec::new()
        }
        Json::Array(parts) => {
            let parts = parts.iter().enumerate();
            parts
                .filter_map(|(index, part)| faults.at_index(index, |faults| by(&known, part, faults)))
                .collect()
        }
        part => by(&known, part, &mut faults).into_iter().collect(),
    };
    faults.finish(Some(Order::new(parts)))
}

/// One part of an order.
fn by(known: &[(String, String)], given: &Json, faults: &mut Faults) -> Option<OrderBy> {
    let Json::Object(part) = given else {
        faults.add(format!("expected an object with field and direction, got {}", shown(given)));
        return None;
    };
    for key in part.keys().filter(|key| !matches!(key.as_str(), names::FIELD | names::DIRECTION)) {
        faults.at(key, |faults| faults.add("there is no such field; there are field, direction"));
    }
    let path = faults.at(names::FIELD, |faults| {
        let field = part.get(names::FIELD).unwrap_or(&Json::Null);
        let path = known.iter().find(|(name, _)| field.as_str() == Some(name)).map(|(_, path)| path.clone());
        if path.is_none() {
            let all: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
            faults.add(format!("expected one of {}, got {}", all.join(", "), shown(field)));
        }
        path
    });
    let direction = faults.at(names::DIRECTION, |faults| match part.get(names::DIRECTION) {
        None => Some(Direction::Asc),
        Some(given) => {
            let direction = match given.as_str() {
                Some(names::ASC) => Some(Direction::Asc),
                Some(names::DESC) => Some(Direction::Desc),
                _ => None,
            };
            if direction.is_none() {
                faults.add(format!("expected {} or {}, got {}", names::ASC, names::DESC, shown(given)));
            }
            direction
        }
    });
    Some(OrderBy { path: path?, direction: direction? })
}

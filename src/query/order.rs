//! The order of a list: fields with directions. Every order ends in the id, ascending, so that ties
//! never move between pages.

use serde_json::{Value as Json, json};

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest first; null and missing come first.
    Asc,
    /// Greatest first; null and missing come last.
    Desc,
}

/// One field of an order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrderBy {
    /// Dotted path of the field.
    pub path: String,
    /// Which way.
    pub direction: Direction,
}

/// A whole order, without the final id. Each path occurs once, because a repetition has no effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Order(Vec<OrderBy>);

impl Order {
    /// Makes an order from parts, most significant first. Repeated paths and everything after `_id` are
    /// dropped, because they have no effect.
    pub fn new(parts: impl IntoIterator<Item = OrderBy>) -> Order {
        let mut kept: Vec<OrderBy> = Vec::new();
        for part in parts {
            let decided = kept.iter().any(|earlier| earlier.path == part.path || earlier.path == "_id");
            if !decided {
                kept.push(part);
            }
        }
        // Ascending by id is how every order ends.
        if kept.last().is_some_and(|last| last.path == "_id" && last.direction == Direction::Asc) {
            kept.pop();
        }
        Order(kept)
    }

    /// The parts, most significant first, without the final ascending `_id`. The last part may be `_id`
    /// descending.
    pub fn parts(&self) -> &[OrderBy] {
        &self.0
    }

    /// The order as JSON, for batch definitions; [`Order::from_json`] reads it back.
    pub fn to_json(&self) -> Json {
        let part = |by: &OrderBy| match by.direction {
            Direction::Asc => json!([by.path, 1]),
            Direction::Desc => json!([by.path, -1]),
        };
        Json::Array(self.0.iter().map(part).collect())
    }

    /// Parses the output of [`Order::to_json`]. `None` for anything else.
    pub fn from_json(json: &Json) -> Option<Order> {
        let part = |json: &Json| {
            let [path, direction] = json.as_array()?.as_slice() else { return None };
            let direction = match direction.as_i64()? {
                1 => Direction::Asc,
                -1 => Direction::Desc,
                _ => return None,
            };
            Some(OrderBy { path: path.as_str()?.to_owned(), direction })
        };
        json.as_array()?.iter().map(part).collect::<Option<Vec<_>>>().map(Order)
    }
}

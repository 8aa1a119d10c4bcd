//! Inputs of clients and importers, checked against the model and brought into stored form.
//!
//! Values are JSON as the API has them, with enum values as strings. Paths of faults start at the given
//! value: callers put the argument's name before them.

mod document;
mod filter;
mod id;
mod order;
mod unique;
mod value;

pub use document::{create, patch};
pub use filter::{FilterLimits, filter};
pub use id::{id, new_id};
pub use order::order;
pub use unique::{unique, unique_values};
pub use value::value;

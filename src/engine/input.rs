//! Checks the inputs of clients and importers against the model, and brings them into stored form.
//!
//! Values are JSON as in the API, with enum values as strings. Paths of faults start at the given value;
//! callers prepend the argument's name.

use crate::schema::{Field, Model};

mod budget;
mod decimal;
mod document;
mod faults;
mod filter;
mod id;
mod json;
mod operator;
mod order;
#[cfg(test)]
pub(crate) mod sample;
mod scalar;
mod subject;
mod unique;
mod value;

pub use budget::{FilterBudget, FilterLimits};
pub use document::{create, patch};
pub use faults::Faults;
pub use filter::{filter, filter_within};
pub use id::{id, new_id};
pub use operator::{Operand, Operator};
pub use order::order;
pub use scalar::{scalar, shown};
pub use unique::{shared, unique, unique_values};
pub use value::{plain, value};

/// The stored fields of a collection type or an interface; none for other names.
fn fields_of<'a>(model: &'a Model, on: &str) -> &'a [Field] {
    match (model.collection(on), model.interface(on)) {
        (Some(collection), _) => &collection.fields,
        (None, Some(interface)) => &interface.fields,
        (None, None) => &[],
    }
}

#[cfg(test)]
mod tests;

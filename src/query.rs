//! Queries on documents: filters, orders, pages; and how to evaluate them on a document without a store.
//!
//! The semantics are MongoDB's, defined here once. [`matches()`] and [`sort_key`] are the reference; the
//! stores translate the same [`Filter`] and [`Order`] and must agree. Everything is pure: no I/O, no clock,
//! no configuration.

mod batch;
mod before;
pub mod emit;
mod expiry;
mod filter;
mod matcher;
mod normalize;
mod order;
mod pattern;
pub mod rollup;
mod sort_key;
mod unique;

pub use batch::{BatchDef, BatchKey, Probe, Shape};
pub use before::before;
pub use expiry::Expiry;
pub use filter::{CmpOp, Filter};
pub(crate) use matcher::any_leaf;
pub use matcher::matches;
pub use normalize::normalize;
pub use order::{Direction, Order, OrderBy};
pub use pattern::{Pattern, PatternError};
pub use sort_key::{Bound, SortKey, encode_value, row_key, row_ref};
pub(crate) use sort_key::{encode_raw, write_part};
pub use unique::{Misfit, MisfitPart, kept_values, misfits, normalised};

#[cfg(test)]
mod properties;

//! From a schema file to a [`Model`], or to every fault that keeps it from being one. Does no I/O.

mod model;
pub mod names;

pub use model::*;

//! Partitions through HTTP: answers are the same as without them, on every server, and cost one key.

mod agree;
pub mod domain;
mod expiry;
mod keys;
mod movers;
mod rules;

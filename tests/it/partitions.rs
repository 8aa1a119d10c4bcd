//! Partitions through HTTP: answers are the same as without them, on every server, and cost one key.

mod agree;
mod domain;
mod expiry;
mod keys;
mod movers;
mod rules;

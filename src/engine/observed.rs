//! Counts and times every operation of the store and the cache, in one place for all backends.

mod cache;
mod store;
mod trouble;
mod turns;

pub(super) use cache::observed;
pub(super) use store::ObservedStore;
pub use turns::operation;

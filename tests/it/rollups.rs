//! Rollups through HTTP: figures that are right at every moment, whatever was written and whatever is cached.

mod agree;
mod changes;
mod domain;
mod rules;
mod zones;

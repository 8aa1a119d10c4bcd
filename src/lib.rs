//! oponn: a schema file, a MongoDB and a Redis become a GraphQL API whose every entity and list is
//! cached, and whose writes repair the cached lists.
//!
//! # Layout, in reading order
//!
//! Each layer imports only those above it in this list; `docs/architecture.md` has the map and the
//! laws.

#![cfg_attr(test, allow(missing_docs))]

pub mod value;

pub mod schema;

pub mod query;

pub mod cache;
pub mod store;

pub mod engine;

pub mod graphql;
pub mod importer;

pub mod server;

pub mod cli;

pub mod config;
pub mod metrics;
pub mod spelling;
pub mod telemetry;

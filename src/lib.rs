//! oponn: turns a schema file, a MongoDB and a Redis into a GraphQL API that caches every entity and list, and whose
//! writes repair the cached lists.
//!
//! # Layout, in reading order
//!
//! Each layer imports only those above it in this list; `docs/architecture.md` has the map and the laws.

#![cfg_attr(test, allow(missing_docs))]

pub mod value;
pub mod viewer;

pub mod schema;

pub mod query;

pub mod cache;
pub mod store;

pub mod engine;
pub mod quota;

pub mod auth;
pub mod events;
pub mod graphql;
pub mod importer;
pub mod operations;

pub mod server;

pub mod cli;

pub mod config;
pub mod metrics;
pub mod probe;
pub mod spelling;
pub mod telemetry;
pub mod version;

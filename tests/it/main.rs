//! The one integration binary: everything through the public surface, on real servers.

mod support;

mod audit;
mod bounds;
mod cache_contract;
mod cache_parity;
mod cli;
mod consistency;
mod dashboard;
mod deadlines;
mod following;
mod foreign_writes;
mod graphql_http;
mod graphql_read;
mod graphql_write;
mod importer;
mod interleavings;
mod judge;
mod kept_answers;
mod language;
mod matcher_parity;
mod metrics;
mod outage;
mod outside_json;
mod overload;
mod persisted;
mod schema_faults;
mod schema_mutations;
mod secrets;
mod sqlite_shell;
mod store_contract;
mod store_mongo;
mod strategies;
mod traces;
mod unsettled;
mod windows;

//! GraphQL over HTTP as its specification says.

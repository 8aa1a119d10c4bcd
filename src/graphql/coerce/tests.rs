//! Requests against a small schema.

//! Golden test of a whole schema.

//! Every fault of a schema file, by golden fixtures.

//! MongoDB, SQLite and the matcher agree: random documents, filters and orders.

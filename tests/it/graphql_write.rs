//! Mutations through the HTTP server.

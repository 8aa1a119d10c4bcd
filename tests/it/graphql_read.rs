//! Queries through the HTTP server.

//! The HTTP server: routes, probes, limits, graceful shutdown.

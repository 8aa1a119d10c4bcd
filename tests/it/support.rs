//! What the tests share.

pub mod app;
pub mod dice;
pub mod fuzz;
pub mod gate;
pub mod http2;
pub mod place;
pub mod program;
pub mod promql;
// The other test binary uses the rest of it.
#[allow(dead_code)]
pub mod proxy;
pub mod python;
pub mod raw;
pub mod redis_server;
pub mod saved;
pub mod scrape;
pub mod services;

//! What the tests share.

pub mod app;
pub mod cut;
pub mod services;

//! Runs many parts of an operation concurrently, but not so many that they take up much memory.

use futures_util::future::join_all;
use futures_util::stream::{StreamExt, iter};

/// Maximum number of parts under way; each takes some tens of kilobytes.
const AT_ONCE: usize = 32;

/// Runs all parts; the result of each, in order.
pub(super) async fn together<F: Future>(parts: usize, part: impl Fn(usize) -> F) -> Vec<F::Output> {
    match parts <= AT_ONCE {
        true => join_all((0..parts).map(part)).await,
        false => iter((0..parts).map(part)).buffered(AT_ONCE).collect().await,
    }
}

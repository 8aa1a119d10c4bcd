//! Carrying out many parts of an operation at the same time, but not so many that they take up much memory.

use futures_util::future::join_all;
use futures_util::stream::{StreamExt, iter};

/// Parts under way at the same time; each takes some tens of kilobytes.
const AT_ONCE: usize = 32;

/// What each of so many parts led to.
pub(super) async fn together<F: Future>(parts: usize, part: impl Fn(usize) -> F) -> Vec<F::Output> {
    match parts <= AT_ONCE {
        true => join_all((0..parts).map(part)).await,
        false => iter((0..parts).map(part)).buffered(AT_ONCE).collect().await,
    }
}

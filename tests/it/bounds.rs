//! What clients can make grow has a bound, and past it those who keep to themselves are served all the same.

use std::time::Duration;

mod connections;
mod documents;
mod executions;
mod lists;
mod memory;

const SDL: &str = "type Book @collection { id: ID! isbn: String! @unique title: String! }";

/// Looks until it is so: bounded, and by looking, not by the clock.
pub async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let look = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), look).await.expect("it becomes so in time");
}

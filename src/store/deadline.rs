//! By when the reads of a task have to be done.
//!
//! A deadline is the task's own, so that it need not be handed through everything between who sets it and the store.
//! Writes know none: what has begun goes through to its end.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::StoreError;

tokio::task_local! {
    static DEADLINE: Option<Instant>;
}

/// Carries out work whose reads have to be done by that time, or by an earlier one that was set before. A read that is
/// not done then is broken off and fails with [`StoreError::TimedOut`]. Does not reach into tasks that the work spawns.
pub async fn until<T>(end: Instant, work: impl Future<Output = T>) -> T {
    let end = current().map_or(end, |earlier| earlier.min(end));
    DEADLINE.scope(Some(end), work).await
}

/// Carries out work that must not stop half-way: its reads may take as long as a read may take.
pub async fn unhurried<T>(work: impl Future<Output = T>) -> T {
    DEADLINE.scope(None, work).await
}

/// A read, for so long at the most, and not beyond the task's deadline.
pub async fn limited<T, E: From<StoreError>>(
    most: Duration,
    read: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let begin = Instant::now();
    let end = current().map_or(begin + most, |end| end.min(begin + most));
    if end <= begin {
        return Err(StoreError::TimedOut("the time was up before it began".to_owned()).into());
    }
    timeout_at(end, DEADLINE.scope(Some(end), read)).await.unwrap_or_else(|_| {
        let took = begin.elapsed();
        Err(StoreError::TimedOut(format!("broken off after {} ms", took.as_millis())).into())
    })
}

/// How long until the task's deadline, if it has one.
pub fn left() -> Option<Duration> {
    current().map(|end| end.saturating_duration_since(Instant::now()))
}

fn current() -> Option<Instant> {
    DEADLINE.try_get().ok().flatten()
}

//! The deadline for the reads of a task.
//!
//! A deadline is task-local, so that the layers between its setter and the store need not pass it on.
//! Writes have no deadline: once begun, they run to completion.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::StoreError;

tokio::task_local! {
    static DEADLINE: Option<Instant>;
}

/// Runs work whose reads must finish by `end`, or by an earlier deadline already set. A read that is not
/// done by then is aborted and fails with [`StoreError::TimedOut`]. Does not apply to tasks that the work
/// spawns.
pub async fn until<T>(end: Instant, work: impl Future<Output = T>) -> T {
    let end = current().map_or(end, |earlier| earlier.min(end));
    DEADLINE.scope(Some(end), work).await
}

/// Runs work that must not stop half-way: it has no deadline, only the time-out of each single read
/// applies.
pub async fn unhurried<T>(work: impl Future<Output = T>) -> T {
    DEADLINE.scope(None, work).await
}

/// Runs a read for at most the time `most`, and not beyond the task's deadline.
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

/// The time left until the task's deadline, if it has one.
pub fn left() -> Option<Duration> {
    current().map(|end| end.saturating_duration_since(Instant::now()))
}

fn current() -> Option<Instant> {
    DEADLINE.try_get().ok().flatten()
}

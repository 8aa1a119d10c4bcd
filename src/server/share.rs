//! What each connection may take up without being counted, for all requests on it together, the way to end it, and where
//! it comes from.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Bytes of bodies that are not counted, so that ordinary requests get in however many large bodies there are.
const BODIES: usize = 16 << 10;
/// A smaller answer is not counted where a connection has but one at a time.
const ANSWER: usize = 64 << 10;

tokio::task_local! {
    /// The share of the connection that the current task works for.
    static SHARE: Share;
}

/// The share of one connection.
#[derive(Clone)]
pub(super) struct Share {
    end: CancellationToken,
    peer: IpAddr,
    bodies: Arc<Semaphore>,
    /// Answers of as many bytes are counted.
    counted_from: usize,
}

impl Share {
    /// The share of a connection with this other end, that ends when the token is cancelled.
    pub(super) fn new(peer: IpAddr, end: CancellationToken) -> Share {
        Share { end, peer, bodies: Arc::new(Semaphore::new(BODIES)), counted_from: ANSWER }
    }

    /// The same where the connection has many answers at a time.
    pub(super) fn of_many(&self) -> Share {
        Share { counted_from: 0, ..self.clone() }
    }

    /// Does some work for the connection.
    pub(super) async fn scope<F: Future>(self, work: F) -> F::Output {
        SHARE.scope(self, work).await
    }
}

/// The other end of the current connection.
pub(super) fn peer() -> Option<IpAddr> {
    SHARE.try_with(|share| share.peer).ok()
}

/// Up to so many bytes of bodies that the current connection still has uncounted.
pub(super) fn bodies(bytes: usize) -> Option<OwnedSemaphorePermit> {
    SHARE
        .try_with(|share| {
            let free = share.bodies.available_permits().min(bytes);
            share.bodies.clone().try_acquire_many_owned(u32::try_from(free).ok()?).ok()
        })
        .ok()
        .flatten()
}

/// What ends the connection that an answer of so many bytes is for, if the answer has to be counted.
pub(super) fn counted(bytes: usize) -> Option<CancellationToken> {
    SHARE.try_with(|share| (bytes >= share.counted_from).then(|| share.end.clone())).ok().flatten()
}

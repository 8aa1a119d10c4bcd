//! Coalesces requests for the same work. One turn runs at a time; requests that arrive during a turn share
//! the next one.
//!
//! So every result was worked out after the request for it, however many requests share it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, Shared, WeakShared};
use parking_lot::Mutex;
use tokio_util::task::AbortOnDropHandle;

use crate::probe::without::{Mechanism, without};

/// The result of a turn; `None` when the work panicked.
pub type Turn<T> = Shared<BoxFuture<'static, Option<T>>>;

/// Coalesces requests with equal keys.
pub struct Gather<K, T>(Arc<Mutex<HashMap<K, Turns<T>>>>);

/// A turn, kept for as long as a request waits for it.
type Awaited<T> = WeakShared<BoxFuture<'static, Option<T>>>;

struct Turns<T> {
    /// Has begun, so later requests must not join it.
    under_way: Option<Awaited<T>>,
    /// Begins when the turn under way has ended.
    next: Option<Awaited<T>>,
}

impl<K, T> Gather<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// Returns a turn that begins after this call: one that is already waited for, or a new one of this work.
    /// `work` is told whether it has to wait for another turn. The flag is `true` when the turn was already
    /// there. The work is cancelled when no request waits for it any more, so it must be safe to cancel.
    pub fn join<W>(&self, key: &K, work: impl FnOnce(bool) -> W) -> (Turn<T>, bool)
    where
        W: Future<Output = T> + Send + 'static,
    {
        let mut all = self.0.lock();
        let turns = all.entry(key.clone()).or_insert_with(|| Turns { under_way: None, next: None });
        if let Some(next) = turns.next.as_ref().and_then(WeakShared::upgrade) {
            return (next, true);
        }
        let before = turns.under_way.as_ref().and_then(WeakShared::upgrade);
        if let Some(before) = before.clone().filter(|_| without(Mechanism::Turns)) {
            return (before, true);
        }
        let begun = Begun { all: self.0.clone(), key: key.clone() };
        let work = work(before.is_some());
        let turn = tokio::spawn(async move {
            if let Some(before) = before {
                before.await;
            }
            begun.now();
            work.await
        });
        // A task of its own: a panic costs only the requests that wait for it their result.
        let turn = AbortOnDropHandle::new(turn).map(Result::ok).boxed().shared();
        turns.next = turn.downgrade();
        (turn, false)
    }
}

impl<K, T> Default for Gather<K, T> {
    fn default() -> Gather<K, T> {
        Gather(Arc::default())
    }
}

/// A turn of a key, from before it begins to after its end.
struct Begun<K: Eq + Hash, T> {
    all: Arc<Mutex<HashMap<K, Turns<T>>>>,
    key: K,
}

impl<K: Eq + Hash, T> Begun<K, T> {
    /// Closes the turn to further requests.
    fn now(&self) {
        if let Some(turns) = self.all.lock().get_mut(&self.key) {
            turns.under_way = turns.next.take();
        }
    }
}

impl<K: Eq + Hash, T> Drop for Begun<K, T> {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        let awaited = |turns: &Turns<T>| turns.next.as_ref().and_then(WeakShared::upgrade).is_some();
        if all.get(&self.key).is_some_and(|turns| !awaited(turns)) {
            all.remove(&self.key);
        }
    }
}

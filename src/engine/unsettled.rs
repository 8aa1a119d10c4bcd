//! Tracks writes until they have reached the cache, so that none is lost on the way.
//!
//! A write that has begun in the store is brought to the cache, whatever happens to the request. If a panic
//! drops it in between, its types are voided. A shutdown waits for the others.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::Core;

/// The number of unsettled writes.
pub(super) type Writing = Arc<watch::Sender<usize>>;

/// A write to these types, until the cache is right again.
pub(super) struct Unsettled {
    core: Arc<Core>,
    types: Vec<Arc<str>>,
}

impl Core {
    /// Registers a write; call this before the store is asked to write.
    pub(super) fn unsettled(self: &Arc<Self>, types: impl IntoIterator<Item = Arc<str>>) -> Unsettled {
        self.writing.send_modify(|writes| *writes += 1);
        Unsettled { core: self.clone(), types: types.into_iter().collect() }
    }

    /// Resolves once no write is under way, in the store or from there to the cache.
    pub(super) async fn settled(&self) {
        // Cannot fail: the sender is still here.
        let _ = self.writing.subscribe().wait_for(|writes| *writes == 0).await;
    }
}

impl Unsettled {
    /// Ends the write: the cache is right, or knows that it cannot be trusted.
    pub(super) fn settled(mut self) {
        self.types.clear();
    }
}

impl Drop for Unsettled {
    fn drop(&mut self) {
        let (core, types) = (self.core.clone(), std::mem::take(&mut self.types));
        let end = |core: &Core| core.writing.send_modify(|writes| *writes -= 1);
        match Handle::try_current() {
            Ok(runtime) if !types.is_empty() => {
                runtime.spawn(async move {
                    core.void_unknown(types).await;
                    end(&core);
                });
            }
            _ => end(&core),
        }
    }
}

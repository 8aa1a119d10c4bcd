//! Writes that are between the store and the cache: they must not be lost there.
//!
//! A write that has begun in the store is brought to the cache whatever becomes of the request. One that is dropped in
//! between, because something panicked, has its types voided. Whoever ends the program waits for the others.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::Core;

/// How many writes are unsettled.
pub(super) type Writing = Arc<watch::Sender<usize>>;

/// A write of these types, until the cache is right again.
pub(super) struct Unsettled {
    core: Arc<Core>,
    types: Vec<Arc<str>>,
}

impl Core {
    /// To be called before the store is asked to write.
    pub(super) fn unsettled(self: &Arc<Self>, types: impl IntoIterator<Item = Arc<str>>) -> Unsettled {
        self.writing.send_modify(|writes| *writes += 1);
        Unsettled { core: self.clone(), types: types.into_iter().collect() }
    }

    /// Resolves when no write is between the store and the cache.
    pub(super) async fn settled(&self) {
        // The sender is here.
        let _ = self.writing.subscribe().wait_for(|writes| *writes == 0).await;
    }
}

impl Unsettled {
    /// The cache is right, or knows that it is not to be trusted.
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

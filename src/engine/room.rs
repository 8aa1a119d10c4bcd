//! Has the cache make room for lists when it has none: one that is asked for often must not stay uncached because of many
//! that were asked for once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Core;

impl Core {
    /// Has room made among what is cached of these types, beside the caller and once at a time. What found no room was read
    /// from the store; the next time there is some.
    pub(super) fn make_room(&self, types: BTreeSet<Arc<str>>) {
        if types.is_empty() || self.making_room.swap(true, Ordering::AcqRel) {
            return;
        }
        let (cache, metrics, making_room) =
            (self.cache.clone(), self.metrics.clone(), self.making_room.clone());
        self.tasks.spawn_until_end(async move {
            for ty in types {
                match cache.make_room(&ty).await {
                    Ok(removed) => metrics.cache_made_room(removed),
                    Err(error) => tracing::debug!(ty = &*ty, %error, "no room could be made for lists"),
                }
            }
            making_room.store(false, Ordering::Release);
        });
    }
}

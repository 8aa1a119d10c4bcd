//! When a write that did not reach the cache may be acknowledged: as soon as no read can be served what was
//! before it. The control record in the store tells, which a server that is cut off from the cache can see.

use std::time::{Duration, Instant};

use super::patience;
use crate::engine::Core;
use crate::value::Time;

/// Pause between two looks at the control record; pauses grow up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LAST_PAUSE: Duration = Duration::from_millis(100);

impl Core {
    /// Resolves when every read that begins later sees the state of `at`, of a write committed before `committed`.
    pub(in crate::engine) async fn followed(&self, at: Time, committed: Instant) {
        let (Some(freshness), Some(follow)) = (self.options.limits.freshness, self.store.follow()) else {
            return;
        };
        let deployment = &self.options.deployment;
        let told = async {
            // If this fails, the leader's next beat tells as well, only later.
            let _ = follow.poke(deployment).await;
            let mut pause = FIRST_PAUSE;
            loop {
                match self.control(follow, at).await {
                    // Nobody has ever vouched for the cache.
                    Ok(None) => return,
                    // The leader has brought the write to the cache.
                    Ok(Some((control, _))) if control.applied >= at => return,
                    // A voucher is given after a beat, and any that was given after an earlier one has ended.
                    Ok(Some((_, unchanged))) if unchanged >= patience(freshness) => return,
                    Ok(Some(_)) | Err(_) => {}
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LAST_PAUSE);
            }
        };
        // A voucher that counts later than this was asked for after the commit.
        let end = committed + patience(freshness);
        self.metrics.tail_waited();
        let _ = tokio::time::timeout_at(end.into(), told).await;
    }
}

//! Follows the store: brings every change, whoever made it, to the cache, and vouches for the cache.
//!
//! Of the servers that share a cache, one leads. It reads the store's feed, applies each event by the same
//! steps as a writer, and renews the control record in the store ("beats"). Once the feed has delivered a beat,
//! all changes before it are in the cache, and the leader vouches for the cache: everybody may read it for
//! a while, counted from a moment before the beat.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use self::keys::Unkeyed;
use self::term::Vouched;
use super::Core;
use crate::cache::CacheError;
use crate::schema::Model;
use crate::store::follow::{Beat, Control, FeedError, Led};
use crate::store::{Follow, StoreError};

mod acknowledge;
mod apply;
mod clock;
mod election;
mod keys;
mod pause;
mod term;

/// Pause between two attempts, and before the first one after a term that has served a while.
const PAUSE: Duration = Duration::from_millis(200);
const SHORT_PAUSE: Duration = Duration::from_millis(10);
/// Clocks that run this much faster or slower than each other do no harm, nor one that is set by so much of what a voucher
/// counts for: one part in so many.
const DRIFT: u32 = 20;

/// What this server knows of the control record and of its own part in it.
#[derive(Default)]
pub(super) struct Tail {
    /// The control record as last seen, and since when it has been the same.
    seen: Mutex<Option<(Control, Instant)>>,
    /// The next beat, as far as it is known, while this server leads.
    leads: Mutex<Option<Beat>>,
    /// Documents that may keep wrong values of unique keys.
    unkeyed: Unkeyed,
}

/// Why a term, or an attempt at it, has ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("another server leads now")]
    Deposed,
    #[error(
        "the servers of the deployment {0:?} over this database use another Redis: give those that share a Redis a \
         `deployment` of their own"
    )]
    Elsewhere(String),
    #[error("the cache has been cleared, or has gone back to an earlier state")]
    Cleared,
    #[error("the cache's clock has been changed")]
    Clock,
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Ended {
        Ended::Feed(FeedError::Store(error))
    }
}

impl Core {
    /// Follows the store for ever, if the cache is one that is followed.
    pub(super) async fn follow(self: Arc<Self>) {
        let (Some(freshness), Some(follow)) = (self.options.limits.freshness, self.store.follow()) else {
            return;
        };
        let (mut told, mut begun) = (Told::default(), Instant::now());
        loop {
            let elected = self.elected(follow).await;
            if !matches!(elected, Err(Ended::Elsewhere(_))) {
                begun = Instant::now();
            }
            match elected {
                Ok(Some((led, vouched))) => {
                    // A leader that died has told nobody which documents it still had to write.
                    self.look_at_keys();
                    tokio::select! {
                        () = self.lead(follow, freshness, led, vouched, &mut told) => {}
                        () = self.keep_keys(follow) => {}
                    }
                }
                Ok(None) => {}
                // For a moment this is so whenever Redis has been replaced.
                Err(Ended::Elsewhere(_)) if begun.elapsed() < patience(freshness) * 2 => {}
                Err(error) => told.tell(&error),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Leads until another server does. Each failure begins the term anew, from what the cache has.
    async fn lead(
        &self,
        follow: &dyn Follow,
        freshness: Duration,
        led: Led,
        mut vouched: Vouched,
        told: &mut Told,
    ) {
        let term = led.term;
        let after = self.cache.shared().then_some(led);
        *self.tail.leads.lock() = Some(Beat { after, ..Beat::default() });
        tracing::info!(term, "following the store's changes on behalf of the cache");
        let mut lost = false;
        loop {
            let begun = Instant::now();
            let ended = self.serve_term(follow, freshness, term, &mut vouched, lost, told).await;
            self.metrics.tail_ended();
            lost = matches!(ended, Ended::Feed(FeedError::Lost(_)));
            told.tell(&ended);
            if matches!(ended, Ended::Deposed) {
                *self.tail.leads.lock() = None;
                return;
            }
            tokio::time::sleep(if begun.elapsed() > PAUSE { SHORT_PAUSE } else { PAUSE }).await;
        }
    }

    /// Leaves the lead, so that another server need not wait.
    pub(super) async fn resign(&self) {
        let Some(last) = self.tail.leads.lock().take() else { return };
        if let Some(follow) = self.store.follow()
            && last.after.is_some()
        {
            // Without it, the others take the lead a little later.
            let _ = follow.beat(&self.options.deployment, &Beat { free: true, ..last }).await;
        }
    }

    /// Whether the cache may be read now.
    pub(super) async fn vouched(&self) -> bool {
        self.options.limits.freshness.is_none() || self.cache.vouched().await.unwrap_or(false)
    }
}

/// Names the collections that servers of a model follow. Two servers of the same scope have the same types, in the same
/// collections.
pub(super) fn scope(model: &Model) -> String {
    let mut types: Vec<String> =
        model.collections.iter().map(|ty| format!("{}={}", ty.name, ty.collection)).collect();
    types.sort();
    hex::encode(&Sha256::digest(types.join(",").as_bytes())[..8])
}

/// Logs each change of the reason once.
#[derive(Default)]
struct Told(Option<String>);

impl Told {
    fn tell(&mut self, ended: &Ended) {
        let reason = ended.to_string();
        if self.0.as_ref() != Some(&reason) {
            match ended {
                Ended::Deposed => tracing::info!("{reason}"),
                Ended::Cache(CacheError::Unavailable(_) | CacheError::Bypassed) => {
                    tracing::debug!(reason, "the cache cannot be followed");
                }
                _ => tracing::warn!(reason, "the cache is not read until its tailer has caught up"),
            }
        }
        self.0 = Some(reason);
    }

    fn well(&mut self) {
        self.0 = None;
    }
}

/// How long a voucher counts by any clock, when it was given for `freshness` by one of them.
fn patience(freshness: Duration) -> Duration {
    freshness + freshness / DRIFT
}

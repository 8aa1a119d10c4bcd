//! The keys of an issuer that a server has (a JWK set): fetched in the background, and anew for a key that is unknown.
//!
//! One task does all fetching, so however many requests wait for an unknown key, there is one fetch for them, and
//! never more than one in a pause. What was fetched last counts until the next fetch succeeds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use jsonwebtoken::Algorithm;
use parking_lot::RwLock;
use tokio::sync::{Notify, watch};
use tokio_util::task::AbortOnDropHandle;

use super::Denied;
use super::key::Key;
use crate::config::JwksSettings;
use crate::metrics::{JwksResult, Metrics};

mod fetch;
mod held;

use fetch::{Fetcher, Unfetched};
use held::Held;

/// Pause after a fetch that failed, at the least: unknown keys alone may ask for the next one earlier.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

pub(super) struct Jwks {
    shared: Arc<Shared>,
    /// Ends with this value.
    _fetching: AbortOnDropHandle<()>,
}

struct Shared {
    settings: JwksSettings,
    /// Name of the table in the settings, for the log.
    place: String,
    held: RwLock<Held>,
    /// A request waits for a key.
    wanted: Notify,
    last: watch::Sender<Option<Last>>,
    metrics: Arc<Metrics>,
}

/// The last fetch that ended.
#[derive(Clone, Copy)]
struct Last {
    ended: Instant,
    succeeded: bool,
}

impl Jwks {
    /// Begins to fetch. Fails when HTTP cannot be used at all.
    pub(super) fn new(settings: JwksSettings, place: &str, metrics: Arc<Metrics>) -> Result<Jwks, String> {
        let fetcher = Fetcher::new(&settings).map_err(|error| format!("`{place}.jwks`: {error}"))?;
        let shared = Arc::new(Shared {
            settings,
            place: place.to_owned(),
            held: RwLock::default(),
            wanted: Notify::new(),
            last: watch::Sender::new(None),
            metrics,
        });
        let fetching = tokio::spawn(keep_fetching(shared.clone(), fetcher));
        Ok(Jwks { shared, _fetching: AbortOnDropHandle::new(fetching) })
    }

    /// The keys that a token may be signed with that names this key, or none.
    pub(super) async fn find(
        &self,
        name: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<Arc<Key>>, Denied> {
        let shared = &self.shared;
        // From here on, no end of a fetch is missed.
        let mut fetches = shared.last.subscribe();
        let held = || shared.held.read().find(name, algorithm, Instant::now());
        let keys = held()?;
        if !keys.is_empty() {
            return Ok(keys);
        }
        let last = *fetches.borrow_and_update();
        if let Some(last) = last.filter(|last| last.ended.elapsed() < shared.settings.pause) {
            return Err(last.unknown());
        }
        shared.wanted.notify_one();
        fetches.changed().await.map_err(|_| Denied::KeysAway)?;
        let last = *fetches.borrow();
        let keys = held()?;
        match keys.is_empty() {
            true => Err(last.map_or(Denied::KeysAway, Last::unknown)),
            false => Ok(keys),
        }
    }

    /// Whether a key is still one of the issuer's, or has been until lately.
    pub(super) fn honours(&self, key: &Arc<Key>) -> bool {
        self.shared.held.read().honours(key, Instant::now())
    }
}

impl Last {
    /// What is known of a key that is not there.
    fn unknown(self) -> Denied {
        if self.succeeded { Denied::UnknownKey } else { Denied::KeysAway }
    }
}

async fn keep_fetching(shared: Arc<Shared>, fetcher: Fetcher) {
    let mut well = true;
    loop {
        let fetched = fetcher.keys().await;
        let succeeded = fetched.is_ok();
        shared.metrics.jwks_fetched(match &fetched {
            Ok(_) => JwksResult::Fetched,
            Err(Unfetched::Away(_)) => JwksResult::Away,
            Err(Unfetched::Garbage(_)) => JwksResult::Garbage,
        });
        match fetched {
            Ok(keys) => {
                if !well {
                    tracing::info!(issuer = shared.place, "the issuer's keys can be fetched again");
                }
                shared.held.write().replace(keys, Instant::now(), shared.settings.keep);
            }
            // One line for each outage, not for each attempt.
            Err(unfetched) if well => {
                tracing::warn!(
                    issuer = shared.place,
                    cause = %unfetched,
                    "the issuer's keys cannot be fetched; those that are known go on"
                );
            }
            Err(_) => {}
        }
        well = succeeded;
        let ended = Instant::now();
        // Whoever has asked by now waits for this fetch, and gets its result.
        let _ = shared.wanted.notified().now_or_never();
        shared.last.send_replace(Some(Last { ended, succeeded }));
        let JwksSettings { refresh, pause, .. } = shared.settings;
        let next = if well { refresh } else { refresh.min(pause.max(AFTER_FAILURE)) };
        let wanted = async {
            loop {
                shared.wanted.notified().await;
                if ended.elapsed() >= pause {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(next, wanted).await;
    }
}

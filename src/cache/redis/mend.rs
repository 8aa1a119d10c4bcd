//! Makes the cache trustworthy at the start and after each loss: connects, voids what may be stale, and
//! removes what is void.
//!
//! The order matters: writes use the new connection *before* the voiding begins. So any write that did not
//! reach Redis was committed before the voiding, and nothing that was read from the store before then
//! survives the voiding.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio_util::task::AbortOnDropHandle;

use super::connect::{Connected, Connector};
use super::keys::Tag;
use super::link::Link;
use super::phase::Session;
use super::trust::{Losses, Trust};
use crate::cache::{CacheError, CacheLimits};
use crate::metrics::Metrics;
use crate::probe::without::{Mechanism, without};

/// Pause before the first retry; pauses grow up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// Connects for the first time. If Redis is away, keeps trying in the background: the server can do without
/// it. The task that does so ends with its handle.
pub(super) async fn open(
    connector: Connector,
    tag: Tag,
    limits: CacheLimits,
    metrics: Arc<Metrics>,
) -> Result<(Arc<Link>, AbortOnDropHandle<()>), CacheError> {
    let (trust, losses) = Trust::new(connector.server().to_owned());
    let link = Arc::new(Link::new(tag, limits, trust, metrics));
    let lost = match begin(&connector, &link, false).await {
        Err(CacheError::Unavailable(reason)) => {
            tracing::warn!(server = connector.server(), reason, "the cache is out of reach and not used");
            true
        }
        result => result.map(|()| false)?,
    };
    let keeper = tokio::spawn(keep(connector, Arc::downgrade(&link), losses, lost));
    Ok((link, AbortOnDropHandle::new(keeper)))
}

/// Mends the cache after each loss, for as long as the cache exists.
async fn keep(connector: Connector, link: Weak<Link>, mut losses: Losses, mut lost: bool) {
    loop {
        if lost {
            mend(&connector, &link).await;
        }
        lost = losses.recv().await.is_some();
        if !lost {
            return;
        }
    }
}

/// Retries until the connection works or the cache no longer exists. That the cache is away has been logged
/// already; errors that waiting does not fix are logged too, once.
async fn mend(connector: &Connector, link: &Weak<Link>) {
    let (server, mut pause, mut told) = (connector.server(), FIRST_PAUSE, None);
    loop {
        let Some(alive) = link.upgrade() else { return };
        match begin(connector, &alive, true).await {
            Ok(()) => {
                if alive.limits.freshness.is_some() {
                    tracing::info!(server, "the cache is used again");
                    return;
                }
                tracing::info!(server, "the cache has been cleared and is used again");
                // Only memory is at stake, since everything there is void. The next loss need not wait for it.
                tokio::spawn(async move { alive.remove_void().await });
                return;
            }
            Err(CacheError::Internal(reason)) => {
                if told.as_ref() != Some(&reason) {
                    tracing::warn!(server, reason, "the cache cannot be used");
                }
                told = Some(reason);
            }
            Err(error) => {
                tracing::debug!(server, %error, ?pause, "the cache is still out of reach");
            }
        }
        drop(alive);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// Connects, voids the cached data if it may be stale, and starts to trust the cache.
async fn begin(connector: &Connector, link: &Link, stale: bool) -> Result<(), CacheError> {
    let (number, followed) = (link.trust().next(), link.limits.freshness.is_some());
    let (trust, replaced) = (link.shared_trust(), Arc::new(AtomicBool::new(false)));
    let heard = replaced.clone();
    let on_replaced = move || {
        // A cache that is not followed notices by its meta hash.
        if followed && !without(Mechanism::Tracking) {
            heard.store(true, Ordering::Release);
            trust.distrust(number, "its data have been replaced");
        }
    };
    let Connected { connection, run_id, began } = connector.connect(on_replaced).await?;
    let node = run_id.as_str().into();
    link.trust().mending(Session { number, connection, node, began, since: Instant::now() });
    if replaced.load(Ordering::Acquire) {
        return Err(link.trust().distrust(number, "its data have been replaced"));
    }
    let prepare = async {
        // What a followed cache has missed is in the store's feed, and the voucher tells when it is here.
        if !followed && (stale || link.epoch.run_id().await?.as_deref() != Some(run_id.as_str())) {
            link.epoch.void(&run_id).await
        } else {
            link.epoch.learn_mark().await
        }
    };
    prepare.await.map_err(|error| link.trust().distrust(number, &error.to_string()))?;
    link.trust().mended(number)
}

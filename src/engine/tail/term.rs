//! One term, or one attempt at it: adopts the cache, applies the feed, beats, and vouches.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

use super::clock::{Clock, Reading};
use super::pause::Pause;
use super::{Ended, Told, patience};
use crate::cache::{Adoption, Mark, Standing, Voucher};
use crate::engine::Core;
use crate::probe::Point;
use crate::probe::without::{Mechanism, without};
use crate::store::Follow;
use crate::store::follow::{Beat, Event, Feed, FeedError, From, Led};
use crate::value::Time;

/// Beats in the time for which a voucher counts.
const BEATS: u32 = 8;
/// Batches of events that are read ahead.
const AHEAD: usize = 2;

/// A batch of events, and the place after it.
type Batch = (Vec<Event>, Option<Vec<u8>>);

/// A term under way.
struct Term<'a> {
    core: &'a Core,
    follow: &'a dyn Follow,
    number: u64,
    standing: Standing,
    /// The time up to which the cache has all changes.
    applied: Time,
    clock: Clock,
    vouched: &'a mut Vouched,
}

/// The process of the cache that was vouched for last. Each voucher was asked for before a beat.
pub(super) struct Vouched {
    pub(super) node: String,
    /// When the last beat was known to have been made.
    pub(super) beaten: Instant,
}

/// A beat that the feed has not delivered yet: its time, and a reading of the cache's clock from before it.
struct Asked {
    at: Time,
    by_clock: u64,
}

impl Core {
    /// Serves a term until it ends. `lost` says that the feed cannot be read on from where the cache stands.
    pub(super) async fn serve_term(
        &self,
        follow: &dyn Follow,
        freshness: Duration,
        number: u64,
        vouched: &mut Vouched,
        lost: bool,
        told: &mut Told,
    ) -> Ended {
        let served = async {
            let standing = self.cache.standing().await?;
            let another = !vouched.node.is_empty() && vouched.node != standing.node;
            if another && !without(Mechanism::OldVoucher) {
                // The process that was vouched for before may still be read.
                tokio::time::sleep_until((vouched.beaten + patience(freshness)).into()).await;
            }
            vouched.node.clone_from(&standing.node);
            let clock = Clock::new(freshness);
            let term = Term { core: self, follow, number, standing, applied: Time(0), clock, vouched };
            term.serve(freshness, lost, told).await
        };
        match served.await {
            Ok(never) => match never {},
            Err(ended) => ended,
        }
    }
}

impl Term<'_> {
    async fn serve(
        mut self,
        freshness: Duration,
        lost: bool,
        told: &mut Told,
    ) -> Result<std::convert::Infallible, Ended> {
        let begun = self.beat().await?;
        let place = self.standing.place.clone().filter(|_| !lost && !without(Mechanism::Place));
        let (feed, mark) = match self.resumed(place).await? {
            Some(resumed) => resumed,
            None => self.anew(begun).await?,
        };
        let pause = Arc::new(Pause::default());
        let (_reader, mut batches) = read_ahead(feed, pause.clone());
        let mut ticks = interval(freshness / BEATS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut asked: Option<Asked> = None;
        let mut read = Vec::with_capacity(AHEAD);
        loop {
            let beat = tokio::select! {
                // All that has been read meanwhile, or a cache that is slow would be further behind with each batch.
                _ = batches.recv_many(&mut read, AHEAD) => {
                    let (events, place) = together(read.drain(..))?;
                    self.core.passes(Point::TailReceived).await;
                    let heard = self.core.apply(mark, events).await?;
                    pause.heard(&heard);
                    self.applied = self.applied.max(heard.covered.unwrap_or_default());
                    if let (Some(beat), Some(place)) = (&asked, place)
                        && beat.at <= self.applied
                    {
                        self.core.passes(Point::TailApplied).await;
                        self.vouch(beat.by_clock, place).await?;
                        told.well();
                        asked = None;
                    }
                    heard.poked
                }
                _ = ticks.tick() => true,
            };
            if beat {
                let by_clock = self.read_clock().await?;
                let at = self.beat().await?;
                // An earlier one is delivered sooner; a later one would have to be waited for again.
                asked.get_or_insert(Asked { at, by_clock });
            }
        }
    }

    async fn read_clock(&mut self) -> Result<u64, Ended> {
        let asked = Instant::now();
        let now = self.core.cache.clock().await?;
        self.clock.check(Reading { now, asked, heard: Instant::now() })
    }

    async fn beat(&mut self) -> Result<Time, Ended> {
        let tail = &self.core.tail;
        let after = tail.leads.lock().as_ref().and_then(|beat| beat.after);
        let beat = Beat { after, applied: self.applied, node: self.standing.node.clone(), free: false };
        let beaten = self.follow.beat(&self.core.options.deployment, &beat).await?;
        let (number, at) = beaten.ok_or(Ended::Deposed)?;
        self.vouched.beaten = Instant::now();
        let after = after.map(|after| Led { beat: number, ..after });
        *tail.leads.lock() = Some(Beat { after, ..beat });
        Ok(at)
    }

    /// Takes the cache over as it is, with the feed from its place on. `None` if that place is not known, or the feed
    /// does not reach back to it.
    async fn resumed(&self, place: Option<Vec<u8>>) -> Result<Option<(Box<dyn Feed>, Mark)>, Ended> {
        let Some(place) = place else { return Ok(None) };
        match self.follow.feed(&self.core.options.deployment, &From::Place(place)).await {
            Ok(feed) => Ok(Some((feed, self.adopt(None).await?))),
            Err(FeedError::Lost(reason)) => {
                tracing::warn!(
                    reason,
                    "what has changed since the cache was last followed is unknown: it is cleared"
                );
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Voids the cache, and takes it over with the feed from `begun` on.
    async fn anew(&self, begun: Time) -> Result<(Box<dyn Feed>, Mark), Ended> {
        let feed = self.follow.feed(&self.core.options.deployment, &From::Time(begun)).await?;
        self.core.look_at_keys();
        let kept = without(Mechanism::Place) || without(Mechanism::PlaceLost);
        Ok((feed, self.adopt(Some(begun).filter(|_| !kept)).await?))
    }

    async fn adopt(&self, void: Option<Time>) -> Result<Mark, Ended> {
        let (term, session) = (self.number, self.standing.session);
        Ok(self.core.cache.adopt(&Adoption { term, session, void }).await?)
    }

    async fn vouch(&self, asked: u64, place: Vec<u8>) -> Result<(), Ended> {
        let (term, session, applied) = (self.number, self.standing.session, self.applied);
        let voucher = Voucher { term, session, place, applied, asked };
        match self.core.cache.vouch(&voucher).await? {
            true => Ok(()),
            false => Err(Ended::Cleared),
        }
    }
}

/// Reads a feed in a task of its own: reading must not be broken off in the middle.
fn read_ahead(
    mut feed: Box<dyn Feed>,
    pause: Arc<Pause>,
) -> (AbortOnDropHandle<()>, mpsc::Receiver<Result<Batch, FeedError>>) {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let reader = tokio::spawn(async move {
        let mut last = Instant::now();
        loop {
            let next = feed.next().await;
            let since = std::mem::replace(&mut last, Instant::now()).elapsed();
            let failed = next.is_err();
            let changed = |event: &&Event| matches!(event, Event::Changed(_));
            let changes = next.as_ref().map_or(0, |events| events.iter().filter(changed).count());
            let next = next.map(|events| (events, feed.place()));
            if sender.send(next).await.is_err() || failed {
                return;
            }
            let pause = pause.after(u32::try_from(changes).unwrap_or(u32::MAX), since);
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
    });
    (AbortOnDropHandle::new(reader), receiver)
}

/// Batches that follow each other, as one.
fn together(read: impl Iterator<Item = Result<Batch, FeedError>>) -> Result<Batch, FeedError> {
    read.reduce(|all, next| {
        let ((mut events, _), (more, place)) = (all?, next?);
        events.extend(more);
        Ok((events, place))
    })
    .unwrap_or_else(|| Err(FeedError::Lost("the feed has ended".to_owned())))
}

//! Tracks how far this server has read the cache's journal, and so whether its kept answers still hold.
//!
//! A look at the journal serves all requests that arrived before it began. Requests that arrive during a look
//! gather for the next one. So a look sees every write acknowledged before the request arrived, and under
//! load many requests share one small question to the cache.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::RwLock;
use tracing::Instrument;

use super::gather::Gather;
use crate::cache::{Cache, JOURNAL, News, Place, Topic};
use crate::metrics::{Joined, Metrics};
use crate::telemetry::traced;

/// How many changes are remembered. A read from before the oldest of them can no longer be judged.
const REMEMBERED: usize = 4 * JOURNAL as usize;

/// Reads the journal on behalf of all requests.
pub(super) struct Watch {
    cache: Arc<dyn Cache>,
    metrics: Arc<Metrics>,
    looks: Gather<(), Option<Place>>,
    known: RwLock<Known>,
}

/// The part of the journal that this server has read.
#[derive(Default)]
struct Known {
    /// How far the journal has been read; `None` when nothing is known.
    place: Option<Place>,
    /// Changes of this epoch up to this number are not remembered.
    from: u64,
    /// The latest remembered change of each topic.
    last: HashMap<Topic, u64>,
    /// The remembered changes, oldest first.
    order: VecDeque<Topic>,
}

impl Watch {
    pub(super) fn new(cache: Arc<dyn Cache>, metrics: Arc<Metrics>) -> Arc<Watch> {
        Arc::new(Watch { cache, metrics, looks: Gather::default(), known: RwLock::default() })
    }

    /// How far the journal has been read so far.
    pub(super) fn place(&self) -> Option<Place> {
        self.known.read().place
    }

    /// Reads the journal, with a look that begins after this call. `None` when there is no journal or the
    /// cache is out of reach.
    pub(super) async fn look(self: &Arc<Self>) -> Option<Place> {
        let watch = self.clone();
        let (look, joined) = self.looks.join(&(), |_| {
            // Traced as part of the request that asked first.
            let span = traced!("engine look");
            let look = async move {
                let since = watch.place();
                // A failed look changes nothing: what is known stays known, and the next look continues from there.
                let news = watch.cache.news(since).await.ok()?;
                watch.known.write().learn(news)
            };
            look.instrument(span)
        });
        if joined {
            self.metrics.cache_joined(Joined::Look, 1);
        }
        look.await.flatten()
    }

    /// Checks that none of these topics (which must be sorted) has changed since the place. Returns the place
    /// up to which that is known: the end of the last look, or later.
    pub(super) fn unchanged(&self, topics: &[Topic], since: Place) -> Option<Place> {
        let known = self.known.read();
        let place = known.place.filter(|place| place.mark == since.mark)?;
        known.unchanged(topics, since.number, place.number).then_some(place)
    }
}

impl Known {
    fn learn(&mut self, news: Option<News>) -> Option<Place> {
        let Some(News { place, changed }) = news else {
            *self = Known::default();
            return None;
        };
        match (self.place, changed) {
            (Some(here), Some(changed)) if here.mark == place.mark => {
                for (number, topic) in (here.number + 1..).zip(changed) {
                    self.last.insert(topic, number);
                    self.order.push_back(topic);
                }
                while self.order.len() > REMEMBERED {
                    self.forget_oldest();
                }
            }
            _ => *self = Known { from: place.number, ..Known::default() },
        }
        self.place = Some(place);
        self.place
    }

    /// Whether no change after `since`, up to `now`, is about one of the topics. Walks the changes or the
    /// topics, whichever are fewer.
    fn unchanged(&self, topics: &[Topic], since: u64, now: u64) -> bool {
        if since == now {
            return true;
        }
        if !(self.from..now).contains(&since) {
            return false;
        }
        let seen = usize::try_from(since - self.from).unwrap_or(usize::MAX).min(self.order.len());
        let changes = self.order.range(seen..);
        if changes.len() < topics.len() {
            return changes.into_iter().all(|changed| topics.binary_search(changed).is_err());
        }
        topics.iter().all(|topic| self.last.get(topic).is_none_or(|number| *number <= since))
    }

    fn forget_oldest(&mut self) {
        let Some(topic) = self.order.pop_front() else { return };
        self.from += 1;
        if self.last.get(&topic) == Some(&self.from) {
            self.last.remove(&topic);
        }
    }
}

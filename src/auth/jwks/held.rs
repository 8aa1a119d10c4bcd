//! The keys of an issuer as of the last fetch, and those that have vanished lately.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jsonwebtoken::Algorithm;

use crate::auth::Denied;
use crate::auth::key::Key;

/// Vanished keys at the most; the oldest give way.
const MOST_VANISHED: usize = 100;

#[derive(Default)]
pub(super) struct Held {
    present: Vec<Arc<Key>>,
    /// Oldest first, each with the time until which it is honoured.
    vanished: Vec<(Arc<Key>, Instant)>,
}

impl Held {
    /// Takes over a new set. Keys that it does not have are honoured for a while: tokens that were signed with them
    /// just before are still on their way.
    pub(super) fn replace(&mut self, keys: Vec<Arc<Key>>, now: Instant, keep: Duration) {
        self.vanished.retain(|(_, until)| *until > now);
        let known = |key: Arc<Key>| {
            let vanished = self.vanished.iter().map(|(key, _)| key);
            self.present.iter().chain(vanished).find(|known| known.is_same(&key)).cloned().unwrap_or(key)
        };
        let present: Vec<Arc<Key>> = keys.into_iter().map(known).collect();
        let is_gone = |key: &Arc<Key>| !present.iter().any(|present| Arc::ptr_eq(present, key));
        self.vanished.retain(|(key, _)| is_gone(key));
        let gone = self.present.drain(..).filter(is_gone);
        self.vanished.extend(gone.map(|key| (key, now + keep)));
        self.present = present;
        let surplus = self.vanished.len().saturating_sub(MOST_VANISHED);
        self.vanished.drain(..surplus);
    }

    /// The keys with a name that can be used in this way; without a name, the only one.
    pub(super) fn find(
        &self,
        name: Option<&str>,
        algorithm: Algorithm,
        now: Instant,
    ) -> Result<Vec<Arc<Key>>, Denied> {
        let fits = |key: &&Arc<Key>| key.fits(algorithm);
        if name.is_none() {
            let keys: Vec<_> = self.present.iter().filter(fits).cloned().collect();
            return if keys.len() > 1 { Err(Denied::UnnamedKey) } else { Ok(keys) };
        }
        let vanished = self.vanished.iter().filter(|(_, until)| *until > now).map(|(key, _)| key);
        let keys = self.present.iter().chain(vanished).filter(fits);
        Ok(keys.filter(|key| key.name.as_deref() == name).cloned().collect())
    }

    pub(super) fn honours(&self, key: &Arc<Key>, now: Instant) -> bool {
        self.present.iter().any(|present| Arc::ptr_eq(present, key))
            || self.vanished.iter().any(|(vanished, until)| *until > now && Arc::ptr_eq(vanished, key))
    }
}

//! Which server leads: the one whose term stands in the control record. Another one takes over when the record
//! has not changed for a while, by the other's own clock.

use std::time::{Duration, Instant};

use super::Ended;
use super::term::Vouched;
use crate::engine::Core;
use crate::store::follow::{Control, Led};
use crate::store::{Follow, StoreError};
use crate::value::Time;

/// How long a leader may be silent.
const SILENCE: Duration = Duration::from_secs(2);

impl Core {
    /// Takes the lead if nobody has it. Returns the new term, and the process that the former leader vouched for.
    pub(super) async fn elected(&self, follow: &dyn Follow) -> Result<Option<(Led, Vouched)>, Ended> {
        if !self.cache.shared() {
            let nobody = Vouched { node: String::new(), beaten: Instant::now() };
            return Ok(Some((Led::default(), nobody)));
        }
        // A server that cannot reach the cache is not able to lead.
        self.cache.clock().await?;
        let seen = self.control(follow, Time(0)).await?;
        if let Some((control, unchanged)) = &seen
            && !control.free
            && *unchanged < SILENCE
        {
            let elsewhere = !control.node.is_empty() && self.cache.standing().await?.node != control.node;
            let deployment = self.options.deployment.clone();
            return if elsewhere { Err(Ended::Elsewhere(deployment)) } else { Ok(None) };
        }
        let (former, unchanged) = seen.unzip();
        let beaten = Instant::now() - unchanged.unwrap_or_default();
        let led = follow.lead(&self.options.deployment, former.as_ref()).await?;
        Ok(led.map(|led| (led, Vouched { node: former.unwrap_or_default().node, beaten })))
    }

    /// The control record, no older than `at`, and how long this server has seen no beat.
    pub(super) async fn control(
        &self,
        follow: &dyn Follow,
        at: Time,
    ) -> Result<Option<(Control, Duration)>, StoreError> {
        let asked = Instant::now();
        let Some(control) = follow.control(&self.options.deployment, at).await? else { return Ok(None) };
        let mut seen = self.tail.seen.lock();
        let same = |known: &Control| (known.term, known.beat) == (control.term, control.beat);
        let since = match &*seen {
            Some((known, since)) if same(known) => *since,
            _ => Instant::now(),
        };
        *seen = Some((control.clone(), since));
        Ok(Some((control, asked.saturating_duration_since(since))))
    }
}

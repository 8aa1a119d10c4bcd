//! Following the store, in Redis: the voucher is a key that Redis lets expire, and names the process of Redis
//! that it was given to. A snapshot, a replica or another process has none that counts.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use redis::{Cmd, Value};

use super::link::{Link, millis};
use super::phase::{Need, Session};
use super::reply::Answer;
use super::scripts::fresh;
use super::{journal, keys, reply, scripts};
use crate::cache::following::{Adoption, Standing, Voucher};
use crate::cache::{CacheError, Mark, Topic, registry};
use crate::probe::without::{Mechanism, without};
use crate::probe::{self, Point};
use crate::value::{Change, EntityRef, Time};

/// For how long remarks are gathered. The tailer reads several changes together as well.
const TOGETHER: Duration = Duration::from_millis(4);

impl Link {
    /// Sends commands that read cached data. Their answers count only if the cache is vouched for: the
    /// first answer tells, and the others are no older.
    pub async fn read(&self, mut commands: Vec<Cmd>) -> Result<Vec<Value>, CacheError> {
        if self.limits.freshness.is_none() {
            return self.ask(commands).await;
        }
        commands.insert(0, self.voucher());
        let mut answers = self.ask(commands).await?;
        let voucher = answers.remove(0);
        match self.counts(voucher)? || without(Mechanism::Voucher) {
            true => Ok(answers),
            false => Err(CacheError::Bypassed),
        }
    }

    /// Asks for the voucher.
    fn voucher(&self) -> Cmd {
        let mut get = redis::cmd("GET");
        get.arg(self.tag.voucher());
        get
    }

    /// Whether a voucher was given to the process that this session leads to, since the session began. One from
    /// before may be part of a snapshot that the process has loaded in between.
    fn counts(&self, voucher: Value) -> Result<bool, CacheError> {
        let Some(voucher) = reply::bytes(voucher)? else { return Ok(false) };
        let mut parts = std::str::from_utf8(&voucher).unwrap_or_default().splitn(3, ':');
        let (node, scope, asked) = (parts.next(), parts.next(), parts.next());
        let Some(asked) = asked.and_then(|asked| asked.parse::<u64>().ok()) else { return Ok(false) };
        if scope != Some(self.scope()) {
            return Ok(false);
        }
        // Looked at in place, because every read comes by here.
        let told = self.trust().with_session(|session| {
            let ours = node == Some(&*session.node) || without(Mechanism::VoucherProcess);
            let newer = asked > session.began || without(Mechanism::VoucherNewer);
            (ours && newer, (ours && !newer).then(|| (session.number, session.age())))
        });
        match told {
            Some((_, Some((number, age)))) if age > self.limits.freshness.unwrap_or_default() * 2 => {
                Err(self.trust().distrust(number, "its clock has gone back"))
            }
            Some((counts, _)) => Ok(counts),
            None => Ok(false),
        }
    }

    pub fn scope(&self) -> &str {
        self.scope.get().filter(|_| !without(Mechanism::Scope)).map_or("", String::as_str)
    }

    pub fn follows(&self, scope: &str) {
        // The first engine on a cache decides, and there is only one.
        let _ = self.scope.set(scope.to_owned());
    }

    pub async fn clock(&self) -> Result<u64, CacheError> {
        reply::milliseconds(self.ask(vec![redis::cmd("TIME")]).await?.pop().unwrap_or(Value::Nil))
    }

    pub async fn standing(&self) -> Result<Standing, CacheError> {
        let session = self.trust().current().map_or(0, |session| session.number);
        let mut get = redis::cmd("HMGET");
        get.arg(self.tag.meta()).arg(&["k", "c"]);
        let answer = self.ask(vec![get]).await?.pop().unwrap_or(Value::Nil);
        let mut fields = reply::items(answer)?.into_iter();
        let mut field = || reply::bytes(fields.next().unwrap_or(Value::Nil));
        let (place, scope) = (field()?, field()?);
        let place = place.filter(|_| scope.as_deref() == Some(self.scope().as_bytes()));
        Ok(Standing { node: self.in_session(session)?.node.to_string(), place, session })
    }

    pub async fn adopt(&self, adoption: &Adoption) -> Result<Mark, CacheError> {
        let session = self.in_session(adoption.session)?;
        let number = match without(Mechanism::Epoch) {
            true => self.epoch.learn_mark().await.map(|()| self.epoch.mark())?,
            false => fresh()?,
        };
        let mut call = self.voucher_call(&scripts::ADOPT, number);
        call.arg(owner(&session.node, adoption.term)).arg(self.scope());
        call.arg(adoption.void.map_or(String::new(), |time| keys::hex(time.0)));
        let mark = self.epoch.begun(call).await?;
        self.in_session(adoption.session).map(|_| Mark(mark))
    }

    /// In two steps: a voucher that arrives after Redis has gone back to a state from before the first one is
    /// refused, and after a later state everything that the tailer has brought is there.
    pub async fn vouch(&self, voucher: &Voucher) -> Result<bool, CacheError> {
        let Some(freshness) = self.limits.freshness else { return Ok(false) };
        let session = self.in_session(voucher.session)?;
        let (owner, number) = (owner(&session.node, voucher.term), keys::hex(fresh()?));
        let mut step = self.voucher_call(&scripts::STEP, fresh()?);
        step.arg(&owner).arg(&number);
        if !without(Mechanism::TwoSteps) {
            if reply::count(self.change(step.clone()).await?)? == 0 {
                return Ok(false);
            }
            self.in_session(voucher.session)?;
        }
        probe::point(self.tag.deployment(), Point::VoucherMarked).await;
        self.in_session(voucher.session)?;
        let ends = voucher.asked + millis(freshness);
        let mut call = self.voucher_call(&scripts::VOUCH, fresh()?);
        call.arg(&owner).arg(&number).arg(&voucher.place).arg(keys::hex(voucher.applied.0));
        call.arg(format!("{}:{}:{}", session.node, self.scope(), voucher.asked)).arg(ends);
        let calls = if without(Mechanism::TwoSteps) { vec![step, call] } else { vec![call] };
        let answer = self.send(Need::Change, calls).await?.pop().unwrap_or(Ok(Value::Nil));
        let vouched = reply::count(reply::value(answer)?)? == 1;
        self.in_session(voucher.session).map(|_| vouched)
    }

    /// Sends commands that bring changes. Tells also whether the cache was vouched for afterwards.
    pub async fn change_vouched(&self, mut commands: Vec<Cmd>) -> Result<(Vec<Answer>, bool), CacheError> {
        if self.limits.freshness.is_none() {
            return Ok((self.send(Need::Change, commands).await?, true));
        }
        commands.push(self.voucher());
        let mut answers = self.send(Need::Change, commands).await?;
        let voucher = answers.pop().unwrap_or(Ok(Value::Nil));
        let counts = reply::value(voucher).and_then(|voucher| self.counts(voucher)).unwrap_or(false);
        Ok((answers, counts))
    }

    pub async fn vouched(&self) -> Result<bool, CacheError> {
        let answer = self.ask(vec![self.voucher()]).await?.pop().unwrap_or(Value::Nil);
        self.counts(answer)
    }

    /// Sends a little later, together with what others have settled meanwhile: a change that is not remembered is only
    /// brought to the cache once more.
    pub fn settled(self: &Arc<Self>, session: u64, mark: Mark, changes: &[(EntityRef, Time)]) {
        if self.limits.freshness.is_none() {
            return;
        }
        let remarks = changes.iter().map(|(entity, at)| Remark {
            session,
            field: field(entity, *at),
            value: remembered(entity, *at, mark),
        });
        if self.remarks.add(remarks) {
            let link = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(TOGETHER).await;
                link.send_remarks().await;
            });
        }
    }

    /// Sends the remarks of the present session. The others are about a cache that may not be this one.
    async fn send_remarks(&self) {
        let mut remarks = self.remarks.take();
        let Some(mut session) = self.trust().current() else { return };
        remarks.retain(|remark| remark.session == session.number);
        if remarks.is_empty() {
            return;
        }
        let mut set = redis::cmd("HSET");
        set.arg(self.tag.meta());
        for remark in &remarks {
            set.arg(&remark.field).arg(&remark.value);
        }
        drop(session.connection.send_packed_command(&set).await);
    }

    pub async fn unsettled(&self, mark: Mark, changes: Vec<Change>) -> Result<Vec<Change>, CacheError> {
        if changes.is_empty() {
            return Ok(changes);
        }
        let mut get = redis::cmd("HMGET");
        get.arg(self.tag.meta());
        for change in &changes {
            get.arg(field(&change.entity, change.stamp.t));
        }
        let answer = self.ask(vec![get]).await?.pop().unwrap_or(Value::Nil);
        let mut left = Vec::new();
        for (change, known) in changes.into_iter().zip(reply::items(answer)?) {
            let settled = remembered(&change.entity, change.stamp.t, mark);
            if reply::bytes(known)?.is_none_or(|known| known != settled.as_bytes()) {
                left.push(change);
            }
        }
        Ok(left)
    }

    pub async fn reached(&self, mark: Mark, at: Time) -> Result<(), CacheError> {
        let mut call = scripts::REACHED.call(&self.tag, scripts::META_ONLY, fresh()?, self.life());
        call.arg(keys::hex(mark.0)).arg(keys::hex(at.0));
        self.change(call).await.map(drop)
    }

    /// The current session, if it is still this one.
    fn in_session(&self, number: u64) -> Result<Session, CacheError> {
        self.trust().current().filter(|session| session.number == number).ok_or_else(|| {
            CacheError::Unavailable("the connection to Redis is not the one that the term began with".into())
        })
    }

    fn voucher_call(&self, script: &scripts::Script, number: u64) -> Cmd {
        script.call(&self.tag, &[self.tag.voucher()], number, self.life())
    }
}

/// The owner of the cache in a term.
fn owner(node: &str, term: u64) -> String {
    format!("{node}:{term}")
}

/// That a change is settled.
struct Remark {
    /// The connection over which it has been brought to every batch.
    session: u64,
    field: String,
    value: String,
}

/// Remarks that have not been sent yet.
#[derive(Default)]
pub(super) struct Remarks(Mutex<Vec<Remark>>);

impl Remarks {
    /// Returns whether there were none before: then somebody has to send them.
    fn add(&self, remarks: impl Iterator<Item = Remark>) -> bool {
        let mut held = self.0.lock();
        let first = held.is_empty();
        held.extend(remarks);
        first && !held.is_empty()
    }

    fn take(&self) -> Vec<Remark> {
        std::mem::take(&mut *self.0.lock())
    }
}

/// The field of the meta hash that remembers the last settled change of a slot.
fn field(entity: &EntityRef, at: Time) -> String {
    format!("z{}", registry::remark_slot(entity, at))
}

fn remembered(entity: &EntityRef, at: Time, mark: Mark) -> String {
    let mark = if without(Mechanism::Remarks) { Mark(0) } else { mark };
    journal::topic(Topic::entity(entity)) + &keys::hex(at.0) + &keys::hex(mark.0)
}

//! Runs without one mechanism, which have to end in a violation: one that did not would mean that the judge, or the
//! faults, are too weak.

use std::time::Duration;

use oponn::probe::without::Mechanism;

use super::classes::{CLASSES, Class};

/// Clients at the least: while a server is held up, there have to be some that ask it anew.
pub const CLIENTS: usize = 10;

/// A mechanism to do without, and where its lack has to show.
pub struct Ablation {
    pub without: Mechanism,
    class: &'static str,
    /// How long the faults go on at the most.
    pub time: Duration,
    /// Whether it is part of every run of all tests, and not only of `make ablate`.
    pub always: bool,
}

const fn found(without: Mechanism, class: &'static str, seconds: u64) -> Ablation {
    Ablation { without, class, time: Duration::from_secs(seconds), always: false }
}

const fn always(ablation: Ablation) -> Ablation {
    Ablation { always: true, ..ablation }
}

/// What is found, and where.
pub static ABLATIONS: &[Ablation] = &[
    found(Mechanism::Note, "none", 60),
    always(found(Mechanism::Reconcile, "none", 60)),
    found(Mechanism::Order, "redis_slow", 60),
    found(Mechanism::Floor, "store_slow", 180),
    found(Mechanism::Registration, "store_slow", 60),
    found(Mechanism::Voiding, "none", 60),
    found(Mechanism::Rows, "none", 60),
    found(Mechanism::Journal, "none", 60),
    found(Mechanism::Turns, "redis_slow", 60),
    always(found(Mechanism::Voucher, "redis_reloaded", 60)),
    found(Mechanism::VoucherProcess, "redis_replaced", 60),
    found(Mechanism::VoucherNewer, "redis_reloaded", 60),
    found(Mechanism::Tracking, "redis_reloaded", 60),
    found(Mechanism::Epoch, "redis_reloaded", 180),
    found(Mechanism::OldVoucher, "redis_replaced", 180),
    found(Mechanism::AcknowledgedVoucher, "redis_replaced", 60),
    always(found(Mechanism::Acknowledgement, "redis_cut_one", 60)),
    always(found(Mechanism::Tailer, "redis_cut_one", 60)),
    found(Mechanism::Place, "redis_cut_one", 60),
    found(Mechanism::Scope, "two_schemas", 60),
    found(Mechanism::Remarks, "redis_reloaded", 180),
];

/// What is not found in a short run, and why.
pub static BEYOND: &[(Mechanism, &str)] = &[
    (
        Mechanism::Mark,
        "two servers would have to write one document at once, of which the tests' store cannot tell the order",
    ),
    (
        Mechanism::Suspects,
        "a writer would have to stall while another writes the same document (interleavings/counts.rs holds one)",
    ),
    (
        Mechanism::TwoSteps,
        "Redis would have to load a snapshot within the moment between two commands of the leader",
    ),
    (
        Mechanism::AcknowledgedSession,
        "a connection would have to be lost and made anew between two commands of one write",
    ),
    (
        Mechanism::UnknownOutcome,
        "the tailer brings what has happened all the same (interleavings/store.rs has nobody follow)",
    ),
    (
        Mechanism::Latest,
        "MongoDB would have to have two primaries (interleavings/store.rs looks at what it is asked)",
    ),
    (
        Mechanism::FirstChange,
        "a server would have to be alone with a cache that nobody follows (interleavings/counts.rs has one)",
    ),
    (
        Mechanism::Clock,
        "the leader would have to be lost in the moment in which the clock is set (interleavings/clock.rs sees a term end)",
    ),
    (Mechanism::PlaceLost, "the store would have to forget what it has reported"),
];

/// Whether each mechanism is found, or known to be beyond this.
pub fn are_complete() -> bool {
    let found = ABLATIONS.iter().map(|ablation| ablation.without);
    let all: Vec<Mechanism> = found.chain(BEYOND.iter().map(|(mechanism, _)| *mechanism)).collect();
    Mechanism::CACHE.iter().all(|mechanism| all.contains(mechanism))
}

impl Ablation {
    pub fn name(&self) -> String {
        format!("without_{}", self.without.name())
    }

    pub fn class(&self) -> &'static Class {
        let class = CLASSES.iter().find(|class| class.name == self.class);
        class.unwrap_or_else(|| panic!("{} names no class: {}", self.without.name(), self.class))
    }
}

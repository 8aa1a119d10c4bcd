//! What a class came to: how much was checked, what was wrong.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::judge::{Fault, Verdict};

/// Violations that are told in full.
const TOLD: usize = 3;

#[derive(Debug, Default)]
pub struct Tally {
    pub reads: u64,
    pub writes: u64,
    /// Requests without an answer, or with an error.
    pub failed: u64,
    /// One of them.
    pub failure: Option<String>,
    pub pairs: u64,
    pub fresh: u64,
    pub counts: u64,
    pub violations: BTreeMap<Fault, u64>,
    /// When the faults began.
    pub began: Option<Instant>,
    /// The first violation and its moment.
    pub first: Option<(Fault, Instant)>,
    /// The first violations, with the writes that tell why.
    pub told: Vec<String>,
    /// Reads of entities and pages that went to the store, and all of them.
    pub past_the_cache: (f64, f64),
    /// How long after the last write every list was as the store has it; `None`: not in the time given.
    pub converged: Option<Duration>,
}

impl Tally {
    /// Adds what a read came to; `tell` is asked for no more than a few violations.
    pub fn add(&mut self, verdict: Verdict, tell: impl Fn(&super::judge::Violation) -> String) {
        self.reads += 1;
        self.pairs += verdict.pairs;
        self.fresh += verdict.fresh;
        self.counts += verdict.counts;
        // One of each read: the others mostly follow from it.
        if let Some(first) = verdict.violations.first()
            && self.told.len() < TOLD
        {
            self.told.push(tell(first));
        }
        for violation in verdict.violations {
            self.found(violation.fault, 1);
        }
    }

    pub fn found(&mut self, fault: Fault, count: u64) {
        *self.violations.entry(fault).or_default() += count;
        self.first.get_or_insert_with(|| (fault, Instant::now()));
    }

    pub fn failed(&mut self, why: String) {
        self.failed += 1;
        self.failure.get_or_insert(why);
    }

    pub fn violations(&self) -> u64 {
        self.violations.values().sum()
    }

    /// The share of pairs that may be wrong at the most, with 95 % confidence.
    pub fn bound(&self) -> f64 {
        let (found, pairs) = (self.violations() as f64, self.pairs.max(1) as f64);
        // None found: the rule of three. Else the normal approximation, which is good enough to compare.
        if found == 0.0 { 3.0 / pairs } else { (found + 1.645 * found.sqrt() + 1.0) / pairs }
    }
}

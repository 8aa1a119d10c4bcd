//! Declares families of metrics with a handle per label value, so that counting needs no look-up.

use std::marker::PhantomData;

use prometheus::core::Collector;
use prometheus::{
    GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

use super::labels::Label;

/// Upper bounds of the histograms of time, in seconds: from a hit in memory to a store in trouble.
const SECONDS: [f64; 16] = [
    0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
    0.5, 1.0, 5.0,
];

/// Counters, one for each value of a label.
pub(super) struct Counters<L>(Vec<IntCounter>, PhantomData<L>);

impl<L: Label> Counters<L> {
    pub(super) fn add(&self, label: L, count: u64) {
        self.0[label.index()].inc_by(count);
    }
}

/// Counters, one for each pair of values of two labels.
pub(super) struct CountersOfTwo<A, B>(Vec<Counters<B>>, PhantomData<A>);

impl<A: Label, B: Label> CountersOfTwo<A, B> {
    pub(super) fn add(&self, a: A, b: B, count: u64) {
        self.0[a.index()].add(b, count);
    }
}

/// Histograms, one for each value of a label.
pub(super) struct Histograms<L>(Vec<Histogram>, PhantomData<L>);

impl<L: Label> Histograms<L> {
    pub(super) fn observe(&self, label: L, value: f64) {
        self.0[label.index()].observe(value);
    }
}

/// Something under way: counted as long as it lives.
#[must_use = "it counts as long as it lives"]
pub struct UnderWay<'a>(&'a IntGauge);

impl<'a> UnderWay<'a> {
    pub(super) fn new(gauge: &'a IntGauge) -> UnderWay<'a> {
        gauge.inc();
        UnderWay(gauge)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Declares into a registry. Names are constant and distinct, so only a mistake in this module can make it
/// fail, and then the first test of any kind does.
pub(super) struct Declare<'a>(pub(super) &'a Registry);

impl Declare<'_> {
    pub(super) fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.register(IntCounter::new(name, help))
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.register(IntGauge::new(name, help))
    }

    /// Counters whose label values are not all known here.
    pub(super) fn open_counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.register(IntCounterVec::new(Opts::new(name, help), labels))
    }

    /// Gauges whose label values are not known here.
    pub(super) fn open_gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.register(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    /// The same for numbers with fractions.
    pub(super) fn open_float_gauges(&self, name: &str, help: &str, labels: &[&str]) -> GaugeVec {
        self.register(GaugeVec::new(Opts::new(name, help), labels))
    }

    /// Counters of one label whose values are declared by a layer: those known so far are there from the start.
    pub(super) fn counters_of(&self, name: &str, help: &str, label: &str, values: &[&str]) -> IntCounterVec {
        let family = self.open_counters(name, help, &[label]);
        for value in values {
            family.with_label_values(&[value]);
        }
        family
    }

    pub(super) fn counters<L: Label>(&self, name: &str, help: &str, label: &str) -> Counters<L> {
        let family = self.open_counters(name, help, &[label]);
        Counters(
            L::ALL.iter().map(|value| family.with_label_values(&[value.as_str()])).collect(),
            PhantomData,
        )
    }

    pub(super) fn counters_of_two<A: Label, B: Label>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; 2],
    ) -> CountersOfTwo<A, B> {
        let family = self.open_counters(name, help, &labels);
        let row = |a: &A| {
            let cell = |b: &B| family.with_label_values(&[a.as_str(), b.as_str()]);
            Counters(B::ALL.iter().map(cell).collect(), PhantomData)
        };
        CountersOfTwo(A::ALL.iter().map(row).collect(), PhantomData)
    }

    /// A histogram of time.
    pub(super) fn seconds(&self, name: &str, help: &str) -> Histogram {
        self.register(Histogram::with_opts(HistogramOpts::new(name, help).buckets(SECONDS.to_vec())))
    }

    /// Histograms of time.
    pub(super) fn seconds_by<L: Label>(&self, name: &str, help: &str, label: &str) -> Histograms<L> {
        self.histograms(name, help, label, &SECONDS)
    }

    pub(super) fn histograms<L: Label>(
        &self,
        name: &str,
        help: &str,
        label: &str,
        buckets: &[f64],
    ) -> Histograms<L> {
        let opts = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        let family = self.register(HistogramVec::new(opts, &[label]));
        Histograms(
            L::ALL.iter().map(|value| family.with_label_values(&[value.as_str()])).collect(),
            PhantomData,
        )
    }

    fn register<C: Collector + Clone + 'static>(&self, collector: prometheus::Result<C>) -> C {
        let collector = collector.expect("the names in this module are valid");
        self.0.register(Box::new(collector.clone())).expect("the names in this module are distinct");
        collector
    }
}

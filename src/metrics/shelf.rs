//! A registry that knows what it holds: name, kind, labels and meaning of each metric.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::histogram::Histogram;

/// A gauge that takes fractions.
pub type Number = Gauge<f64, AtomicU64>;

/// What kind of metric it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only rises, and begins anew with the process.
    Counter,
    /// Rises and falls.
    Gauge,
    /// How values are spread.
    Histogram,
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric as the documentation names it.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// As it is written in a query, without what a histogram adds.
    pub name: &'static str,
    /// What kind it is.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Shelf {
    registry: Registry,
    listed: Vec<Listed>,
}

impl Shelf {
    /// What is on it, in the order in which it was put there.
    #[must_use]
    pub fn listed(&self) -> &[Listed] {
        &self.listed
    }

    /// As it is encoded.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A counter without labels. As of all counters, its name ends in `_total`.
    pub fn counter(&mut self, name: &'static str, help: &'static str) -> Counter {
        let counter = Counter::default();
        self.list(Kind::Counter, name, &[], help);
        self.registry.register(stem(name), help, counter.clone());
        counter
    }

    /// A counter for each value of its labels.
    pub fn counters(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Labelled<Counter> {
        let all = Labelled { names: labels, family: Family::new_with_constructor(Make::Default) };
        self.list(Kind::Counter, name, labels, help);
        self.registry.register(stem(name), help, all.family.clone());
        all
    }

    /// A gauge without labels.
    pub fn gauge(&mut self, name: &'static str, help: &'static str) -> Number {
        let gauge = Number::default();
        self.list(Kind::Gauge, name, &[], help);
        self.registry.register(name, help, gauge.clone());
        gauge
    }

    /// A gauge for each value of its labels.
    pub fn gauges(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Labelled<Number> {
        let all = Labelled { names: labels, family: Family::new_with_constructor(Make::Default) };
        self.list(Kind::Gauge, name, labels, help);
        self.registry.register(name, help, all.family.clone());
        all
    }

    /// A gauge whose value may not be known.
    pub fn gauge_if(&mut self, name: &'static str, help: &'static str, value: Option<f64>) {
        match value {
            Some(value) => {
                self.gauge(name, help).set(value);
            }
            None => self.list(Kind::Gauge, name, &[], help),
        }
    }

    /// A counter that somebody else keeps, and whose value may not be known.
    pub fn counter_if(&mut self, name: &'static str, help: &'static str, value: Option<f64>) {
        self.list(Kind::Counter, name, &[], help);
        if let Some(value) = value {
            let counter = Counter::<f64, AtomicU64>::default();
            counter.inc_by(value);
            self.registry.register(stem(name), help, counter);
        }
    }

    /// A histogram without labels.
    pub fn histogram(
        &mut self,
        name: &'static str,
        help: &'static str,
        buckets: &'static [f64],
    ) -> Histogram {
        let histogram = Histogram::new(buckets);
        self.list(Kind::Histogram, name, &[], help);
        self.registry.register(name, help, histogram.clone());
        histogram
    }

    /// A histogram for each value of its labels.
    pub fn histograms(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
        buckets: &'static [f64],
    ) -> Labelled<Histogram> {
        let all = Labelled { names: labels, family: Family::new_with_constructor(Make::Buckets(buckets)) };
        self.list(Kind::Histogram, name, labels, help);
        self.registry.register(name, help, all.family.clone());
        all
    }

    fn list(&mut self, kind: Kind, name: &'static str, labels: &'static [&'static str], help: &'static str) {
        self.listed.push(Listed { name, kind, labels, help });
    }
}

/// The encoder adds the ending of counters itself.
fn stem(name: &'static str) -> &'static str {
    name.strip_suffix("_total").unwrap_or(name)
}

type Labels = Vec<(&'static str, Arc<str>)>;

/// A metric for each value of its labels. Cloning gives another handle to the same ones.
#[derive(Clone, Debug)]
pub struct Labelled<M> {
    names: &'static [&'static str],
    family: Family<Labels, M, Make>,
}

/// Makes the metric of a value that was not there before.
#[derive(Clone, Copy, Debug)]
pub enum Make {
    /// With nothing in it.
    Default,
    /// A histogram with these limits.
    Buckets(&'static [f64]),
}

impl MetricConstructor<Counter> for Make {
    fn new_metric(&self) -> Counter {
        Counter::default()
    }
}

impl MetricConstructor<Number> for Make {
    fn new_metric(&self) -> Number {
        Number::default()
    }
}

impl MetricConstructor<Histogram> for Make {
    fn new_metric(&self) -> Histogram {
        let buckets = match self {
            Self::Default => &[],
            Self::Buckets(buckets) => *buckets,
        };
        Histogram::new(buckets)
    }
}

impl<M: Clone> Labelled<M>
where
    Make: MetricConstructor<M>,
{
    /// Has that of these values from now on: of a counter that comes up with its first event, nobody sees
    /// that event as a rise.
    pub fn expect(&self, values: &[&str]) {
        let _ = self.of(values);
    }

    /// That of these values, in the order of the labels' names.
    #[must_use]
    pub fn of(&self, values: &[&str]) -> M {
        debug_assert_eq!(values.len(), self.names.len());
        let labels = self.names.iter().zip(values).map(|(name, value)| (*name, Arc::from(*value)));
        self.family.get_or_create_owned(&labels.collect())
    }
}

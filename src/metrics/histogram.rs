//! How values are spread. What many values come of at once is put together first, where nobody else looks,
//! and added as one: a transaction is about hundreds of jobs, and its thread is what all writes wait for.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};

/// The most limits that a histogram has.
const MOST: usize = 20;

/// Values by the smallest limit that they are within.
#[derive(Clone, Debug)]
pub struct Spread {
    limits: &'static [f64],
    /// One for each limit, and those beyond all of them.
    counts: [u64; MOST + 1],
    sum: f64,
}

impl Spread {
    /// Nothing yet. The limits rise; there are at most [`MOST`].
    #[must_use]
    pub const fn new(limits: &'static [f64]) -> Self {
        debug_assert!(limits.len() <= MOST);
        Self { limits, counts: [0; MOST + 1], sum: 0.0 }
    }

    /// Takes in a value.
    pub fn observe(&mut self, value: f64) {
        let within = self.limits.iter().position(|limit| value <= *limit).unwrap_or(self.limits.len());
        self.counts[within] += 1;
        self.sum += value;
    }

    /// Takes in what another one with the same limits has.
    pub fn add(&mut self, other: &Self) {
        debug_assert_eq!(self.limits, other.limits);
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum += other.sum;
    }

    fn encode(&self, encoder: &mut MetricEncoder<'_>) -> fmt::Result {
        let limits = self.limits.iter().copied().chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = limits.zip(self.counts).collect();
        encoder.encode_histogram::<NoLabelSet>(self.sum, self.counts.iter().sum(), &buckets, None)
    }
}

/// One that many threads add to. Cloning gives another handle to the same one.
#[derive(Clone, Debug)]
pub struct Histogram(Arc<Mutex<Spread>>);

impl Histogram {
    /// Without values yet, with the upper bounds of its buckets.
    #[must_use]
    pub fn new(limits: &'static [f64]) -> Self {
        Self(Arc::new(Mutex::new(Spread::new(limits))))
    }

    fn spread(&self) -> MutexGuard<'_, Spread> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a value.
    pub fn observe(&self, value: f64) {
        self.spread().observe(value);
    }

    /// Takes in many.
    pub fn add(&self, values: &Spread) {
        self.spread().add(values);
    }
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        self.spread().encode(&mut encoder)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Histogram {
    const TYPE: MetricType = MetricType::Histogram;
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn values_count_up_to_their_limits_whether_they_come_one_by_one_or_together() {
        const LIMITS: &[f64] = &[1.0, 2.5];
        let (one_by_one, together) = (Histogram::new(LIMITS), Histogram::new(LIMITS));
        let mut some = Spread::new(LIMITS);
        for value in [0.0, 1.0, 1.5, 7.0] {
            one_by_one.observe(value);
            some.observe(value);
        }
        together.add(&some);
        together.add(&Spread::new(LIMITS));
        let texts = [one_by_one, together].map(|histogram| {
            let (mut registry, mut text) = (Registry::default(), String::new());
            registry.register("h", "Some", histogram);
            encode(&mut text, &registry).unwrap();
            text
        });
        let buckets = "h_bucket{le=\"1.0\"} 2\nh_bucket{le=\"2.5\"} 3\nh_bucket{le=\"+Inf\"} 4\n";
        assert_eq!(
            texts[0],
            format!("# HELP h Some.\n# TYPE h histogram\nh_sum 9.5\nh_count 4\n{buckets}# EOF\n")
        );
        assert_eq!(texts[1], texts[0]);
    }
}

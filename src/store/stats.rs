//! What happened when, in spans of ten seconds: counts and a histogram of queue latencies. The counts
//! are kept in quarters of an hour besides, so that a day of them is read at once.

use crate::domain::Timestamp;
use crate::domain::status::Percentiles;

/// The length of a span, in milliseconds.
pub const SPAN_MS: i64 = 10_000;
/// The length of a quarter of an hour, in milliseconds.
pub const QUARTER_MS: i64 = 900_000;
/// How long spans are kept, in milliseconds: a day and an hour.
pub const KEEP_MS: i64 = 25 * 3_600_000;

/// What is counted. The numbers are in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Jobs made.
    Enqueued,
    /// Jobs completed.
    Completed,
    /// Jobs that came to the dead letters.
    Failed,
    /// Jobs of a queue that were completed or failed: its name stands where that of a job type does.
    EndedInQueue,
    /// Attempts started, by how long they had been ready: the n-th step of the histogram.
    Latency(u16),
}

/// The code of the first step of the histogram.
const LATENCY: i32 = 100;
/// Steps for each doubling: a step is at most 19 % wide.
const STEPS: f64 = 4.0;

impl Metric {
    /// Its number in the database.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Self::Enqueued => 0,
            Self::Completed => 1,
            Self::Failed => 2,
            Self::EndedInQueue => 3,
            Self::Latency(step) => LATENCY + i32::from(step),
        }
    }

    /// Whether quarters count it.
    #[must_use]
    pub fn is_in_quarters(code: i32) -> bool {
        code <= Self::Failed.code()
    }

    /// The metric with this number.
    #[must_use]
    pub fn from_code(code: i32) -> Option<Self> {
        match code {
            0 => Some(Self::Enqueued),
            1 => Some(Self::Completed),
            2 => Some(Self::Failed),
            3 => Some(Self::EndedInQueue),
            _ => u16::try_from(code - LATENCY).ok().map(Self::Latency),
        }
    }

    /// The step for a latency.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    pub fn latency(ms: i64) -> Self {
        Self::Latency(((ms.max(0) as f64 + 1.0).log2() * STEPS).ceil() as u16)
    }
}

/// The start of the quarter that a span lies in.
#[must_use]
pub fn quarter_of(span: i64) -> i64 {
    span / QUARTER_MS * QUARTER_MS
}

/// The longest latency that falls into a step, in milliseconds.
#[must_use]
pub fn step_limit(step: u16) -> f64 {
    (f64::from(step) / STEPS).exp2() - 1.0
}

/// The start of the span that a moment lies in.
#[must_use]
pub fn span_of(t: Timestamp) -> i64 {
    t.as_millis() / SPAN_MS * SPAN_MS
}

/// The middle and the slow end of a histogram given as (step, count), any order.
#[must_use]
pub fn percentiles(mut steps: Vec<(u16, i64)>) -> Option<Percentiles> {
    steps.sort_unstable();
    let all: i64 = steps.iter().map(|(_, n)| n).sum();
    let at = |share: f64| {
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
        let rank = ((all as f64 * share).ceil() as i64).max(1);
        let mut seen = 0;
        steps.iter().find(|(_, n)| {
            seen += n;
            seen >= rank
        })
    };
    let round = |x: f64| (x * 10.0).round() / 10.0;
    Some(Percentiles { p50: round(step_limit(at(0.5)?.0)), p99: round(step_limit(at(0.99)?.0)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_there_and_back() {
        for m in [
            Metric::Enqueued,
            Metric::Completed,
            Metric::Failed,
            Metric::EndedInQueue,
            Metric::latency(0),
            Metric::latency(123_456),
        ] {
            assert_eq!(Metric::from_code(m.code()), Some(m));
        }
    }

    #[test]
    fn a_latency_is_within_a_fifth_below_its_steps_limit() {
        for ms in [0, 1, 2, 5, 10, 99, 1_000, 86_400_000_i64] {
            let Metric::Latency(step) = Metric::latency(ms) else { unreachable!() };
            let limit = step_limit(step);
            #[allow(clippy::cast_precision_loss)]
            let ms = ms as f64;
            assert!(limit + 1e-6 >= ms && limit <= (ms + 1.0) * 1.2, "{ms} {limit}");
        }
    }

    #[test]
    fn percentiles_of_nothing_and_of_something() {
        assert!(percentiles(vec![]).is_none());
        let p = percentiles(vec![(40, 1), (4, 98), (8, 1)]).unwrap();
        assert!((p.p50 - 1.0).abs() < 1e-9 && (p.p99 - 3.0).abs() < 1e-9);
    }
}

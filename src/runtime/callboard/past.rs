//! Steps of charts that are over, kept in memory: what is past does not change, and reading a day of
//! statistics takes a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::Timestamp;
use crate::store::views::throughput::Throughputs;

/// The steps of each length that were read so far.
#[derive(Default)]
pub(super) struct Past(Mutex<HashMap<i64, Known>>);

/// All steps from one moment to another.
#[derive(Clone, Default)]
struct Known {
    from: i64,
    to: i64,
    steps: Throughputs,
}

impl Past {
    /// From where the steps since a moment still have to be read.
    pub(super) fn unknown_since(&self, since: Timestamp, step_ms: i64) -> Timestamp {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&step_ms) {
            Some(known) if known.from <= since.as_millis() && since.as_millis() <= known.to => {
                Timestamp::from_millis(known.to)
            }
            _ => since,
        }
    }

    /// All steps since a moment: those that are known, and those that were `read` from `read_since`
    /// on. Of these, the ones that are over at `now` are kept.
    pub(super) fn complete(
        &self,
        since: Timestamp,
        step_ms: i64,
        read_since: Timestamp,
        read: Throughputs,
        now: Timestamp,
    ) -> Throughputs {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(step_ms).or_default();
        let mut steps = if read_since > since { known.steps.clone() } else { Throughputs::new() };
        for of_one in steps.values_mut() {
            of_one.retain(|step| (since..read_since).contains(&step.at));
        }
        for (whose, more) in read {
            steps.entry(whose).or_default().extend(more);
        }
        // A write of a step that is just over may still be on its way to the disk.
        let over = (now.as_millis() / step_ms - 1) * step_ms;
        let mut kept = steps.clone();
        for of_one in kept.values_mut() {
            of_one.retain(|step| step.at.as_millis() < over);
        }
        *known = Known { from: since.as_millis(), to: over.max(since.as_millis()), steps: kept };
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::status::Step;
    use crate::store::views::throughput::Whose;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn read(steps: &[(i64, i64)]) -> Throughputs {
        let step = |(ms, n): &(i64, i64)| Step { at: at(*ms), enqueued: 0, completed: *n, failed: 0 };
        Throughputs::from([(Whose::JobType("t".into()), steps.iter().map(step).collect())])
    }

    fn counts(all: &Throughputs) -> Vec<(i64, i64)> {
        all[&Whose::JobType("t".into())].iter().map(|s| (s.at.as_millis(), s.completed)).collect()
    }

    #[test]
    fn only_what_may_have_changed_is_read_again() {
        let past = Past::default();
        assert_eq!(past.unknown_since(at(100), 10), at(100));
        let all = past.complete(at(100), 10, at(100), read(&[(100, 1), (120, 2), (130, 3)]), at(135));
        assert_eq!(counts(&all), [(100, 1), (120, 2), (130, 3)]);
        // 120 was over, but only just; 130 was not.
        assert_eq!(past.unknown_since(at(110), 10), at(120));
        let all = past.complete(at(110), 10, at(120), read(&[(120, 4), (130, 5), (140, 6)]), at(145));
        assert_eq!(counts(&all), [(120, 4), (130, 5), (140, 6)]);
        // Another length, and an earlier moment, are not known.
        assert_eq!(past.unknown_since(at(110), 20), at(110));
        assert_eq!(past.unknown_since(at(100), 10), at(100));
        assert_eq!(past.unknown_since(at(900), 10), at(900));
    }
}

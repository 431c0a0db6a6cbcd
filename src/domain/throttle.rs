//! So many of something in a span of time, whoever counts: the generic cell rate algorithm, with one
//! moment kept for each that is counted.

use std::time::Duration;

use super::Timestamp;

/// So many in so long. All of them may come at once; then they come back one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many …
    pub limit: u32,
    /// … in so long.
    pub per: Duration,
}

/// How much of a rate is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// When nothing of it is, in microseconds since the epoch.
    until: i64,
}

impl Rate {
    fn per(self) -> i64 {
        i64::try_from(self.per.as_micros()).unwrap_or(i64::MAX / 4)
    }

    fn each(self) -> i64 {
        (self.per() / i64::from(self.limit.max(1))).max(1)
    }
}

impl Used {
    /// How long to wait for the next one; `None`: it may come now.
    #[must_use]
    pub fn wait(self, rate: Rate, now: Timestamp) -> Option<Duration> {
        let now = micros(now);
        let after = self.until.max(now) + rate.each();
        let over = after - now - rate.per();
        // A span that the limit does not divide leaves a rest.
        (over > 0 && self.until > now).then(|| Duration::from_micros(over.unsigned_abs()))
    }

    /// Counts one.
    pub fn take(&mut self, rate: Rate, now: Timestamp) {
        self.until = self.until.max(micros(now)) + rate.each();
    }
}

fn micros(at: Timestamp) -> i64 {
    at.as_millis().saturating_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_and_then_one_by_one() {
        let rate = Rate { limit: 3, per: Duration::from_secs(60) };
        let (mut used, start) = (Used::default(), Timestamp::from_millis(1_000_000_000_000));
        for _ in 0..3 {
            assert_eq!(used.wait(rate, start), None);
            used.take(rate, start);
        }
        assert_eq!(used.wait(rate, start), Some(Duration::from_secs(20)));
        let later = start.plus(Duration::from_secs(20));
        assert_eq!(used.wait(rate, later), None);
        used.take(rate, later);
        assert_eq!(used.wait(rate, later), Some(Duration::from_secs(20)));
        let much_later = start.plus(Duration::from_secs(3600));
        for _ in 0..3 {
            assert_eq!(used.wait(rate, much_later), None);
            used.take(rate, much_later);
        }
        assert!(used.wait(rate, much_later).is_some());
    }

    #[test]
    fn a_limit_of_one_and_a_huge_one_work_too() {
        let start = Timestamp::from_millis(1_000_000_000_000);
        for (limit, per) in [(1, 0.5), (7, 10.0), (1_000_000, 1.0)] {
            let rate = Rate { limit, per: Duration::from_secs_f64(per) };
            let (mut used, mut n) = (Used::default(), 0);
            while used.wait(rate, start).is_none() {
                used.take(rate, start);
                n += 1;
            }
            assert_eq!(n, limit);
        }
    }
}

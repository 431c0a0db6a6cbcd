//! When the time of each running attempt is up. Who looks at it is the
//! [timekeeper](super::timekeeper), on a thread that no code of a job can block.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::attempt::{Attempt, StopCause};
use crate::domain::{Claim, Timestamp};

/// See the module.
#[derive(Default)]
pub struct TimeLimits(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    running: BTreeMap<(Timestamp, Claim), Attempt>,
    /// When somebody looks next.
    alarm: Option<Timestamp>,
}

impl TimeLimits {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An attempt begins whose time is up at `end`. True when nobody looks by then: the timekeeper
    /// has to be told. That is rare, because an alarm stays when its attempt ends early, and it
    /// serves those that begin later.
    pub fn begin(&self, end: Timestamp, claim: Claim, attempt: Attempt) -> bool {
        let mut inner = self.inner();
        inner.running.insert((end, claim), attempt);
        let sooner = inner.alarm.is_none_or(|alarm| end < alarm);
        if sooner {
            inner.alarm = Some(end);
        }
        sooner
    }

    /// An attempt has ended.
    pub fn end(&self, end: Timestamp, claim: Claim) {
        self.inner().running.remove(&(end, claim));
    }

    /// Tells those to stop whose time is up, and returns when to look again.
    pub fn look(&self, now: Timestamp) -> Option<Timestamp> {
        let mut due = Vec::new();
        let mut inner = self.inner();
        while let Some(first) = inner.running.first_entry().filter(|first| first.key().0 <= now) {
            due.push(first.remove());
        }
        inner.alarm = inner.running.first_key_value().map(|((end, _), _)| *end);
        let alarm = inner.alarm;
        drop(inner);
        for attempt in due {
            attempt.stop(StopCause::Timeout);
        }
        alarm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn attempt() -> Attempt {
        Attempt::new(at(0), || ())
    }

    const fn claim(job_id: i64) -> Claim {
        Claim { job_id, attempt: 1, node: 1 }
    }

    #[test]
    fn stops_what_is_due_and_nothing_else() {
        let (limits, first, second, third) = (TimeLimits::default(), attempt(), attempt(), attempt());
        assert!(limits.begin(at(20), claim(1), first.clone()));
        assert!(!limits.begin(at(20), claim(2), second.clone()));
        assert!(!limits.begin(at(30), claim(3), third.clone()));
        assert_eq!(limits.look(at(19)), Some(at(20)));
        limits.end(at(20), claim(2));
        assert_eq!(limits.look(at(20)), Some(at(30)));
        let causes = [first, second, third].map(|attempt| attempt.cause());
        assert_eq!(causes, [Some(StopCause::Timeout), None, None]);
    }

    #[test]
    fn an_alarm_serves_those_that_begin_later() {
        let limits = TimeLimits::default();
        assert!(limits.begin(at(20), claim(1), attempt()));
        limits.end(at(20), claim(1));
        assert!(!limits.begin(at(25), claim(2), attempt()));
        assert!(limits.begin(at(10), claim(3), attempt()), "nobody looks as soon as that");
        limits.end(at(10), claim(3));
        assert_eq!(limits.look(at(10)), Some(at(25)));
        limits.end(at(25), claim(2));
        assert_eq!(limits.look(at(25)), None);
        assert!(limits.begin(at(99), claim(4), attempt()), "nobody looks at all");
    }
}

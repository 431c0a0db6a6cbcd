//! What is to be done when a schedule is found to be due.

use std::time::Duration;

use super::{Misfire, ScheduleSpec};
use crate::domain::Timestamp;

/// The most missed runs that are made up for by as many jobs.
pub const MAX_MADE_UP: usize = 100;

/// A run that is fired within this time of its due time was not missed.
pub const ON_TIME: Duration = Duration::from_secs(60);

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firing {
    /// The due times for which a job is to be enqueued, the oldest first.
    pub runs: Vec<Timestamp>,
    /// The due times that nobody makes up for.
    pub missed: Option<Missed>,
    /// When it is due next; `None`: never again.
    pub next: Option<Timestamp>,
}

/// Due times that passed without anybody there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed {
    /// How many; with `more`, at least so many.
    pub count: usize,
    /// Whether there are more that were not counted.
    pub more: bool,
    /// The last of them.
    pub last: Timestamp,
}

impl Firing {
    /// Of a schedule that has been due since `due`.
    #[must_use]
    pub fn of(spec: &ScheduleSpec, due: Timestamp, now: Timestamp) -> Self {
        let mut newest_first = spec.timing.due_until(due, now, MAX_MADE_UP + 1);
        if newest_first.is_empty() {
            // The rules of a zone may have changed with an update of its data since this was worked out.
            newest_first.push(due);
        }
        let (made_up, passed) = newest_first.split_at(match spec.misfire {
            Misfire::All => newest_first.len().min(MAX_MADE_UP),
            Misfire::Once => 1,
            Misfire::Skip => usize::from(now.since(newest_first[0]) <= ON_TIME),
        });
        Self {
            runs: made_up.iter().rev().copied().collect(),
            missed: passed.first().map(|last| Missed {
                count: passed.len(),
                more: newest_first.len() > MAX_MADE_UP,
                last: *last,
            }),
            next: spec.timing.next(due, now),
        }
    }
}

impl Missed {
    /// A sentence for people.
    #[must_use]
    pub fn reason(&self) -> String {
        let Self { count, more, .. } = self;
        match (more, count) {
            (true, 1) => {
                format!("of more than {MAX_MADE_UP} missed runs, the newest {MAX_MADE_UP} are made up for")
            }
            (true, _) => format!("at least {count} runs were missed"),
            (false, 1) => "1 run was missed".to_owned(),
            (false, _) => format!("{count} runs were missed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::NewJob;
    use crate::domain::schedule::{Overlap, Timing};

    fn firing(misfire: Misfire, due: i64, now: i64) -> Firing {
        let timing = Timing::new(None, Some(10.0), None).unwrap();
        let spec = ScheduleSpec { timing, misfire, overlap: Overlap::Allow, job: NewJob::new("t") };
        Firing::of(&spec, secs(due), secs(now))
    }

    fn secs(s: i64) -> Timestamp {
        Timestamp::from_millis(s * 1000)
    }

    #[test]
    fn what_is_on_time_runs_whatever_the_policy() {
        for misfire in Misfire::ALL {
            let on_time = Firing { runs: vec![secs(100)], missed: None, next: Some(secs(110)) };
            assert_eq!(firing(misfire, 100, 100), on_time);
            assert_eq!(firing(misfire, 100, 109), on_time);
        }
    }

    #[test]
    fn what_was_missed_is_skipped_or_made_up_for_once_or_by_all() {
        let missed = |count, more, last| Some(Missed { count, more, last: secs(last) });
        let once = firing(Misfire::Once, 100, 155);
        assert_eq!((once.runs, once.missed), (vec![secs(150)], missed(5, false, 140)));
        assert_eq!(once.next, Some(secs(160)));
        let all = firing(Misfire::All, 100, 125);
        assert_eq!((all.runs, all.missed), (vec![secs(100), secs(110), secs(120)], None));
        let many = firing(Misfire::All, 100, 100_005);
        assert_eq!((many.runs.len(), many.runs[0], many.runs[99]), (100, secs(99_010), secs(100_000)));
        assert_eq!((many.missed, many.next), (missed(1, true, 99_000), Some(secs(100_010))));
    }

    #[test]
    fn skipping_spares_what_is_only_a_little_late() {
        let daily = Timing::new(Some("@daily"), None, None).unwrap();
        let spec = ScheduleSpec {
            timing: daily,
            misfire: Misfire::Skip,
            overlap: Overlap::Allow,
            job: NewJob::new("t"),
        };
        let day = |n: i64, secs: i64| Timestamp::from_millis((n * 86_400 + secs) * 1000);
        let late = Firing::of(&spec, day(3, 0), day(3, 60));
        assert_eq!((late.runs, late.missed), (vec![day(3, 0)], None));
        let missed = Firing::of(&spec, day(3, 0), day(5, 61));
        assert_eq!(missed.runs, []);
        assert_eq!(missed.missed, Some(Missed { count: 3, more: false, last: day(5, 0) }));
        assert_eq!(missed.next, Some(day(6, 0)));
    }
}

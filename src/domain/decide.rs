//! What an attempt's end means for its job. Pure, so that it can be tried against the table.

use super::lifecycle::Move;
use super::{Backoff, State, Timestamp, Verdict};

/// What has to be known of a running job to decide.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// Failures so far.
    pub retry_count: u32,
    /// Failures that are followed by another try.
    pub max_retries: u32,
    /// Deaths of the process in a row so far.
    pub crash_count: u32,
    /// Whether a cancel was asked for.
    pub cancel_requested: bool,
}

/// What is to be written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// The move.
    pub event: Move,
    /// The state it leads to.
    pub to: State,
    /// Failures, now.
    pub retry_count: u32,
    /// Deaths of the process in a row, now.
    pub crash_count: u32,
    /// When it is due again, for scheduled and retrying.
    pub run_at: Option<Timestamp>,
}

/// Decides what an attempt's verdict means. `luck` in 0..=1 picks the jitter.
///
/// A cancel that was asked for wins over everything but a success: the worker did all the work, so
/// its result is kept only if no cancel is on disk before it.
#[must_use]
pub fn finish(facts: Facts, verdict: &Verdict, backoff: &Backoff, now: Timestamp, luck: f64) -> Decision {
    let same = |event, to| Decision {
        event,
        to,
        retry_count: facts.retry_count,
        crash_count: facts.crash_count,
        run_at: None,
    };
    if facts.cancel_requested || *verdict == Verdict::Cancelled {
        return same(Move::Stop, State::Cancelled);
    }
    let failures = facts.retry_count.saturating_add(1);
    let failed = |again: bool, delay: Option<std::time::Duration>| {
        if again && facts.retry_count < facts.max_retries {
            let delay = delay.unwrap_or_else(|| backoff.delay(failures, luck));
            Decision {
                retry_count: failures,
                run_at: Some(now.plus(delay)),
                ..same(Move::FailAgain, State::Retrying)
            }
        } else {
            same(Move::FailForGood, State::Failed)
        }
    };
    match verdict {
        Verdict::Success(_) => Decision { crash_count: 0, ..same(Move::Succeed, State::Completed) },
        Verdict::Error { retry_in, .. } => failed(true, *retry_in),
        Verdict::Timeout(_) => failed(true, None),
        Verdict::Fatal(_) => failed(false, None),
        Verdict::Snooze(delay) => {
            Decision { run_at: Some(now.plus(*delay)), ..same(Move::Snooze, State::Scheduled) }
        }
        Verdict::Wait { until, .. } => {
            Decision { run_at: Some(*until), ..same(Move::Snooze, State::Scheduled) }
        }
        Verdict::Cancelled => same(Move::Stop, State::Cancelled),
        Verdict::Released => same(Move::Release, State::Pending),
    }
}

/// Decides what the death of the process means.
#[must_use]
pub fn lose(facts: Facts, max_crashes: u32) -> Decision {
    let crash_count = facts.crash_count.saturating_add(1);
    let (event, to) = if facts.cancel_requested {
        (Move::Stop, State::Cancelled)
    } else if crash_count >= max_crashes {
        (Move::Quarantine, State::Failed)
    } else {
        (Move::Lose, State::Pending)
    };
    Decision { event, to, retry_count: facts.retry_count, crash_count, run_at: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lifecycle;
    use proptest::prelude::*;
    use std::time::Duration;

    fn verdicts() -> impl Strategy<Value = Verdict> {
        prop_oneof![
            Just(Verdict::Success(None)),
            Just(Verdict::Error { message: "e".into(), retry_in: None }),
            Just(Verdict::Error { message: "e".into(), retry_in: Some(Duration::from_secs(5)) }),
            Just(Verdict::Fatal("f".into())),
            Just(Verdict::Timeout("t".into())),
            Just(Verdict::Snooze(Duration::from_secs(9))),
            Just(Verdict::Wait { signal: "s".into(), until: Timestamp::from_millis(5_000) }),
            Just(Verdict::Cancelled),
            Just(Verdict::Released),
        ]
    }

    proptest! {
        #[test]
        fn every_decision_is_a_row_of_the_table(
            verdict in verdicts(), retry_count in 0u32..5, max_retries in 0u32..5,
            crash_count in 0u32..5, cancel_requested: bool, max_crashes in 1u32..4,
        ) {
            let facts = Facts { retry_count, max_retries, crash_count, cancel_requested };
            let now = Timestamp::from_millis(1_000);
            let d = finish(facts, &verdict, &Backoff::default(), now, 0.5);
            prop_assert!(lifecycle::allows(d.event, State::Running, d.to));
            prop_assert_eq!(State::TIMED.contains(&d.to), d.run_at.is_some());
            prop_assert!(d.to != State::Retrying || retry_count < max_retries);
            prop_assert!(!cancel_requested || d.to == State::Cancelled);
            let l = lose(facts, max_crashes);
            prop_assert!(lifecycle::allows(l.event, State::Running, l.to));
            prop_assert_eq!(l.retry_count, retry_count);
        }
    }
}

//! What happened to jobs in one transaction, summed up. It counts only once that is on disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::histogram::Spread;
use crate::domain::{Outcome, State};

/// The limits of how long jobs waited, in seconds.
pub(super) const LATENCY: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0,
    7200.0,
];
/// The limits of how long attempts took, in seconds.
pub(super) const DURATION: &[f64] =
    &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 14400.0];

/// Something that happened to a job of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// So many were made.
    Enqueued(u64),
    /// One was there already.
    Duplicate,
    /// An attempt began; the job had been ready for so many milliseconds.
    Started(i64),
    /// An attempt ended after so many milliseconds.
    Ended(Outcome, i64),
    /// It came into this state, which is final or `retrying`.
    Reached(State),
    /// A claim took fewer than it could have because of a limit.
    Limited,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub(super) jobs: BTreeMap<Arc<str>, Box<OfType>>,
    pub(super) runs: Vec<&'static str>,
}

/// What happened to jobs of one type.
#[derive(Clone, Debug)]
pub(super) struct OfType {
    pub enqueued: u64,
    pub duplicates: u64,
    pub started: u64,
    pub limited: u64,
    /// By outcome.
    pub ended: [u64; Outcome::ALL.len()],
    /// By state.
    pub reached: [u64; State::ALL.len()],
    pub latency: Spread,
    pub duration: Spread,
}

impl Default for OfType {
    fn default() -> Self {
        Self {
            enqueued: 0,
            duplicates: 0,
            started: 0,
            limited: 0,
            ended: [0; Outcome::ALL.len()],
            reached: [0; State::ALL.len()],
            latency: Spread::new(LATENCY),
            duration: Spread::new(DURATION),
        }
    }
}

impl OfType {
    fn note(&mut self, happened: Happened) {
        match happened {
            Happened::Enqueued(n) => self.enqueued += n,
            Happened::Duplicate => self.duplicates += 1,
            Happened::Started(waited) => {
                self.started += 1;
                self.latency.observe(seconds(waited));
            }
            Happened::Ended(outcome, took) => {
                self.ended[outcome as usize] += 1;
                self.duration.observe(seconds(took));
            }
            Happened::Reached(state) => self.reached[state as usize] += 1,
            Happened::Limited => self.limited += 1,
        }
    }
}

impl Tally {
    /// Notes what happened to a job of this type.
    pub fn job(&mut self, job_type: &Arc<str>, happened: Happened) {
        match self.jobs.get_mut(job_type) {
            Some(of_type) => of_type.note(happened),
            None => self.jobs.entry(job_type.clone()).or_default().note(happened),
        }
    }

    /// Notes what came of a run of a schedule.
    pub fn run(&mut self, outcome: &'static str) {
        self.runs.push(outcome);
    }
}

#[allow(clippy::cast_precision_loss)]
fn seconds(ms: i64) -> f64 {
    ms.max(0) as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_has_its_place() {
        for (i, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, i);
        }
    }
}

//! What happened to jobs in one transaction. It counts only once that is on disk.

use std::sync::Arc;

use crate::domain::{Outcome, State};

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
    pub(super) jobs: Vec<(Arc<str>, Happened)>,
    pub(super) runs: Vec<&'static str>,
}

impl Tally {
    /// Notes what happened to a job of this type.
    pub fn job(&mut self, job_type: &Arc<str>, happened: Happened) {
        self.jobs.push((job_type.clone(), happened));
    }

    /// Notes what came of a run of a schedule.
    pub fn run(&mut self, outcome: &'static str) {
        self.runs.push(outcome);
    }
}

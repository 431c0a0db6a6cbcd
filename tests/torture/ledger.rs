//! What the producers were told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// Shared by all producers.
#[derive(Default)]
pub struct Ledger(Mutex<Told>);

/// What the producers were told, and what they asked for without getting an answer.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Acknowledged jobs, with their parents.
    pub jobs: BTreeMap<i64, Option<i64>>,
    /// Keys of acknowledged jobs.
    pub keys: BTreeMap<String, i64>,
    /// Acknowledged cancels.
    pub cancelled: BTreeSet<i64>,
    /// Jobs that a retry was asked for, answered or not.
    pub retried: BTreeSet<i64>,
    /// Acknowledged workflows, with the number of their jobs.
    pub workflows: BTreeMap<i64, usize>,
    /// Workflows that a retry was asked for, answered or not.
    pub retried_workflows: BTreeSet<i64>,
    /// Enqueues that were answered with a job that was there.
    pub duplicates: u64,
    /// Calls that were answered.
    pub answers: u64,
    /// Calls that were not: the server died.
    pub silence: u64,
}

impl Ledger {
    /// Looks at it or changes it.
    pub fn with<T>(&self, f: impl FnOnce(&mut Told) -> T) -> T {
        f(&mut self.0.lock().unwrap())
    }

    /// An acknowledged job, any of them.
    pub fn any_job(&self, random: &mut fastrand::Rng) -> Option<i64> {
        self.with(|told| {
            let n = told.jobs.len();
            if n == 0 { None } else { told.jobs.keys().nth(random.usize(..n)).copied() }
        })
    }

    /// One of the latest acknowledged workflows.
    pub fn young_workflow(&self, random: &mut fastrand::Rng) -> Option<i64> {
        self.with(|told| told.workflows.keys().rev().nth(random.usize(..4)).copied())
    }

    /// One of the latest acknowledged jobs, which may well be running.
    pub fn young_job(&self, random: &mut fastrand::Rng) -> Option<i64> {
        self.with(|told| told.jobs.keys().rev().nth(random.usize(..8)).copied())
    }
}

//! What happens to jobs on this node.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use prometheus_client::metrics::counter::Counter;

use super::histogram::Histogram;
use super::shelf::{Labelled, Shelf};
use super::tally::{self, DURATION, LATENCY, Tally};
use crate::domain::schedule::RunOutcome;
use crate::domain::{Outcome, State};

/// The most job types that are told apart: their names come from callers, so there is no end to them.
pub const MAX_TYPES: usize = 500;
/// Stands for all others; no job type can have this name.
pub const OTHERS: &str = "(others)";

/// See the module.
#[derive(Debug)]
pub struct JobMetrics {
    enqueued: Labelled<Counter>,
    duplicates: Labelled<Counter>,
    started: Labelled<Counter>,
    ended: Labelled<Counter>,
    retries: Labelled<Counter>,
    finished: Labelled<Counter>,
    limited: Labelled<Counter>,
    latency: Labelled<Histogram>,
    duration: Labelled<Histogram>,
    runs: Labelled<Counter>,
    of_types: RwLock<HashMap<Arc<str>, Arc<OfType>>>,
}

/// The metrics of one job type, found once.
#[derive(Debug)]
struct OfType {
    enqueued: Counter,
    duplicates: Counter,
    started: Counter,
    ended: Vec<(Outcome, Counter)>,
    retries: Counter,
    finished: Vec<(State, Counter)>,
    limited: Counter,
    latency: Histogram,
    duration: Histogram,
}

impl JobMetrics {
    pub(super) fn new(shelf: &mut Shelf) -> Self {
        const TYPE: &[&str] = &["job_type"];
        let enqueued = shelf.counters("callboard_jobs_enqueued_total", TYPE, "Jobs made");
        let duplicates = shelf.counters(
            "callboard_jobs_duplicates_total",
            TYPE,
            "Enqueues that met a job that was there already, by key or by uniqueness",
        );
        let started =
            shelf.counters("callboard_attempts_started_total", TYPE, "Attempts begun: jobs claimed");
        let ended = shelf.counters(
            "callboard_attempts_ended_total",
            &["job_type", "outcome"],
            "Attempts ended, by how: success, error, fatal, timeout, cancelled, snoozed, lost, released",
        );
        let retries =
            shelf.counters("callboard_job_retries_total", TYPE, "Failures that are followed by another try");
        let finished = shelf.counters(
            "callboard_jobs_finished_total",
            &["job_type", "state"],
            "Jobs that reached a final state; failed ones are new dead letters",
        );
        let limited = shelf.counters(
            "callboard_limited_claims_total",
            TYPE,
            "Claims in which a limit of the job type kept jobs from starting",
        );
        let latency = shelf.histograms(
            "callboard_job_queue_latency_seconds",
            TYPE,
            "From when a job might have started to when it did",
            LATENCY,
        );
        let duration =
            shelf.histograms("callboard_attempt_duration_seconds", TYPE, "How long attempts took", DURATION);
        let runs = shelf.counters(
            "callboard_schedule_runs_total",
            &["outcome"],
            "Runs of schedules: enqueued, skipped (a job of it was unfinished, or it met a duplicate), missed",
        );
        for outcome in RunOutcome::ALL {
            runs.expect(&[outcome.as_str()]);
        }
        Self {
            enqueued,
            duplicates,
            started,
            ended,
            retries,
            finished,
            limited,
            latency,
            duration,
            runs,
            of_types: RwLock::default(),
        }
    }

    /// Has the metrics of these job types from the beginning; see [`Labelled::expect`].
    pub fn expect<'a>(&self, job_types: impl IntoIterator<Item = &'a str>) {
        for job_type in job_types {
            let _ = self.of_type(job_type);
        }
    }

    /// A transaction is on disk.
    pub fn count(&self, tally: Tally) {
        for (job_type, sums) in tally.jobs {
            self.of_type(&job_type).add(&sums);
        }
        for outcome in tally.runs {
            self.runs.of(&[outcome]).inc();
        }
    }

    fn of_type(&self, job_type: &str) -> Arc<OfType> {
        if let Some(known) = self.of_types.read().unwrap_or_else(PoisonError::into_inner).get(job_type) {
            return known.clone();
        }
        let mut all = self.of_types.write().unwrap_or_else(PoisonError::into_inner);
        let name = if all.len() < MAX_TYPES { job_type } else { OTHERS };
        all.entry(name.into()).or_insert_with(|| Arc::new(self.new_type(name))).clone()
    }

    fn new_type(&self, name: &str) -> OfType {
        let ended = |outcome: Outcome| (outcome, self.ended.of(&[name, outcome.as_str()]));
        let finished = |state: State| (state, self.finished.of(&[name, state.as_str()]));
        OfType {
            enqueued: self.enqueued.of(&[name]),
            duplicates: self.duplicates.of(&[name]),
            started: self.started.of(&[name]),
            ended: Outcome::ALL.into_iter().map(ended).collect(),
            retries: self.retries.of(&[name]),
            finished: State::FINAL.into_iter().map(finished).collect(),
            limited: self.limited.of(&[name]),
            latency: self.latency.of(&[name]),
            duration: self.duration.of(&[name]),
        }
    }
}

impl OfType {
    fn add(&self, sums: &tally::OfType) {
        let counts = [
            (&self.enqueued, sums.enqueued),
            (&self.duplicates, sums.duplicates),
            (&self.started, sums.started),
            (&self.limited, sums.limited),
            (&self.retries, sums.reached[State::Retrying as usize]),
        ];
        let ended = self.ended.iter().map(|(outcome, counter)| (counter, sums.ended[*outcome as usize]));
        let finished = self.finished.iter().map(|(state, counter)| (counter, sums.reached[*state as usize]));
        for (counter, n) in counts.into_iter().chain(ended).chain(finished).filter(|(_, n)| *n > 0) {
            counter.inc_by(n);
        }
        self.latency.add(&sums.latency);
        self.duration.add(&sums.duration);
    }
}

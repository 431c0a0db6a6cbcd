//! What happens to jobs on this node.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;

use super::shelf::{Labelled, Shelf};
use super::tally::{Happened, Tally};
use crate::domain::schedule::RunOutcome;
use crate::domain::{Outcome, State};

/// The most job types that are told apart: their names come from callers, so there is no end to them.
pub const MAX_TYPES: usize = 500;
/// Stands for all others; no job type can have this name.
pub const OTHERS: &str = "(others)";

const LATENCY: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0,
    7200.0,
];
const DURATION: &[f64] =
    &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 14400.0];

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
        // What happens in one transaction is mostly about one type, which is looked for once.
        let mut last: Option<(Arc<str>, Arc<OfType>)> = None;
        for (job_type, happened) in tally.jobs {
            let known = last.take().filter(|(name, _)| Arc::ptr_eq(name, &job_type));
            let (_, of_type) = last.insert(known.unwrap_or_else(|| {
                let of_type = self.of_type(&job_type);
                (job_type, of_type)
            }));
            of_type.count(happened);
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
    fn count(&self, happened: Happened) {
        match happened {
            Happened::Enqueued(n) => {
                self.enqueued.inc_by(n);
            }
            Happened::Duplicate => {
                self.duplicates.inc();
            }
            Happened::Started(waited) => {
                self.started.inc();
                self.latency.observe(seconds(waited));
            }
            Happened::Ended(outcome, took) => {
                inc(&self.ended, outcome);
                self.duration.observe(seconds(took));
            }
            Happened::Reached(State::Retrying) => {
                self.retries.inc();
            }
            Happened::Reached(state) => inc(&self.finished, state),
            Happened::Limited => {
                self.limited.inc();
            }
        }
    }
}

fn inc<K: PartialEq>(counters: &[(K, Counter)], of: K) {
    if let Some((_, counter)) = counters.iter().find(|(key, _)| *key == of) {
        counter.inc();
    }
}

#[allow(clippy::cast_precision_loss)]
fn seconds(ms: i64) -> f64 {
    ms.max(0) as f64 / 1000.0
}

//! What the verbs of a transaction bring about beside their own rows: counters and statistics, which
//! are written at its end, and what the rest of the program is told after the commit.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::Tx;
use super::totals::{self, Counts, Elsewhere, Stats};
use crate::domain::ident::WORKFLOW_NODE;
use crate::domain::schedule::RunOutcome;
use crate::domain::{Claim, Event, EventBody, Outcome, State, Timestamp};
use crate::metrics::{Happened, Tally};
use crate::store::error::StoreResult;
use crate::store::shift::Shift;
use crate::store::stats::{self, Metric};

/// Which job a write is about, for counters and events.
#[derive(Clone, Debug)]
pub struct JobRef {
    /// Its id.
    pub id: i64,
    /// Its type.
    pub job_type: Arc<str>,
    /// Its queue.
    pub queue: Arc<str>,
    /// Attempts started so far.
    pub attempt: u32,
    /// The workflow that counts it.
    pub workflow_id: Option<i64>,
}

/// What the rest of the program is told after a commit, in the order in which it was written.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// States that jobs are in now.
    pub events: Vec<Event>,
    /// Job types that have something new to start.
    pub ready: Vec<Arc<str>>,
    /// Job types of which jobs that are not new may be started.
    pub again: Vec<Arc<str>>,
    /// The nearest time at which something that was written is due.
    pub due: Option<Timestamp>,
    /// The nearest time at which a schedule that was written fires.
    pub fires: Option<Timestamp>,
    /// Attempts that should stop.
    pub stop: Vec<Claim>,
    /// Whether pauses or settings of job types changed.
    pub settings: bool,
    /// Whether something was stored on callers' own connections that nobody has taken in.
    pub arrivals: bool,
    /// Whether log folders of deleted jobs are to be deleted.
    pub doomed: bool,
    /// What is to be counted. It is not told.
    pub tally: Tally,
    /// Statements that wrote something.
    pub statements: u64,
}

impl Committed {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
            && self.ready.is_empty()
            && self.again.is_empty()
            && self.due.is_none()
            && self.fires.is_none()
            && self.stop.is_empty()
            && !self.settings
            && !self.arrivals
            && !self.doomed
    }
}

/// A job that is a workflow has its turn, or will not have it.
#[derive(Clone, Copy, Debug)]
pub struct Nested {
    /// The job.
    pub job: i64,
    /// Its workflow begins; else it is called off.
    pub begins: bool,
    /// When.
    pub at: Timestamp,
}

impl Nested {
    fn of(job: i64, from: Option<State>, to: State, at: Timestamp) -> Option<Self> {
        match to {
            State::Pending => Some(Self { job, begins: true, at }),
            // Its workflow was over before it, if it ran.
            State::Cancelled if from != Some(State::Running) => Some(Self { job, begins: false, at }),
            _ => None,
        }
    }
}

/// What the verbs of one transaction have gathered so far.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    pub(super) counts: Counts,
    pub(super) stats: Stats,
    /// What remote workers have done, by the node that they are connected to and what it is called.
    elsewhere: Elsewhere,
    workflows: BTreeMap<i64, Shift>,
    nested: VecDeque<Nested>,
    pub(super) committed: Committed,
    /// A rollback to a savepoint lets go of the lock, so it is kept here.
    pub(super) alone: bool,
}

impl Effects {
    /// Notes that a job that is not new may be started.
    pub(super) fn again(&mut self, job_type: &Arc<str>) {
        let again = &mut self.committed.again;
        if !again.contains(job_type) {
            again.push(job_type.clone());
        }
    }

    /// Whether nothing of a job type became ready, and nothing is paused or resumed.
    pub(super) fn nothing_ready(&self, job_type: &str) -> bool {
        !self.committed.settings && !self.committed.ready.iter().any(|ready| **ready == *job_type)
    }

    /// Writes what is counted; returns what to tell after the commit, and the number of the transaction if it was
    /// told.
    pub(super) fn write(mut self, tx: &mut Tx<'_>) -> StoreResult<(Committed, Option<i64>)> {
        self.counts.retain(|_, n| *n != 0);
        let mark = totals::write(tx, &self.counts, &self.stats, &self.elsewhere)?;
        Ok((self.committed, mark))
    }
}

/// What the verbs note.
impl Tx<'_> {
    /// Names a job for counters and events.
    pub fn job_ref(
        &mut self,
        id: i64,
        job_type: &str,
        queue: &str,
        attempt: i32,
        workflow_id: Option<i64>,
    ) -> JobRef {
        JobRef {
            id,
            job_type: self.names.get(job_type),
            queue: self.names.get(queue),
            attempt: u32::try_from(attempt).unwrap_or_default(),
            workflow_id,
        }
    }

    /// Notes that a job went from one state to another (`None`: it is new).
    pub fn moved(
        &mut self,
        job: &JobRef,
        from: Option<State>,
        to: State,
        error: Option<&str>,
        at: Timestamp,
    ) {
        if let Some(from) = from {
            self.count(&job.job_type, &job.queue, from, -1);
        }
        self.count(&job.job_type, &job.queue, to, 1);
        self.shift(job.workflow_id, from, Some(to), at);
        if &*job.job_type == WORKFLOW_NODE {
            self.effects.nested.extend(Nested::of(job.id, from, to, at));
        }
        if to == State::Pending {
            self.ready(&job.job_type);
            if from.is_some() {
                self.again(&job.job_type);
            }
        }
        if from.is_none() {
            self.happened(&job.job_type, Happened::Enqueued(1));
        }
        if to.is_final() || to == State::Retrying {
            self.happened(&job.job_type, Happened::Reached(to));
        }
        let metric = match to {
            State::Completed => Some(Metric::Completed),
            State::Failed => Some(Metric::Failed),
            _ => None,
        };
        if let Some(metric) = metric {
            self.stat(&job.job_type, metric, at);
            self.stat(&job.queue, Metric::EndedInQueue, at);
        }
        self.effects.committed.events.push(Event {
            job_id: job.id,
            job_type: job.job_type.clone(),
            queue: job.queue.clone(),
            body: EventBody::State {
                state: to,
                attempt: job.attempt,
                error: error.map(ToOwned::to_owned),
                at,
            },
        });
    }

    /// Notes that a job is gone.
    pub fn deleted(&mut self, job: &JobRef, state: State) {
        self.count(&job.job_type, &job.queue, state, -1);
        self.shift(job.workflow_id, Some(state), None, Timestamp::MIN);
    }

    /// Notes that a job went to another queue.
    pub fn requeued(&mut self, job: &JobRef, to_queue: &str, state: State) {
        self.again(&job.job_type);
        let to_queue = self.names.get(to_queue);
        self.count(&job.job_type, &job.queue, state, -1);
        self.count(&job.job_type, &to_queue, state, 1);
    }

    /// Adds one to a statistic of a job type (or queue).
    pub fn stat(&mut self, of: &Arc<str>, metric: Metric, at: Timestamp) {
        let key = (stats::span_of(at), of.clone(), metric.code());
        *self.effects.stats.entry(key).or_default() += 1;
    }

    /// Notes that an attempt began after its job had been ready for so many milliseconds.
    pub fn started(&mut self, job_type: &Arc<str>, waited: i64, at: Timestamp) {
        self.stat(job_type, Metric::latency(waited), at);
        self.happened(job_type, Happened::Started(waited));
    }

    /// Notes that an attempt ended that had begun at `started_at`.
    pub fn ended(&mut self, job_type: &Arc<str>, outcome: Outcome, started_at: i64, at: Timestamp) {
        self.happened(job_type, Happened::Ended(outcome, at.as_millis() - started_at));
    }

    /// Notes what is to be counted of a job type.
    pub fn happened(&mut self, job_type: &Arc<str>, happened: Happened) {
        self.effects.committed.tally.job(job_type, happened);
    }

    /// Notes what came of a run of a schedule.
    pub fn schedule_ran(&mut self, outcome: RunOutcome) {
        self.effects.committed.tally.run(outcome.as_str());
    }

    /// Notes that a job type has something to start.
    pub fn ready(&mut self, job_type: &Arc<str>) {
        let ready = &mut self.effects.committed.ready;
        if !ready.iter().any(|t| t == job_type) {
            ready.push(job_type.clone());
        }
    }

    /// Adds one to what remote workers have done.
    pub fn done_elsewhere(&mut self, node: i64, what: &'static str) {
        *self.effects.elsewhere.entry((node, what)).or_default() += 1;
    }

    /// Notes that nothing more of a job type can be started: all that is ready was claimed.
    pub fn all_claimed(&mut self, job_type: &str) {
        self.effects.committed.ready.retain(|t| **t != *job_type);
    }

    /// The job types that have something to start.
    pub(in crate::store) fn ready_types(&self) -> Vec<Arc<str>> {
        self.effects.committed.ready.clone()
    }

    /// The queues that got pending jobs of a type in this transaction. The counters on disk do not
    /// show them before its end.
    #[must_use]
    pub fn new_in_queues(&self, job_type: &str) -> Vec<Arc<str>> {
        let counts = self.effects.counts.iter();
        let new = counts.filter(|((t, _, state), n)| **t == *job_type && *state == State::Pending && **n > 0);
        new.map(|((_, queue, _), _)| queue.clone()).collect()
    }

    /// By how much the jobs of a type that run have become more in this transaction, as
    /// [`Self::new_in_queues`].
    #[must_use]
    pub fn more_running(&self, job_type: &str) -> i64 {
        let counts = self.effects.counts.iter();
        let of_type = counts.filter(|((t, _, state), _)| **t == *job_type && *state == State::Running);
        of_type.map(|(_, n)| n).sum()
    }

    /// Notes that something is due at a time.
    pub fn due(&mut self, at: Timestamp) {
        let due = &mut self.effects.committed.due;
        *due = Some(due.map_or(at, |d| d.min(at)));
    }

    /// Notes that a schedule fires at a time.
    pub fn fires(&mut self, at: Timestamp) {
        let fires = &mut self.effects.committed.fires;
        *fires = Some(fires.map_or(at, |f| f.min(at)));
    }

    /// Notes that an attempt should stop.
    pub fn stop(&mut self, claim: Claim) {
        self.effects.committed.stop.push(claim);
    }

    /// Notes that pauses or settings changed.
    pub fn settings_changed(&mut self) {
        self.effects.committed.settings = true;
    }

    /// Notes that log folders are to be deleted.
    pub(in crate::store) fn doomed(&mut self) {
        self.effects.committed.doomed = true;
    }

    fn count(&mut self, job_type: &Arc<str>, queue: &Arc<str>, state: State, by: i64) {
        *self.effects.counts.entry((job_type.clone(), queue.clone(), state)).or_default() += by;
    }

    fn shift(&mut self, workflow: Option<i64>, from: Option<State>, to: Option<State>, at: Timestamp) {
        let Some(workflow) = workflow else { return };
        let shift = self.effects.workflows.entry(workflow).or_default();
        shift.at = shift.at.max(at);
        if let Some(state) = from {
            shift.add(state, -1);
        }
        if let Some(state) = to {
            shift.add(state, 1);
        }
    }

    /// Has a workflow looked at although none of its jobs has moved.
    pub fn look_at(&mut self, workflow: i64, at: Timestamp) {
        let shift = self.effects.workflows.entry(workflow).or_default();
        shift.at = shift.at.max(at);
    }

    /// Takes out what a workflow's counters are to be changed by, until there is none left.
    pub(in crate::store) fn next_shift(&mut self) -> Option<(i64, Shift)> {
        self.effects.workflows.pop_first()
    }

    /// Notes that the workflow that a running job is should be called off.
    pub fn call_off(&mut self, job: i64, at: Timestamp) {
        self.effects.nested.push_back(Nested { job, begins: false, at });
    }

    /// Takes out what became of a job that is a workflow, until there is none left.
    pub(in crate::store) fn next_nested(&mut self) -> Option<Nested> {
        self.effects.nested.pop_front()
    }
}

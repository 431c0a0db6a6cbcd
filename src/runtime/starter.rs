//! What stands between a claim and the start of its jobs, on whatever thread that happens.

use std::sync::Arc;
use std::time::Duration;

use super::attempt::StopCause;
use super::ends::Pause;
use super::execute::{Execution, Parts};
use super::options::TypeOptions;
use super::shared::Shared;
use super::slots::Slots;
use super::worker::JobReady;
use crate::domain::{Claim, Job, Timestamp};
use crate::store::StoreError;
use crate::store::verbs::claim::Claimer;
use crate::store::verbs::give_back;
use crate::workers::AnyWorker;

/// The most jobs taken in one claim.
const MAX_CLAIM: usize = 256;

/// Starts the jobs of one type.
#[derive(Clone)]
pub struct Starter {
    job_type: Arc<str>,
    worker: Arc<dyn AnyWorker>,
    slots: Arc<Slots>,
    shared: Arc<Shared>,
}

impl Starter {
    /// One for a job type that has a worker here.
    #[must_use]
    pub fn new(job_type: &str, shared: &Arc<Shared>) -> Option<Self> {
        let worker = shared.types.get(job_type)?.worker.clone();
        let slots = shared.slots.get(job_type)?.clone();
        Some(Self { job_type: job_type.into(), worker, slots, shared: shared.clone() })
    }

    /// The job type.
    #[must_use]
    pub fn job_type(&self) -> &Arc<str> {
        &self.job_type
    }

    /// Its slots.
    #[must_use]
    pub fn slots(&self) -> &Arc<Slots> {
        &self.slots
    }

    /// Who claims.
    #[must_use]
    pub fn claimer(&self) -> Claimer {
        let node = self.shared.node();
        Claimer { node, worker_id: format!("{node}/{}", self.job_type) }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Begins a claim for so many jobs as there are free slots, which [`Self::end_claim`] ends.
    /// `None`: nothing may start before something changes, of which the worker actor is told.
    #[must_use]
    pub fn begin_claim(&self) -> Option<usize> {
        if !self.slots.begin_claim() {
            return None;
        }
        // Looked at within the claim: who finds nothing under way while the server goes down may
        // rely on it that nothing begins any more.
        let free = self.free();
        if free.is_none() {
            self.end_claim();
        }
        free
    }

    /// How many may start now; `None`: nothing before something changes.
    #[must_use]
    pub fn free(&self) -> Option<usize> {
        if !self.shared.may_start(&self.job_type) {
            return None;
        }
        let slots = self.shared.type_options(&self.job_type).concurrency as usize;
        let free = slots.saturating_sub(self.slots.taken()).min(MAX_CLAIM);
        (free > 0).then_some(free)
    }

    /// The claim is over. Wakes the worker actor if it wanted to claim meanwhile.
    pub fn end_claim(&self) {
        let wanted = self.slots.end_claim();
        self.shared.idle.notify_waiters();
        if let Some(worker) = self.shared.worker(&self.job_type).filter(|_| wanted) {
            worker.tell(JobReady);
        }
    }

    /// Starts jobs of this type that were claimed for a node: what this process was then.
    pub fn start(&self, jobs: Vec<Job>, node: i64) {
        if jobs.is_empty() {
            return;
        }
        let options = self.shared.type_options(&self.job_type);
        let mut executions: Vec<_> = jobs.into_iter().map(|job| self.prepare(job, node, &options)).collect();
        if let [only] = executions.as_slice() {
            return only.run();
        }
        // Of those that a thread spawns it runs the last one first.
        executions.rotate_left(1);
        // From one of the threads that they run on. From here each would wake such a thread, which would be done
        // with a short job and asleep before the next one comes.
        self.shared.job_threads.spawn(async move { executions.iter().for_each(Execution::run) });
    }

    fn prepare(&self, job: Job, node: i64, options: &TypeOptions) -> Arc<Execution> {
        let claim = Claim { job_id: job.id, attempt: job.attempt, node };
        let secs = if job.timeout_inherited { options.timeout_secs } else { job.timeout_secs };
        let execution = Execution::new(Parts {
            shared: self.shared.clone(),
            slots: self.slots.clone(),
            worker: self.worker.clone(),
            claim,
            timeout: secs.and_then(|s| Duration::try_from_secs_f64(s).ok()),
            backoff: job.backoff.unwrap_or(options.backoff),
            job,
        });
        self.slots.begin(claim, execution.attempt.clone());
        if self.shared.is_draining() || !self.shared.membership.may_begin() {
            // It was claimed while the server began to go down, or before it was stopped for a while.
            execution.attempt.stop(StopCause::Shutdown);
        }
        execution
    }

    /// After a claim that failed: it may be on disk, and its jobs would then run nowhere for ever.
    /// Gives them back, as soon as the store takes that.
    pub async fn give_back(&self, node: i64) {
        let mut pause = Pause::default();
        loop {
            pause.wait(&self.shared.clock).await;
            let (job_type, slots) = (self.job_type.clone(), self.slots.clone());
            let now = self.shared.clock.now();
            let given = self
                .shared
                .store
                .write(move |tx| give_back::give_back(tx, &job_type, node, |claim| slots.holds(claim), now));
            match given.await {
                Ok(0) | Err(StoreError::Closed) => return,
                Ok(n) => return log::warn!("{n} claims whose answer was lost are given back"),
                Err(_) => {}
            }
        }
    }

    /// As [`Self::give_back`], from any thread, and then ends the claim.
    pub fn give_back_and_end(self, node: i64) {
        let arbiter = self.shared.arbiter.clone();
        arbiter.spawn(async move {
            self.give_back(node).await;
            self.end_claim();
        });
    }
}

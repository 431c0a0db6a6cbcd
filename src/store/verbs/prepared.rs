//! A job before it is stored.

use crate::domain::unique::Lock;
use crate::domain::{Job, NewJob, Progress, State, Timestamp};

/// A job on its way into the store, with everything worked out that needs no database.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) job: NewJob,
    pub(super) max_retries: u32,
    pub(super) lock: Option<Lock>,
    pub(super) parents: Vec<i64>,
    pub(super) timeout_secs: Option<f64>,
    pub(super) tags: Option<String>,
    pub(super) metadata: Option<String>,
    pub(super) unique_spec: Option<String>,
    pub(super) backoff: Option<String>,
}

impl Prepared {
    /// Works out what can be without the database. `max_retries` is the job type's.
    #[must_use]
    pub fn new(job: NewJob, max_retries: u32) -> Self {
        let json = |v: Option<serde_json::Result<String>>| v.and_then(Result::ok);
        Self {
            max_retries: job.max_retries.unwrap_or(max_retries),
            lock: Lock::of(&job),
            parents: job.parents(),
            // In the database 0 is "no limit" and NULL "the job type's".
            timeout_secs: job.timeout_secs.map(|given| given.unwrap_or(0.0)),
            tags: json((!job.tags.is_empty()).then(|| serde_json::to_string(&job.tags))),
            metadata: (job.metadata.as_str() != "{}").then(|| job.metadata.as_str().to_owned()),
            unique_spec: json(job.unique.as_ref().map(serde_json::to_string)),
            backoff: json(job.backoff.as_ref().map(serde_json::to_string)),
            job,
        }
    }

    /// The same as a child of another job.
    #[must_use]
    pub fn after(mut self, parent: i64) -> Self {
        self.job.parent_job_id = Some(parent);
        self.parents = self.job.parents();
        self
    }

    /// Jobs outside a workflow that it depends on.
    pub(super) fn parents(&self) -> &[i64] {
        &self.parents
    }

    /// The job as it was asked for.
    pub(super) fn job(&self) -> &NewJob {
        &self.job
    }

    /// How long its uniqueness holds.
    pub(super) fn unique_until(&self, now: Timestamp) -> Option<Timestamp> {
        let secs = self.lock.as_ref()?.for_secs?;
        Some(now.plus(std::time::Duration::from_secs_f64(secs)))
    }

    /// The job as it is once it is stored: what a read would give, without reading.
    #[must_use]
    pub fn into_job(self, id: i64, state: State, created_at: Timestamp) -> Job {
        let new = self.job;
        Job {
            id,
            state,
            created_at,
            key: new.key,
            job_type: new.job_type,
            queue: new.queue,
            target_id: new.target_id,
            priority: new.priority,
            args: new.args,
            tags: new.tags,
            metadata: new.metadata,
            retry_count: 0,
            max_retries: self.max_retries,
            attempt: 0,
            timeout_secs: new.timeout_secs.flatten(),
            timeout_inherited: new.timeout_secs.is_none(),
            unique: new.unique,
            backoff: new.backoff,
            on_parent_failure: new.on_parent_failure,
            cancel_requested_at: None,
            crash_count: 0,
            progress: Progress::default(),
            result: None,
            error: None,
            parent_job_id: new.parent_job_id,
            depends_on: self.parents,
            workflow_id: None,
            name: None,
            worker_id: None,
            run_at: new.run_at,
            started_at: None,
            completed_at: None,
            waiting_for: None,
            attempts: None,
            steps: None,
            signals: None,
        }
    }
}

//! The handle to a running callboard: what the HTTP side, the Faktory side and programs that embed
//! it call.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use crate::domain::RateLimit;
use crate::domain::status::{Counts, QueueInfo, QueueStatus};
use crate::domain::{Backoff, Clock, Job, JobFilter, JobPatch, NewJob, NodeInfo, Order, Progress, Timestamp};
use crate::error::Error;

/// A running callboard. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Callboard;

/// What became of an enqueue.
#[derive(Clone, Debug)]
pub struct Enqueued {
    /// The job: the new one, or the one that was there.
    pub job: Job,
    /// Whether it was there already.
    pub duplicate: bool,
}

/// What became of a bulk enqueue.
#[derive(Clone, Debug, Serialize)]
pub struct EnqueuedMany {
    /// In the order of the jobs given; a duplicate's is that of the job that is there.
    pub ids: Vec<i64>,
    /// How many were there already.
    pub duplicates: usize,
}

/// A page of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Page {
    /// The jobs.
    pub jobs: Vec<Job>,
    /// Give it back for the next page; `None` on the last one.
    pub next_cursor: Option<String>,
}

/// What became of a cancel.
#[derive(Clone, Debug)]
pub struct Cancelled {
    /// The job as it is now.
    pub job: Job,
    /// False: it runs, and its worker was told.
    pub at_once: bool,
}

/// What a bulk action does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Another go.
    Retry,
    /// Call off.
    Cancel,
    /// Delete; final jobs only.
    Delete,
}

/// What became of a bulk action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acted {
    /// Jobs that the filter matched.
    pub matched: u64,
    /// Jobs that were changed.
    pub changed: u64,
}

/// A job type as `/api/job-types` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct JobTypeInfo {
    /// Its name.
    pub name: String,
    /// One sentence for people.
    pub description: String,
    /// JSON Schema of its args.
    pub args_schema: serde_json::Value,
    /// How many attempts may run at once on a node.
    pub concurrency: u32,
    /// How many may start in a span of time.
    pub rate_limit: Option<RateLimit>,
    /// The longest an attempt may take, unless the job says otherwise.
    pub timeout_secs: Option<f64>,
    /// Failures that are followed by another try, unless the job says otherwise.
    pub max_retries: u32,
    /// The delays between tries, unless the job says otherwise.
    pub backoff: Backoff,
    /// Whether it can run here.
    pub available: bool,
    /// Why not, and what to do.
    pub unavailable_reason: Option<String>,
    /// Whether no job of it is started.
    pub paused: bool,
    /// Attempts that run now.
    pub running: i64,
    /// Its jobs by state.
    pub counts: Counts,
}

/// Changes to a job type at run time; kept over restarts. The inner `None` clears.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobTypePatch {
    /// How many attempts may run at once on a node.
    pub concurrency: Option<u32>,
    /// How many may start in a span of time.
    pub rate_limit: Option<Option<RateLimit>>,
    /// The longest an attempt may take.
    pub timeout_secs: Option<Option<f64>>,
}

/// An attempt that runs now.
#[derive(Clone, Debug, Serialize)]
pub struct WorkerView {
    /// Node and worker.
    pub worker_id: String,
    /// Its job type.
    pub job_type: String,
    /// Its job.
    pub job_id: i64,
    /// The attempt's number.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How far it is.
    pub progress: Progress,
}

/// Whether the parts of the program make progress.
#[derive(Clone, Debug, Serialize)]
pub struct Readiness {
    /// Whether all is well.
    pub ready: bool,
    /// Each part with what is wrong with it, or `ok`.
    pub parts: BTreeMap<String, String>,
}

impl Callboard {
    /// Stores a job, and returns once it is on disk.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every wrong field; [`Error::Conflict`] when a job like it is there
    /// and its uniqueness says `refuse`; [`Error::ShuttingDown`]; [`Error::Unavailable`].
    pub async fn enqueue(&self, job: NewJob) -> Result<Enqueued, Error> {
        let _ = job;
        todo!()
    }

    /// Stores many jobs, all or none, and returns once they are on disk.
    ///
    /// # Errors
    /// As [`Self::enqueue`]; fields are named `jobs[3].priority`.
    pub async fn enqueue_many(&self, jobs: Vec<NewJob>) -> Result<EnqueuedMany, Error> {
        let _ = jobs;
        todo!()
    }

    /// Reads a job with its attempts and what it waits for.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`].
    pub async fn job(&self, id: i64) -> Result<Job, Error> {
        let _ = id;
        todo!()
    }

    /// Reads a page of jobs.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a cursor that is not from here or from another list.
    pub async fn list(
        &self,
        filter: JobFilter,
        order: Order,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<Page, Error> {
        let _ = (filter, order, cursor, limit);
        todo!()
    }

    /// Changes a job that waits.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it runs or is final.
    pub async fn patch(&self, id: i64, patch: JobPatch) -> Result<Job, Error> {
        let _ = (id, patch);
        todo!()
    }

    /// Gives a job another go.
    ///
    /// # Errors
    /// [`Error::Conflict`] from pending, running, scheduled and blocked, and when a job like it is
    /// there.
    pub async fn retry(&self, id: i64) -> Result<Job, Error> {
        let _ = id;
        todo!()
    }

    /// Calls a job off.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it is final.
    pub async fn cancel(&self, id: i64) -> Result<Cancelled, Error> {
        let _ = id;
        todo!()
    }

    /// Does something to every job that a filter matches, in chunks.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn act(&self, action: Action, filter: JobFilter) -> Result<Acted, Error> {
        let _ = (action, filter);
        todo!()
    }

    /// Counts of everything.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn queue_status(&self) -> Result<QueueStatus, Error> {
        todo!()
    }

    /// The job types, by name.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn job_types(&self) -> Result<Vec<JobTypeInfo>, Error> {
        todo!()
    }

    /// One job type.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn job_type(&self, name: &str) -> Result<JobTypeInfo, Error> {
        let _ = name;
        todo!()
    }

    /// Changes a job type at run time.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`].
    pub async fn patch_job_type(&self, name: &str, patch: JobTypePatch) -> Result<JobTypeInfo, Error> {
        let _ = (name, patch);
        todo!()
    }

    /// Stops or resumes the starting of jobs of a type.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn pause_job_type(&self, name: &str, paused: bool) -> Result<JobTypeInfo, Error> {
        let _ = (name, paused);
        todo!()
    }

    /// The queues, by name.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn queues(&self) -> Result<Vec<QueueInfo>, Error> {
        todo!()
    }

    /// Stops or resumes the starting of jobs of a queue.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no name of a queue.
    pub async fn pause_queue(&self, name: &str, paused: bool) -> Result<QueueInfo, Error> {
        let _ = (name, paused);
        todo!()
    }

    /// The server processes.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn nodes(&self) -> Result<Vec<NodeInfo>, Error> {
        todo!()
    }

    /// The attempts that run now.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn workers(&self) -> Result<Vec<WorkerView>, Error> {
        todo!()
    }

    /// Takes back attempts whose worker is gone. Returns how many.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn recover_stale(&self) -> Result<u64, Error> {
        todo!()
    }

    /// Deletes final jobs that reached their end longer ago than `older_than`. Returns how many.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn cleanup(&self, older_than: Duration, include_failed: bool) -> Result<u64, Error> {
        let _ = (older_than, include_failed);
        todo!()
    }

    /// Whether every part makes progress.
    pub async fn readiness(&self) -> Readiness {
        todo!()
    }

    /// Whether the server is going down.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        todo!()
    }

    /// The log files of the jobs.
    #[must_use]
    pub fn logs(&self) -> &crate::logs::JobLogs {
        static LOGS: crate::logs::JobLogs = crate::logs::JobLogs;
        &LOGS
    }

    /// The clock it goes by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        static CLOCK: std::sync::LazyLock<Clock> = std::sync::LazyLock::new(Clock::system);
        &CLOCK
    }
}

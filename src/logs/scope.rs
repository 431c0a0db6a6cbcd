//! Whose attempt a line of the server's own log is about. What code of a job logs through the `log`
//! crate, however deep in a library, carries the attempt that it ran in.

use std::sync::Arc;

use serde::Serialize;

use crate::domain::{Claim, Job};

tokio::task_local! {
    static ATTEMPT: LogScope;
}

/// See the module. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct LogScope {
    job: Arc<Job>,
    claim: Claim,
}

/// An attempt, as lines of the log name it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct AttemptFields<'a> {
    /// The job.
    pub job_id: i64,
    /// Its type.
    pub job_type: &'a str,
    /// Its queue.
    pub queue: &'a str,
    /// The attempt's number.
    pub attempt: u32,
    /// Node and worker that run it.
    pub worker_id: Option<&'a str>,
    /// The node.
    pub node: i64,
}

impl LogScope {
    /// That of the attempt that holds a claim.
    #[must_use]
    pub fn new(job: Arc<Job>, claim: Claim) -> Self {
        Self { job, claim }
    }

    /// A future: what is logged in it is about this attempt.
    pub fn around<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        ATTEMPT.scope(self, future)
    }

    /// As [`Self::around`], of a function.
    pub fn run<T>(self, function: impl FnOnce() -> T) -> T {
        ATTEMPT.sync_scope(self, function)
    }

    /// That of the code that asks.
    #[must_use]
    pub fn current() -> Option<Self> {
        ATTEMPT.try_with(Clone::clone).ok()
    }

    /// What a line says of the attempt.
    #[must_use]
    pub fn fields(&self) -> AttemptFields<'_> {
        let Self { job, claim } = self;
        AttemptFields {
            job_id: job.id,
            job_type: &job.job_type,
            queue: &job.queue,
            attempt: claim.attempt,
            worker_id: job.worker_id.as_deref(),
            node: claim.node,
        }
    }
}

//! Whose attempt a line of the server's own log is about. What code of a job logs through the `log`
//! crate, however deep in a library, carries the attempt that it ran in.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use serde::Serialize;

use crate::domain::secret::Scrub;
use crate::domain::{Claim, Job};

tokio::task_local! {
    static ATTEMPT: LogScope;
}

/// See the module. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct LogScope {
    job: Arc<Job>,
    claim: Claim,
    /// The secrets in its args, once they are opened.
    hidden: Arc<OnceLock<Scrub>>,
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
        Self { job, claim, hidden: Arc::default() }
    }

    /// From now on takes these out of what is said of the attempt, also through scopes that are cloned
    /// already. They are told once.
    pub fn hide(&self, secrets: Scrub) {
        let _ = self.hidden.set(secrets);
    }

    /// A text about the attempt as it may be seen.
    #[must_use]
    pub fn seen<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.hidden.get().map_or(Cow::Borrowed(text), |secrets| secrets.text(text))
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
        let Self { job, claim, .. } = self;
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

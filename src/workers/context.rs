//! What a worker can do while it runs: say how far it is, write to its log, see whether it should
//! stop, read its parents' results.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::services::{FoundItem, NoServices};
use super::steps::Names;
use super::{Failure, LibraryStore, RunResult, Services};
use crate::domain::secret::Scrub;
use crate::domain::{Job, Json, NewJob, Node, Progress, State, TraceContext};
use crate::logs::AttemptLog;

/// The longest message of a step of progress, in bytes.
const MAX_MESSAGE: usize = 1024;

/// Where steps of progress go. The runtime's one throttles and stores them.
pub trait ProgressReporter: Send + Sync {
    /// Takes a step; must not block.
    fn report(&self, progress: Progress);
}

/// What a parent left behind.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ParentResult {
    /// Its id.
    pub id: i64,
    /// Its name in the workflow.
    pub name: Option<String>,
    /// Its type.
    pub job_type: String,
    /// How it ended.
    pub state: State,
    /// What it gave back.
    pub result: Option<Json>,
}

/// One attempt, seen from inside the worker. Cloning is cheap.
#[derive(Clone)]
pub struct Context {
    /// The job, as it was when the attempt began (state `running`).
    pub job: Arc<Job>,
    /// Cancelled when the worker should stop: somebody asked for it, the time is up, or the server
    /// goes down. A worker that heeds it ends with [`super::Failure::Cancelled`].
    pub cancel: CancellationToken,
    /// The attempt's log files.
    pub log: AttemptLog,
    parents: Arc<Vec<ParentResult>>,
    trace: Option<TraceContext>,
    progress: Arc<dyn ProgressReporter>,
    library: Option<Arc<dyn LibraryStore>>,
    pub(super) services: Arc<dyn Services>,
    pub(super) max_result: usize,
    /// The args with their secrets left out, where there are some.
    pub(super) shown_args: Option<Json>,
    hidden: Scrub,
    pub(super) steps: Arc<Names>,
    pub(super) waits: Arc<Names>,
}

/// The largest result that is kept unless the configuration says otherwise, in bytes of JSON.
pub const MAX_RESULT: usize = 1024 * 1024;

impl Context {
    /// Puts one together. The runtime does this; tests of workers may.
    #[must_use]
    pub fn new(
        job: Arc<Job>,
        cancel: CancellationToken,
        log: AttemptLog,
        parents: Vec<ParentResult>,
        progress: Arc<dyn ProgressReporter>,
    ) -> Self {
        Self {
            job,
            cancel,
            log,
            parents: Arc::new(parents),
            trace: None,
            progress,
            library: None,
            services: Arc::new(NoServices),
            max_result: MAX_RESULT,
            shown_args: None,
            hidden: Scrub::default(),
            steps: Arc::default(),
            waits: Arc::default(),
        }
    }

    /// Tells it where in a trace it is.
    #[must_use]
    pub fn with_trace(mut self, trace: Option<TraceContext>) -> Self {
        self.trace = trace;
        self
    }

    /// Where in a trace this attempt is, to be handed on to whatever it calls: the headers
    /// `traceparent` and `tracestate`.
    #[must_use]
    pub fn trace(&self) -> Option<&TraceContext> {
        self.trace.as_ref()
    }

    /// Gives it the tables of the media library.
    #[must_use]
    pub fn with_library(mut self, library: Arc<dyn LibraryStore>) -> Self {
        self.library = Some(library);
        self
    }

    /// The tables of the media library.
    ///
    /// # Errors
    /// Fatal where there are none, as in a test that gives none.
    pub fn library(&self) -> RunResult<&dyn LibraryStore> {
        self.library.as_deref().ok_or_else(|| Failure::fatal("there are no tables for a media library"))
    }

    /// Tells it what is secret in its args, and what those look like without it.
    #[must_use]
    pub fn with_secrets(mut self, shown_args: Json, hidden: Scrub) -> Self {
        self.shown_args = Some(shown_args).filter(|args| *args != self.job.args);
        self.hidden = hidden;
        self
    }

    /// Gives it what the runtime does for a job beside taking its progress.
    #[must_use]
    pub fn with_services(mut self, services: Arc<dyn Services>) -> Self {
        self.services = services;
        self
    }

    /// Tells it how large a result may be, in bytes of JSON.
    #[must_use]
    pub fn with_max_result(mut self, bytes: usize) -> Self {
        self.max_result = bytes;
        self
    }

    /// The largest result that is kept, in bytes of JSON.
    #[must_use]
    pub fn max_result(&self) -> usize {
        self.max_result
    }

    /// The attempt's number, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.job.attempt
    }

    /// The results of the jobs that this one depends on, in the order of their ids.
    #[must_use]
    pub fn parents(&self) -> &[ParentResult] {
        &self.parents
    }

    /// Stores jobs as children of this one, all or none, and returns their ids once they are on disk.
    /// They wait until this one has completed.
    ///
    /// # Errors
    /// Fatal when a job is refused or the attempt was taken away; to be retried when the store is.
    pub async fn enqueue(&self, jobs: Vec<NewJob>) -> RunResult<Vec<i64>> {
        self.services.enqueue(jobs.into_iter().map(|job| self.child(job)).collect()).await
    }

    /// Adds jobs to the workflow of this one, all or none, and returns their ids once they are on disk.
    /// They wait until this one has completed, and the nodes that wait for this one wait for them
    /// too. One that was added before under its name, by an earlier attempt, is not added again.
    ///
    /// ```
    /// # use callboard::domain::{NewJob, Node};
    /// # use callboard::workers::{Context, Failure};
    /// # async fn split(ctx: Context) -> Result<(), Failure> {
    /// let parts = (1..=3).map(|n| Node::new(format!("part {n}"), NewJob::new("encode")));
    /// ctx.add_jobs(parts.collect()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Fatal when this job is in no workflow, a job is refused or the attempt was taken away; to be
    /// retried when the store is away.
    pub async fn add_jobs(&self, nodes: Vec<Node>) -> RunResult<Vec<i64>> {
        self.services.add_jobs(nodes, true).await
    }

    /// As [`Self::add_jobs`], but nobody waits for the jobs besides those that say so.
    ///
    /// # Errors
    /// As [`Self::add_jobs`].
    pub async fn add_jobs_aside(&self, nodes: Vec<Node>) -> RunResult<Vec<i64>> {
        self.services.add_jobs(nodes, false).await
    }

    /// Whether anything of a scope was ever remembered by [`Self::enqueue_once`].
    ///
    /// # Errors
    /// To be retried when the store is away.
    pub async fn has_seen(&self, scope: &str) -> RunResult<bool> {
        self.services.has_seen(scope.to_owned()).await
    }

    /// Remembers items of a scope and stores the jobs of those that were never seen before, as
    /// children: each once, ever. Returns the id of its first job for each that got one.
    ///
    /// # Errors
    /// As [`Self::enqueue`].
    pub async fn enqueue_once(&self, scope: &str, items: Vec<FoundItem>) -> RunResult<Vec<Option<i64>>> {
        let items = items.into_iter().map(|(item, jobs)| (item, self.chain(jobs))).collect();
        self.services.enqueue_once(scope.to_owned(), items).await
    }

    /// The first job of an item waits for this one; the others wait for each other.
    fn chain(&self, jobs: Vec<NewJob>) -> Vec<NewJob> {
        let mut jobs = jobs;
        if let Some(first) = jobs.first_mut() {
            first.parent_job_id.get_or_insert(self.job.id);
        }
        jobs
    }

    fn child(&self, mut job: NewJob) -> NewJob {
        job.parent_job_id.get_or_insert(self.job.id);
        job
    }

    /// Whether the worker should stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Says that `processed` of `total` items are done. The percentage follows from them. Call it
    /// as often as you like: what others see is throttled to two a second, and the last one always
    /// arrives. All steps are in `progress.jsonl`.
    pub fn progress(&self, processed: u64, total: Option<u64>, message: Option<&str>) {
        #[allow(clippy::cast_precision_loss)]
        let percent = match total {
            Some(total) if total > 0 => processed as f64 / total as f64 * 100.0,
            _ => 0.0,
        };
        self.progress_at(percent, processed, total, message);
    }

    /// Says how far it is where the percentage does not follow from the counts.
    pub fn progress_at(&self, percent: f64, processed: u64, total: Option<u64>, message: Option<&str>) {
        let percent = if percent.is_finite() { percent.clamp(0.0, 100.0) } else { 0.0 };
        let progress = Progress {
            percent: (percent * 100.0).round() / 100.0,
            processed,
            total,
            message: message.map(|message| fitting(&self.hidden.text(message))),
            updated_at: None,
        };
        self.log.progress(&progress);
        self.progress.report(progress);
    }
}

/// A message as the store takes it: without NUL, and not endless.
fn fitting(message: &str) -> String {
    let mut end = message.len().min(MAX_MESSAGE);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message[..end].replace('\0', "\u{FFFD}")
}

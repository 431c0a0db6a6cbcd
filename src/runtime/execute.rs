//! Runs one attempt, as plain async code: time limit, cancellation, panics, logs, progress. Ends in
//! a [`Verdict`], always.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::progress::{Reporter, ReporterParts};
use super::services::ForClaim;
use super::shared::Shared;
use super::slots::{Attempt, Slots, StopCause};
use crate::domain::{Claim, Job, Json, LogLine, Verdict};
use crate::logs::{AttemptLog, LogSink};
use crate::store::verbs::finish::Finished;
use crate::store::views;
use crate::workers::worker::Start;
use crate::workers::{AnyWorker, Context, Failure, RunResult};

/// How long a task that is dropped has to be gone. A future that is dropped ends at its next await;
/// one that is not gone by then blocks its thread.
const DROP_GRACE: Duration = Duration::from_secs(1);
/// How long a job waits whose earlier attempt's code still runs.
const LEAK_PAUSE: Duration = Duration::from_secs(5);
/// The largest result that is kept, as JSON.
const MAX_RESULT: usize = 1024 * 1024;

/// What an attempt is run with.
pub struct Execution {
    pub(super) shared: Arc<Shared>,
    pub(super) slots: Arc<Slots>,
    pub(super) worker: Arc<dyn AnyWorker>,
    pub(super) job: Job,
    pub(super) claim: Claim,
    pub(super) attempt: Attempt,
    pub(super) timeout: Option<Duration>,
}

impl Execution {
    /// Runs it to its end, whatever that is.
    pub async fn run(self) -> Finished {
        let job_type: Arc<str> = self.job.job_type.as_str().into();
        let queue: Arc<str> = self.job.queue.as_str().into();
        let log =
            self.shared.logs.attempt(self.job.id, self.claim.attempt, Some(self.sink(&job_type, &queue)));
        let reporter = Reporter::new(ReporterParts {
            claim: self.claim,
            job_type,
            queue,
            clock: self.shared.clock.clone(),
            hub: self.shared.hub.clone(),
            slots: self.slots.clone(),
            writer: self.shared.progress.clone(),
        });
        let backoff =
            self.job.backoff.unwrap_or_else(|| self.shared.type_options(&self.job.job_type).backoff);
        let claim = self.claim;
        let verdict = self.verdict(&log, reporter.clone()).await;
        if let Some(message) = verdict.message() {
            log.error(message);
        }
        log.close();
        Finished { claim, verdict, progress: reporter.close(), backoff, luck: fastrand::f64() }
    }

    fn sink(&self, job_type: &Arc<str>, queue: &Arc<str>) -> LogSink {
        let (hub, id) = (self.shared.hub.clone(), self.job.id);
        let (job_type, queue) = (job_type.clone(), queue.clone());
        Arc::new(move |line: LogLine| hub.log(id, &job_type, &queue, line))
    }

    async fn verdict(self, log: &AttemptLog, reporter: Arc<Reporter>) -> Verdict {
        if self.slots.has_leaked(self.job.id) {
            log.warn("the code of an earlier attempt still runs; this one waits until it has ended");
            return Verdict::Snooze(LEAK_PAUSE);
        }
        let parents = self.job.depends_on.clone();
        let parents = match parents.is_empty() {
            true => Ok(Vec::new()),
            false => self.shared.store.read(move |c| views::job::parent_results(c, &parents)).await,
        };
        let parents = match parents {
            Ok(parents) => parents,
            Err(e) => {
                return Verdict::Error {
                    message: format!("cannot read its parents' results: {e}"),
                    retry_in: None,
                };
            }
        };
        let token = self.attempt.token.clone();
        let services = Arc::new(ForClaim { shared: self.shared.clone(), claim: self.claim });
        let ctx = Context::new(Arc::new(self.job.clone()), token, log.clone(), parents, reporter)
            .with_library(self.shared.library())
            .with_services(services);
        let worker = self.worker.clone();
        let started = std::panic::catch_unwind(AssertUnwindSafe(|| worker.start(ctx)));
        match started {
            Ok(Start::Future(code)) => {
                let code = AssertUnwindSafe(code).catch_unwind();
                let task = self.shared.job_threads.spawn(code);
                let abort = task.abort_handle();
                let joined = async move { task.await.unwrap_or_else(|e| Err(Box::new(e.to_string()))) };
                self.watch(log, joined, Some(abort)).await
            }
            Ok(Start::Blocking(code)) => {
                let (done, task) = oneshot::channel();
                let thread = std::thread::Builder::new().name(format!("job-{}", self.job.id));
                let spawned = thread.spawn(move || {
                    let _ = done.send(std::panic::catch_unwind(AssertUnwindSafe(code)));
                });
                if let Err(e) = spawned {
                    return Verdict::Error { message: format!("cannot start a thread: {e}"), retry_in: None };
                }
                let joined =
                    async move { task.await.unwrap_or_else(|_| Err(Box::new("the thread is gone"))) };
                self.watch(log, joined, None).await
            }
            Err(panic) => panicked(panic.as_ref()),
        }
    }

    /// Waits for the code; tells it to stop when its time is up; drops its task, if it is one, when
    /// it does not heed.
    async fn watch<F>(self, log: &AttemptLog, code: F, task: Option<AbortHandle>) -> Verdict
    where
        F: Future<Output = Result<RunResult<Option<Json>>, Box<dyn Any + Send>>> + Send + 'static,
    {
        let mut code = Box::pin(code);
        let time_is_up = async {
            match self.timeout {
                Some(limit) => self.shared.clock.sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            ended = &mut code => return self.judge(ended),
            () = self.attempt.token.cancelled() => {}
            () = time_is_up => self.attempt.stop(StopCause::Timeout),
        }
        let clock = &self.shared.clock;
        if let Ok(ended) = within(clock, self.shared.options.stop_grace, &mut code).await {
            return self.judge(ended);
        }
        if let Some(task) = task {
            log.warn("it was told to stop and did not; its task is dropped");
            task.abort();
            if within(&crate::domain::Clock::system(), DROP_GRACE, &mut code).await.is_ok() {
                return self.stopped();
            }
        }
        self.leak(log, code);
        self.stopped()
    }

    /// The code can be neither stopped nor dropped: it blocks its thread. It keeps its slot until
    /// it ends.
    fn leak(&self, log: &AttemptLog, code: impl Future + Send + 'static) {
        let id = self.job.id;
        log.error(
            "its code blocks its thread and cannot be stopped; it is counted as leaked and keeps its slot",
        );
        log::error!("the code of job {id} ({}) does not stop; it is leaked", self.job.job_type);
        self.slots.leak(id);
        let (slots, shared, job_type) = (self.slots.clone(), self.shared.clone(), self.job.job_type.clone());
        self.shared.job_threads.spawn(async move {
            code.await;
            slots.unleak(id);
            log::info!("the leaked code of job {id} has ended");
            if let Some(worker) = shared.worker(&job_type) {
                worker.do_send(super::worker::JobReady);
            }
        });
    }

    fn judge(&self, ended: Result<RunResult<Option<Json>>, Box<dyn Any + Send>>) -> Verdict {
        match ended {
            Ok(Ok(result)) => match result {
                Some(json) if json.as_str().len() > MAX_RESULT => Verdict::Fatal(format!(
                    "the result is {} bytes long as JSON; at most {MAX_RESULT} are kept",
                    json.as_str().len()
                )),
                // What is done is done, even if a stop was asked for meanwhile: whether a cancel
                // came first is decided on disk.
                result => Verdict::Success(result),
            },
            Ok(Err(failure)) => match (self.attempt.cause(), failure) {
                (Some(_), _) => self.stopped(),
                (None, Failure::Retry { message, after }) => Verdict::Error { message, retry_in: after },
                (None, Failure::Fatal(message)) => Verdict::Fatal(message),
                (None, Failure::Snooze(delay)) => Verdict::Snooze(delay),
                (None, Failure::Cancelled) => Verdict::Cancelled,
            },
            Err(panic) => panicked(panic.as_ref()),
        }
    }

    /// The verdict on an attempt that was told to stop and has.
    fn stopped(&self) -> Verdict {
        match self.attempt.cause() {
            Some(StopCause::Timeout) => {
                let limit = self.timeout.unwrap_or_default().as_secs_f64();
                Verdict::Timeout(format!("timed out after {limit} s"))
            }
            Some(StopCause::Shutdown) => Verdict::Released,
            Some(StopCause::Cancel) | None => Verdict::Cancelled,
        }
    }
}

async fn within<F: Future + Unpin>(
    clock: &crate::domain::Clock,
    limit: Duration,
    code: &mut F,
) -> Result<F::Output, ()> {
    tokio::select! {
        biased;
        ended = code => Ok(ended),
        () = clock.sleep(limit) => Err(()),
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Verdict {
    let what = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".into());
    Verdict::Error { message: format!("the worker panicked: {what}"), retry_in: None }
}

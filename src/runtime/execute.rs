//! Runs one attempt: panics, logs, progress, and in the end a [`Verdict`], always. What happens to
//! code that is told to stop is in [`outlast`](super::outlast).

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use log::Level;
use opentelemetry::trace::SpanKind;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::attempt::{Attempt, StopCause};
use super::progress::{Reporter, ReporterParts};
use super::services::ForClaim;
use super::shared::Shared;
use super::slots::Slots;
use super::worker::{Ended, JobReady};
use crate::domain::secret;
use crate::domain::{Backoff, Claim, Job, Json, LogLine, Timestamp, TraceContext, Verdict};
use crate::logs::{AttemptLog, LogScope, LogSink};
use crate::store::verbs::finish::Finished;
use crate::store::views;
use crate::telemetry::{self, Span};
use crate::workers::worker::{Running, Start};
use crate::workers::{AnyWorker, Context, Failure, ParentResult, RunResult};

/// How long a job waits whose earlier attempt's code still runs.
const LEAK_PAUSE: Duration = Duration::from_secs(5);

/// How code ended: with a result, or in a panic.
type CodeEnd = std::thread::Result<RunResult<Option<Json>>>;

/// What an attempt is run with.
pub struct Parts {
    pub(super) shared: Arc<Shared>,
    pub(super) slots: Arc<Slots>,
    pub(super) worker: Arc<dyn AnyWorker>,
    pub(super) job: Job,
    pub(super) claim: Claim,
    pub(super) timeout: Option<Duration>,
    pub(super) backoff: Backoff,
}

/// An attempt on its way. Its code runs on the job threads or, if it blocks, on one of its own;
/// nothing else does.
pub struct Execution {
    pub(super) shared: Arc<Shared>,
    pub(super) slots: Arc<Slots>,
    worker: Arc<dyn AnyWorker>,
    pub(super) job: Arc<Job>,
    pub(super) claim: Claim,
    /// Seen from outside.
    pub attempt: Attempt,
    timeout: Option<Duration>,
    /// When its time is up.
    end: Option<Timestamp>,
    backoff: Backoff,
    pub(super) log: AttemptLog,
    reporter: Arc<Reporter>,
    /// Of this attempt.
    span: Mutex<Span>,
    /// Where in a trace its code is.
    trace: Option<TraceContext>,
    code: Mutex<Code>,
    gone: Notify,
    /// What is logged in it is about this attempt.
    scope: LogScope,
}

/// Where the code is.
#[derive(Default)]
pub(super) struct Code {
    /// Whether the attempt has its verdict.
    pub ended: bool,
    /// Whether the code is not there any more: ended, or dropped.
    pub gone: bool,
    /// Whether it was given up while it was still there.
    pub leaked: bool,
    /// What drops it, unless it blocks.
    pub task: Option<AbortHandle>,
}

impl Execution {
    /// Puts it together.
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts { shared, slots, worker, job, claim, timeout, backoff } = parts;
        let (job_type, queue): (Arc<str>, Arc<str>) =
            (job.job_type.as_str().into(), job.queue.as_str().into());
        let sink = sink(&shared, job.id, &job_type, &queue);
        let log = shared.logs.attempt(job.id, claim.attempt, Some(sink));
        let reporter = Reporter::new(ReporterParts {
            claim,
            job_type,
            queue,
            clock: shared.clock.clone(),
            hub: shared.hub.clone(),
            slots: slots.clone(),
            writer: shared.progress.clone(),
        });
        let now = shared.clock.now();
        Arc::new_cyclic(|me: &std::sync::Weak<Self>| {
            let me = me.clone();
            let attempt = Attempt::new(job.started_at.unwrap_or(now), move || {
                if let Some(me) = me.upgrade() {
                    me.shared.arbiter.clone().spawn(me.outlast());
                }
            });
            let end = timeout.map(|limit| now.plus(limit));
            let enqueued = TraceContext::of(&job.metadata);
            let span = begin_span(&shared, &job, claim, enqueued.as_ref());
            let trace = span.context().or(enqueued);
            let (job, code, gone) = (Arc::new(job), Mutex::default(), Notify::new());
            let scope = LogScope::new(job.clone(), claim);
            Self {
                shared,
                slots,
                worker,
                job,
                claim,
                attempt,
                timeout,
                end,
                backoff,
                log,
                reporter,
                span: Mutex::new(span),
                trace,
                code,
                gone,
                scope,
            }
        })
    }

    /// Lets it run.
    pub fn run(self: &Arc<Self>) {
        let presence = Presence(self.clone());
        // Held, because code that blocks takes the handle away.
        let mut code = self.code();
        if code.ended {
            // It was told to stop, and was given up before a thread had time for it. It is gone with its presence.
            return drop(code);
        }
        // Before it can end.
        let limits = &self.shared.limits;
        let sooner = self.end.is_some_and(|end| limits.begin(end, self.claim, self.attempt.clone()));
        let here = telemetry::within(self.trace.clone(), presence.run());
        let here = self.scope.clone().around(here);
        code.task = Some(self.shared.job_threads.spawn(here).abort_handle());
        drop(code);
        if sooner && let Some(timekeeper) = self.shared.with_actors(|actors| actors.timekeeper.clone()) {
            timekeeper.tell(super::timekeeper::Look);
        }
    }

    pub(super) fn code(&self) -> MutexGuard<'_, Code> {
        self.code.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns once the code is not there any more.
    pub(super) async fn gone(&self) {
        loop {
            let gone = self.gone.notified();
            if self.code().gone {
                return;
            }
            gone.await;
        }
    }

    /// Ends the attempt, unless it has its verdict already.
    pub(super) fn end(&self, verdict: Verdict) {
        if std::mem::replace(&mut self.code().ended, true) {
            return;
        }
        if let Some(end) = self.end {
            self.shared.limits.end(end, self.claim);
        }
        let verdict = verdict.reworded(|message| self.scope.seen(message).into_owned());
        if let Some(message) = verdict.message() {
            self.log.verdict(message);
        }
        self.tell(&verdict);
        end_span(std::mem::take(&mut *self.span.lock().unwrap_or_else(PoisonError::into_inner)), &verdict);
        self.log.close();
        let (claim, backoff, progress) = (self.claim, self.backoff, self.reporter.close());
        if self.slots.end(Finished { claim, verdict, progress, backoff, luck: fastrand::f64() })
            && let Some(worker) = self.shared.worker(&self.job.job_type)
        {
            worker.tell(Ended);
        }
    }

    /// A line in the server's log; why it failed is in that of the job, with what may be secret.
    fn tell(&self, verdict: &Verdict) {
        let level = match verdict {
            Verdict::Error { .. } | Verdict::Fatal(_) | Verdict::Timeout(_) => Level::Info,
            _ => Level::Debug,
        };
        if log::log_enabled!(target: "callboard::attempts", level) {
            let took = self.shared.clock.now().since(self.attempt.started_at).as_secs_f64();
            let outcome = verdict.outcome().as_str();
            self.scope.clone().run(
                || log::log!(target: "callboard::attempts", level, "attempt ended: {outcome} after {took} s"),
            );
        }
    }

    fn judge(&self, ended: CodeEnd) -> Verdict {
        match ended {
            Ok(Ok(result)) => match result {
                Some(json) if json.as_str().len() > self.shared.options.max_result => {
                    Verdict::Fatal(format!(
                        "the result is {} bytes long as JSON; at most {} are kept (defaults.max_result_bytes)",
                        json.as_str().len(),
                        self.shared.options.max_result
                    ))
                }
                // What is done is done, even if a stop was asked for meanwhile: whether a cancel
                // came first is decided on disk.
                result => Verdict::Success(result),
            },
            Ok(Err(failure)) => match (self.attempt.cause(), failure) {
                (Some(_), _) => self.stopped(),
                (None, Failure::Retry { message, after }) => Verdict::Error { message, retry_in: after },
                (None, Failure::Fatal(message)) => Verdict::Fatal(message),
                (None, Failure::Snooze(delay)) => Verdict::Snooze(delay),
                (None, Failure::Wait { signal, until }) => Verdict::Wait { signal, until },
                (None, Failure::Cancelled) => Verdict::Cancelled,
            },
            Err(panic) => panicked(panic.as_ref()),
        }
    }

    /// The verdict on an attempt that was told to stop and has.
    pub(super) fn stopped(&self) -> Verdict {
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

fn begin_span(shared: &Shared, job: &Job, claim: Claim, enqueued: Option<&TraceContext>) -> Span {
    let name = || format!("run {}", job.job_type);
    let mut span = shared.telemetry.span(SpanKind::Consumer, name, enqueued);
    if span.is_recording() {
        span.set("messaging.system", "callboard");
        span.set("messaging.operation.type", "process");
        span.set("messaging.destination.name", job.queue.clone());
        span.set("messaging.message.id", job.id.to_string());
        span.set("callboard.job_id", job.id);
        span.set("callboard.job_type", job.job_type.clone());
        span.set("callboard.queue", job.queue.clone());
        span.set("callboard.attempt", i64::from(claim.attempt));
        span.set("callboard.worker_id", job.worker_id.clone().unwrap_or_default());
    }
    span
}

/// Why it failed is not told: that may quote what the job works on.
fn end_span(mut span: Span, verdict: &Verdict) {
    let outcome = verdict.outcome().as_str();
    span.set("callboard.outcome", outcome);
    if let Verdict::Error { .. } | Verdict::Fatal(_) | Verdict::Timeout(_) = verdict {
        span.fail(outcome);
    }
}

fn sink(shared: &Shared, id: i64, job_type: &Arc<str>, queue: &Arc<str>) -> LogSink {
    let (hub, job_type, queue) = (shared.hub.clone(), job_type.clone(), queue.clone());
    Arc::new(move |line: LogLine| hub.log(id, &job_type, &queue, line))
}

/// Goes with the code of an attempt wherever that is, and notices when it is gone, however that came
/// about.
struct Presence(Arc<Execution>);

impl Presence {
    /// The task of the attempt.
    async fn run(self) {
        let it = &self.0;
        match it.begin().await {
            Ok(Start::Future(code)) => {
                let ended = AssertUnwindSafe(dropped_within(code)).catch_unwind().await;
                it.end(it.judge(ended));
            }
            Ok(Start::Blocking(code)) => self.block(code),
            Err(verdict) => it.end(verdict),
        }
    }

    /// Lets code that blocks run on a thread of its own, to which this goes.
    fn block(self, code: Box<dyn FnOnce() -> RunResult<Option<Json>> + Send>) {
        let it = self.0.clone();
        it.code().task = None;
        let thread = std::thread::Builder::new().name(format!("job-{}", it.job.id));
        let spawned = thread.spawn(move || {
            let it = &self.0;
            // What such code asks of the runtime is waited for on this thread.
            let _runtime = it.shared.job_threads.enter();
            let trace = it.trace.clone();
            let run = AssertUnwindSafe(|| it.scope.clone().run(|| telemetry::run_within(trace, code)));
            it.end(it.judge(catch_unwind(run)));
        });
        if let Err(e) = spawned {
            it.end(Verdict::Error { message: format!("cannot start a thread: {e}"), retry_in: None });
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let it = &self.0;
        let mut code = it.code();
        code.gone = true;
        let leaked = code.leaked;
        drop(code);
        it.gone.notify_waiters();
        if leaked {
            it.slots.unleak(it.job.id);
            log::info!("the leaked code of job {} has ended", it.job.id);
            if let Some(worker) = it.shared.worker(&it.job.job_type) {
                worker.tell(JobReady);
            }
        }
    }
}

impl Execution {
    /// Has the worker begin.
    async fn begin(&self) -> Result<Start, Verdict> {
        if self.slots.has_leaked(self.job.id) {
            self.log.warn("the code of an earlier attempt still runs; this one waits until it has ended");
            return Err(Verdict::Snooze(LEAK_PAUSE));
        }
        let (args, scrub) = self.shared.options.secrets.open(&self.job).map_err(Verdict::Fatal)?;
        self.log.hide(scrub.clone());
        self.scope.hide(scrub.clone());
        let parents = self.parents().await?;
        let job = match args == self.job.args {
            true => self.job.clone(),
            false => Arc::new(Job { args, ..(*self.job).clone() }),
        };
        let (token, log) = (self.attempt.token.clone(), self.log.clone());
        let services = Arc::new(ForClaim { shared: self.shared.clone(), claim: self.claim });
        let ctx = Context::new(job, token, log, parents, self.reporter.clone())
            .with_library(self.shared.library.clone())
            .with_trace(self.trace.clone())
            .with_services(services)
            .with_secrets(secret::redacted(&self.job.args), scrub.clone())
            .with_max_result(self.shared.options.max_result);
        let worker = self.worker.clone();
        catch_unwind(AssertUnwindSafe(|| worker.start(ctx))).map_err(|panic| panicked(panic.as_ref()))
    }

    async fn parents(&self) -> Result<Vec<ParentResult>, Verdict> {
        if self.job.depends_on.is_empty() {
            return Ok(Vec::new());
        }
        let ids = self.job.depends_on.clone();
        let results = self.shared.store.read(move |conn| views::job::parent_results(conn, &ids)).await;
        results.map_err(|e| Verdict::Error {
            message: format!("cannot read its parents' results: {e}"),
            retry_in: None,
        })
    }
}

/// Runs code and drops it within the same poll, so that a panic while it is dropped is one of it too.
async fn dropped_within(code: Running) -> RunResult<Option<Json>> {
    code.await
}

fn panicked(panic: &(dyn Any + Send)) -> Verdict {
    let what = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".into());
    Verdict::Error { message: format!("the worker panicked: {what}"), retry_in: None }
}

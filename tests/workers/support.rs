//! What the tests of workers have in common.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callboard::domain::{Clock, Job, Json, LogLine, Progress, Timestamp};
use callboard::logs::{JobLogs, LogSink, Stream};
use callboard::workers::subprocess::Instance;
use callboard::workers::worker::Start;
use callboard::workers::{
    AnyWorker, CommandSpec, CommandWorker, Context, Failure, ParentResult, ProgramHost, ProgressReporter,
    RunResult, Worker, typed,
};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How long anything may take before a test fails.
pub const LONG: Duration = Duration::from_secs(30);

/// A place to run workers in.
pub struct Bench {
    pub dir: TempDir,
    pub logs: JobLogs,
    pub cancel: CancellationToken,
    pub kill_after: Duration,
    pub parents: Vec<ParentResult>,
    steps: Arc<Mutex<Vec<Progress>>>,
    sink: LogSink,
    lines: mpsc::UnboundedReceiver<LogLine>,
}

struct Steps(Arc<Mutex<Vec<Progress>>>);

impl ProgressReporter for Steps {
    fn report(&self, progress: Progress) {
        self.0.lock().unwrap().push(progress);
    }
}

impl Bench {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let logs = JobLogs::new(dir.path().join("logs"), 10 << 20, Clock::system());
        let (told, lines) = mpsc::unbounded_channel();
        let sink: LogSink = Arc::new(move |line| drop(told.send(line)));
        let (cancel, kill_after) = (CancellationToken::new(), Duration::from_secs(10));
        Self { dir, logs, cancel, kill_after, parents: Vec::new(), steps: Arc::default(), sink, lines }
    }

    pub fn host(&self) -> Arc<ProgramHost> {
        Arc::new(ProgramHost {
            instance: Instance::of_data_dir(self.dir.path()),
            work_root: self.dir.path().join("work"),
            kill_after: self.kill_after,
        })
    }

    pub fn context(&self, args: &str) -> Context {
        let log = self.logs.attempt(7, 2, Some(Arc::clone(&self.sink)));
        let reporter = Arc::new(Steps(Arc::clone(&self.steps)));
        Context::new(Arc::new(job(args)), self.cancel.clone(), log, self.parents.clone(), reporter)
    }

    /// A worker that runs a script.
    pub fn script(&self, script: &str) -> CommandWorker {
        CommandWorker::new(spec(&["bash", "-c", script]), self.host())
    }

    /// Runs a script to its end.
    pub async fn run_script(&self, script: &str) -> RunResult<Option<Json>> {
        run(self.script(script), self.context("{}")).await
    }

    /// Waits for a line of output with this beginning; its rest.
    pub async fn line(&mut self, beginning: &str) -> String {
        let next = async {
            loop {
                let line = self.lines.recv().await.expect("the log is open").line;
                if let Some(rest) = line.strip_prefix(beginning) {
                    return rest.to_owned();
                }
            }
        };
        tokio::time::timeout(LONG, next).await.unwrap_or_else(|_| panic!("no line {beginning:?}"))
    }

    /// Waits for a line with this in it.
    pub async fn line_with(&mut self, part: &str) -> String {
        let next = async {
            loop {
                let line = self.lines.recv().await.expect("the log is open").line;
                if line.contains(part) {
                    return line;
                }
            }
        };
        tokio::time::timeout(LONG, next).await.unwrap_or_else(|_| panic!("no line with {part:?}"))
    }

    /// Waits for a line `{name} PID`.
    pub async fn pid(&mut self, name: &str) -> i32 {
        self.line(&format!("{name} ")).await.trim().parse().unwrap()
    }

    /// What a stream holds.
    pub fn read(&self, stream: Stream) -> String {
        let bytes = fs::read(self.logs.path(7, 2, stream)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub fn steps(&self) -> Vec<Progress> {
        self.steps.lock().unwrap().clone()
    }
}

pub fn spec(command: &[&str]) -> CommandSpec {
    CommandSpec::new("test", command.iter().map(|part| (*part).to_owned()).collect())
}

/// Runs an attempt to its end.
pub async fn run(worker: impl AnyWorker + 'static, ctx: Context) -> RunResult<Option<Json>> {
    let log = ctx.log.clone();
    let Start::Future(running) = Arc::new(worker).start(ctx) else { panic!("not async") };
    let result = tokio::time::timeout(LONG, running).await.expect("the worker ends");
    log.close();
    result
}

/// The same for a worker with types.
pub async fn run_typed(worker: impl Worker, ctx: Context) -> RunResult<Option<Json>> {
    let log = ctx.log.clone();
    let Start::Future(running) = typed(worker).start(ctx) else { panic!("not async") };
    let result = tokio::time::timeout(LONG, running).await.expect("the worker ends");
    log.close();
    result
}

/// Whether a process is there and has not ended.
pub fn is_alive(pid: i32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    !stat[stat.rfind(')').unwrap()..].starts_with(") Z")
}

/// Waits until processes have ended.
pub async fn all_end(pids: &[i32]) {
    let ended = async {
        while pids.iter().any(|pid| is_alive(*pid)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, ended).await.unwrap_or_else(|_| panic!("{pids:?} live on"));
}

/// The error text of a failure that is of the given kind.
pub fn fatal(result: RunResult<Option<Json>>) -> String {
    match result {
        Err(Failure::Fatal(text)) => text,
        other => panic!("expected a fatal failure, got {other:?}"),
    }
}

/// The error text of a failure that is retried.
pub fn retried(result: RunResult<Option<Json>>) -> String {
    match result {
        Err(Failure::Retry { message, .. }) => message,
        other => panic!("expected a retry, got {other:?}"),
    }
}

/// How many entries a folder has; none if it is not there.
pub fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

pub fn job(args: &str) -> Job {
    let job = serde_json::json!({
        "id": 7, "key": null, "job_type": "test", "queue": "default", "target_id": "a target",
        "state": "running", "priority": 5, "args": {}, "tags": [], "metadata": {}, "retry_count": 0,
        "max_retries": 3, "attempt": 2, "timeout_secs": null, "unique": null, "backoff": null,
        "on_parent_failure": "cancel", "cancel_requested_at": null, "crash_count": 0,
        "progress": {"percent": 0.0, "processed": 0, "total": null, "message": null, "updated_at": null},
        "result": null, "error": null, "parent_job_id": null, "depends_on": [], "workflow_id": null,
        "name": null, "worker_id": null, "run_at": null, "created_at": Timestamp::MIN, "started_at": null,
        "completed_at": null
    });
    let mut job: Job = serde_json::from_str(&job.to_string()).unwrap();
    job.args = Json::checked(args).unwrap();
    job
}

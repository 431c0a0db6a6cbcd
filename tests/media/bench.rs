//! The media workers on a bench, configured as a server would have them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use callboard::config::{Config, Flags, Sources};
use callboard::domain::Job;
use callboard::workers::worker::Start;
use callboard::workers::{AnyWorker, Context, Failure, ProgramHost, RunResult, media};
use serde_json::Value;

use crate::support::Bench;

/// How long a run of real programs may take on a busy machine.
const LONG: Duration = Duration::from_secs(180);

pub struct MediaBench {
    pub bench: Bench,
    pub config: Config,
}

impl MediaBench {
    pub fn new(yt_dlp: &Path) -> Self {
        Self::with(yt_dlp, "")
    }

    /// With more lines of configuration.
    pub fn with(yt_dlp: &Path, more: &str) -> Self {
        let bench = Bench::new();
        let file = bench.dir.path().join("callboard.toml");
        std::fs::write(&file, configuration(yt_dlp, more)).unwrap();
        let config = load(file, bench.dir.path());
        Self { bench, config }
    }

    pub fn worker(&self, job_type: &str) -> Arc<dyn AnyWorker> {
        worker_of(&self.config, &self.bench.host(), job_type)
    }

    pub fn downloads(&self) -> PathBuf {
        self.bench.dir.path().join("downloads")
    }

    /// Runs a job of a type; its result.
    pub async fn run(&self, job_type: &str, args: Value) -> RunResult<Value> {
        self.run_in(job_type, self.bench.context(&args.to_string())).await
    }

    /// Runs the last try that a job has.
    pub async fn run_last(&self, job_type: &str, args: Value) -> RunResult<Value> {
        let mut ctx = self.bench.context(&args.to_string());
        ctx.job = Arc::new(Job { retry_count: 3, ..Job::clone(&ctx.job) });
        self.run_in(job_type, ctx).await
    }

    pub async fn run_in(&self, job_type: &str, ctx: Context) -> RunResult<Value> {
        run_worker(self.worker(job_type), ctx).await
    }

    /// The files of a folder of downloads, by name, without what workers keep for themselves.
    pub fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.downloads())
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name != ".callboard")
            .collect();
        names.sort();
        names
    }

    /// Whether there is a clip among them.
    pub fn has_clip(&self) -> bool {
        self.files().iter().any(|name| Path::new(name).extension().is_some_and(|ending| ending == "mp4"))
    }
}

pub fn load(file: PathBuf, data_dir: &Path) -> Config {
    let flags = Flags { data_dir: Some(data_dir.display().to_string()), ..Flags::default() };
    Config::load(Sources { file: Some(file), flags, ..Sources::default() }).unwrap()
}

pub fn worker_of(config: &Config, host: &Arc<ProgramHost>, job_type: &str) -> Arc<dyn AnyWorker> {
    let workers = media::workers(config, host);
    workers.into_iter().find(|worker| worker.info().job_type == job_type).unwrap()
}

/// Runs an attempt to its end; its result.
pub async fn run_worker(worker: Arc<dyn AnyWorker>, ctx: Context) -> RunResult<Value> {
    let faults = worker.check_args(&ctx.job.args);
    assert!(faults.is_empty(), "{faults:?}");
    let log = ctx.log.clone();
    let Start::Future(running) = worker.start(ctx) else { panic!("not async") };
    let result = tokio::time::timeout(LONG, running).await.expect("the worker ends");
    log.close();
    Ok(result?.map_or(Value::Null, |json| serde_json::from_str(json.as_str()).unwrap()))
}

/// A configuration with these tools that may reach this machine.
pub fn configuration(yt_dlp: &Path, more: &str) -> String {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media/plugins");
    format!(
        "net.allow_private = ['127.0.0.1']\n\
         tools.yt_dlp.command = '{}'\n\
         yt_dlp.extra_args = ['--plugin-dirs', '{}']\n{more}\n",
        yt_dlp.display(),
        plugins.display()
    )
}

/// The text of an error, and whether it is tried again.
pub fn error(result: RunResult<Value>) -> (String, bool) {
    match result {
        Err(Failure::Fatal(text)) => (text, false),
        Err(Failure::Retry { message, .. }) => (message, true),
        other => panic!("expected an error, got {other:?}"),
    }
}

//! What the runtime has to know to run jobs, worked out of the configuration and the registry.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::secrets::Secrets;
use crate::config::{Config, Database, Retention, Sessions};
use crate::domain::{Backoff, KeyPath, Limits, PerKey};
use crate::workers::{AnyWorker, Registry};
use std::sync::Arc;

/// What holds for the whole runtime.
#[derive(Clone)]
pub struct Options {
    /// Holds the database, the logs and the working directories.
    pub data_dir: PathBuf,
    /// Where the queue is kept.
    pub database: Database,
    /// Whether jobs are taken whose type no worker here has.
    pub accept_unknown_job_types: bool,
    /// How often the node says that it is alive, and everything is looked at.
    pub heartbeat: Duration,
    /// After so long a silence a node is lost.
    pub node_timeout: Duration,
    /// How long running attempts have to come to an end at shutdown.
    pub shutdown_grace: Duration,
    /// How long a program has between being asked to end and being killed.
    pub kill_after: Duration,
    /// How long an attempt that was told to stop has to stop.
    pub stop_grace: Duration,
    /// The largest size of each log file.
    pub max_log_bytes: u64,
    /// The largest result of a job that is kept, in bytes of JSON.
    pub max_result: usize,
    /// A job under which the process died so often in a row is given up.
    pub max_crashes: u32,
    /// How long final jobs are kept.
    pub retention: Retention,
    /// How long people stay signed in.
    pub sessions: Sessions,
    /// Whether workers elsewhere may fetch jobs.
    pub has_remote_workers: bool,
    /// Which args are secret, and the keys.
    pub secrets: Arc<Secrets>,
    /// What holds for job types that have no worker here, and of which the configuration says something.
    pub elsewhere: BTreeMap<String, TypeOptions>,
    /// What holds for others that have none.
    pub unknown: TypeOptions,
}

/// As many attempts at once as may be asked for: where a worker elsewhere runs them nothing else
/// keeps them from starting.
pub const ANY_NUMBER: u32 = 10_000;

/// What holds for a job type.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeOptions {
    /// Attempts at once on a node.
    pub concurrency: u32,
    /// The longest an attempt may take.
    pub timeout_secs: Option<f64>,
    /// Failures that are followed by another try.
    pub max_retries: u32,
    /// The delays between tries.
    pub backoff: Backoff,
    /// What keeps jobs from starting although a slot is free.
    pub limits: Limits,
    /// One sentence, if the worker's own is not wanted.
    pub description: Option<String>,
}

/// A job type that has a worker here.
#[derive(Clone)]
pub struct TypeEntry {
    /// The worker.
    pub worker: Arc<dyn AnyWorker>,
    /// What holds for it, as configured.
    pub options: TypeOptions,
}

impl Options {
    /// Works it out of the configuration.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            data_dir: config.data_dir.clone(),
            database: config.database(),
            accept_unknown_job_types: config.accept_unknown_job_types || config.faktory_bind.is_some(),
            heartbeat: config.heartbeat,
            node_timeout: config.node_timeout,
            shutdown_grace: config.shutdown_grace,
            // A program gets `kill_after` between SIGTERM and SIGKILL; some seconds more are for
            // its pipes to close and the worker to say how it ended.
            stop_grace: config.kill_after + Duration::from_secs(3),
            kill_after: config.kill_after,
            max_log_bytes: config.logs_max_bytes_per_stream,
            max_result: usize::try_from(config.defaults.max_result_bytes).unwrap_or(usize::MAX),
            max_crashes: config.defaults.max_crashes,
            retention: config.retention,
            sessions: config.sessions,
            has_remote_workers: config.faktory_bind.is_some(),
            secrets: Arc::new(Secrets::of(config)),
            elsewhere: config
                .job_types
                .iter()
                .filter(|(_, said)| said.run.is_none())
                .map(|(name, _)| (name.clone(), options_elsewhere(config, name)))
                .collect(),
            unknown: options_elsewhere(config, ""),
        }
    }
}

impl Options {
    /// Where programs have their working directories.
    #[must_use]
    pub fn work_dir(&self) -> PathBuf {
        self.data_dir.join("work")
    }
}

/// The job types with a worker that are not switched off.
#[must_use]
pub fn types(config: &Config, registry: &Registry) -> BTreeMap<String, TypeEntry> {
    registry
        .iter()
        .filter(|(name, _)| config.job_types.get(*name).is_none_or(|t| t.enabled))
        .map(|(name, worker)| {
            let mut options = type_options(config, name);
            if worker.one_per_target() && options.limits.per_key.is_none() {
                options.limits.per_key = Some(PerKey { key: KeyPath::Target, limit: 1 });
            }
            (name.to_owned(), TypeEntry { worker: worker.clone(), options })
        })
        .collect()
}

fn options_elsewhere(config: &Config, name: &str) -> TypeOptions {
    let said = config.job_types.get(name).and_then(|said| said.concurrency);
    TypeOptions { concurrency: said.unwrap_or(ANY_NUMBER), ..type_options(config, name) }
}

fn type_options(config: &Config, name: &str) -> TypeOptions {
    let said = config.job_types.get(name);
    let defaults = &config.defaults;
    TypeOptions {
        concurrency: said.and_then(|t| t.concurrency).unwrap_or(defaults.concurrency),
        timeout_secs: said.and_then(|t| t.timeout_secs).unwrap_or(defaults.timeout_secs),
        max_retries: said.and_then(|t| t.max_retries).unwrap_or(defaults.max_retries),
        backoff: said.and_then(|t| t.retry).unwrap_or(config.retry),
        limits: Limits {
            global_concurrency: said.and_then(|t| t.global_concurrency),
            per_key: said.and_then(|t| t.per_key.clone()),
            rate_limit: said.and_then(|t| t.rate_limit.clone()),
            fairness: said.and_then(|t| t.fairness.clone()),
            aging: defaults.aging,
        },
        description: said.and_then(|t| t.description.clone()),
    }
}

//! Where a measurement takes place: a folder of its own, deleted afterwards.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;

use super::flush::{self, Flush};
use super::payload;
use super::probe::{Probe, Tally};
use crate::cli::failure::Failure;
use crate::config::{Config, Flags, Sources};
use crate::domain::NewJob;
use crate::runtime::Callboard;
use crate::workers::{AnyWorker, typed};

/// See the module.
pub(super) struct Ground {
    dir: TempDir,
    flush: Flush,
}

impl Ground {
    /// A fresh folder within `dir`, and what a flush costs there.
    pub(super) fn prepare(dir: Option<PathBuf>) -> Result<Self, Failure> {
        let within = match dir {
            Some(dir) => dir,
            None => beside_the_data()?,
        };
        flush::refuse_memory(&within)?;
        let local = |source| Failure::Local { what: "make a folder to measure in", source };
        let dir = tempfile::Builder::new().prefix("callboard-bench-").tempdir_in(within).map_err(local)?;
        let flush = Flush::measure(dir.path())
            .map_err(|source| Failure::Local { what: "measure a flush of the disk", source })?;
        Ok(Self { dir, flush })
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// What a flush costs there.
    pub(super) fn flush(&self) -> &Flush {
        &self.flush
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// A callboard that takes jobs and runs none.
    pub(super) async fn store_only(&self) -> Result<Callboard, Failure> {
        store_only(self.dir.path()).await
    }

    /// A callboard that runs jobs and tells `tally`.
    pub(super) async fn running(&self, concurrency: u32, tally: Arc<Tally>) -> Result<Callboard, Failure> {
        running(self.dir.path(), concurrency, typed(Probe(tally))).await
    }

    /// A callboard that runs jobs with another worker.
    pub(super) async fn running_with(
        &self,
        concurrency: u32,
        worker: Arc<dyn AnyWorker>,
    ) -> Result<Callboard, Failure> {
        running(self.dir.path(), concurrency, worker).await
    }

    /// Puts `n` jobs into the queue; they wait for the callboard that runs them. Another process
    /// does it, so that what it uses is not counted here.
    pub(super) fn fill(&self, n: u64) -> Result<(), Failure> {
        let local = |source| Failure::Local { what: "fill the queue", source };
        let mut command = Command::new(std::env::current_exe().map_err(local)?);
        command.args(["bench", "adapter", "--workload", "fill", "--n", &n.to_string(), "--data-dir"]);
        let status = command.arg(self.dir.path()).status().map_err(local)?;
        if status.success() {
            Ok(())
        } else {
            Err(local(std::io::Error::other(format!("the process that does it ended with {status}"))))
        }
    }
}

/// A callboard on `data_dir` that takes jobs and runs none.
pub(super) async fn store_only(data_dir: &Path) -> Result<Callboard, Failure> {
    let config =
        Config { data_dir: data_dir.to_owned(), accept_unknown_job_types: true, ..Config::default() };
    Callboard::builder(config).start().await.map_err(Failure::Start)
}

/// A callboard on `data_dir` that runs jobs.
pub(super) async fn running(
    data_dir: &Path,
    concurrency: u32,
    worker: Arc<dyn AnyWorker>,
) -> Result<Callboard, Failure> {
    let mut config = Config { data_dir: data_dir.to_owned(), ..Config::default() };
    config.defaults.concurrency = concurrency;
    Callboard::builder(config).worker(worker).start().await.map_err(Failure::Start)
}

/// Puts `n` jobs there, `batch` in a call; `shape` may change each.
pub(super) async fn fill(
    callboard: &Callboard,
    n: u64,
    batch: u64,
    shape: impl Fn(NewJob) -> NewJob,
) -> Result<(), Failure> {
    let mut next = 0;
    while next < n {
        let end = (next + batch.max(1)).min(n);
        let jobs = (next..end).map(|i| payload::job(i).map(&shape)).collect::<Result<Vec<_>, _>>()?;
        callboard.enqueue_many(jobs).await?;
        next = end;
    }
    Ok(())
}

fn beside_the_data() -> Result<PathBuf, Failure> {
    let config = Config::load(Sources::of_process(None, Flags::default())).map_err(Failure::Configuration)?;
    Ok(match config.data_dir.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    })
}

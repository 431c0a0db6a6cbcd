//! Where a measurement takes place: a folder of its own, deleted afterwards.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;

use super::flush::{self, Flush};
use super::probe::{Probe, Tally};
use super::{history, payload};
use crate::cli::failure::Failure;
use crate::config::{Config, DatabaseUrl, Flags, Postgres, Sources};
use crate::domain::{Clock, NewJob};
use crate::runtime::Callboard;
use crate::store::connection;
use crate::workers::{AnyWorker, typed};

/// See the module.
pub(super) struct Ground {
    dir: TempDir,
    flush: Flush,
    database: Option<Schema>,
}

/// A schema of its own in a PostgreSQL database, dropped afterwards.
struct Schema(Postgres);

impl Drop for Schema {
    fn drop(&mut self) {
        if let Err(e) = connection::drop_schema(&self.0) {
            log::warn!("the schema {} is left in {}: {e}", self.0.schema, self.0.url);
        }
    }
}

/// Where a callboard has its queue.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Its folder.
    pub data_dir: PathBuf,
    /// Its database, if that is not a file in the folder.
    pub database: Option<Postgres>,
}

impl Place {
    fn config(&self) -> Config {
        let mut config = Config { data_dir: self.data_dir.clone(), ..Config::default() };
        if let Some(Postgres { url, schema }) = self.database.clone() {
            (config.database_url, config.postgres_schema) = (Some(url), schema);
        }
        config
    }
}

impl Ground {
    /// A fresh folder within `dir`, and what a flush costs there.
    pub(super) fn prepare(dir: Option<PathBuf>, database: Option<DatabaseUrl>) -> Result<Self, Failure> {
        let within = match dir {
            Some(dir) => dir,
            None => beside_the_data()?,
        };
        flush::refuse_memory(&within)?;
        let local = |source| Failure::Local { what: "make a folder to measure in", source };
        let dir = tempfile::Builder::new().prefix("callboard-bench-").tempdir_in(within).map_err(local)?;
        let flush = Flush::measure(dir.path())
            .map_err(|source| Failure::Local { what: "measure a flush of the disk", source })?;
        let schema =
            |url| Schema(Postgres { url, schema: format!("callboard_bench_{}", std::process::id()) });
        Ok(Self { dir, flush, database: database.map(schema) })
    }

    fn place(&self) -> Place {
        let database = self.database.as_ref().map(|schema| schema.0.clone());
        Place { data_dir: self.dir.path().to_owned(), database }
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// What a flush costs there.
    pub(super) fn flush(&self) -> &Flush {
        &self.flush
    }

    /// A callboard that takes jobs and runs none.
    pub(super) async fn store_only(&self) -> Result<Callboard, Failure> {
        store_only(&self.place()).await
    }

    /// A callboard that runs jobs and tells `tally`.
    pub(super) async fn running(&self, concurrency: u32, tally: Arc<Tally>) -> Result<Callboard, Failure> {
        running(&self.place(), concurrency, typed(Probe(tally))).await
    }

    /// A callboard that runs jobs with another worker.
    pub(super) async fn running_with(
        &self,
        concurrency: u32,
        worker: Arc<dyn AnyWorker>,
    ) -> Result<Callboard, Failure> {
        running(&self.place(), concurrency, worker).await
    }

    /// Puts a day with so many jobs behind the fresh database, in so many pieces ([`history`]).
    pub(super) async fn keep(&self, jobs: u64, pieces: i64) -> Result<(), Failure> {
        if jobs == 0 {
            return Ok(());
        }
        if self.database.is_some() {
            return Err(Failure::Usage("the past is written into the embedded database only".into()));
        }
        let database = self.path().join("queue.db");
        let written = history::write(&database, jobs, Clock::system().now(), pieces).await;
        written.map_err(|e| Failure::Start(e.into()))
    }

    /// Puts `n` jobs into the queue; they wait for the callboard that runs them. Another process
    /// does it, so that what it uses is not counted here.
    pub(super) fn fill(&self, n: u64) -> Result<(), Failure> {
        let local = |source| Failure::Local { what: "fill the queue", source };
        let mut command = Command::new(std::env::current_exe().map_err(local)?);
        command.args(["bench", "adapter", "--workload", "fill", "--n", &n.to_string(), "--data-dir"]);
        command.arg(self.dir.path());
        if let Some(Schema(Postgres { url, schema })) = &self.database {
            // Not as an argument, which everybody can see.
            command.env("CALLBOARD_DATABASE_URL", url.secret()).args(["--schema", schema]);
        }
        let status = command.status().map_err(local)?;
        if status.success() {
            Ok(())
        } else {
            Err(local(std::io::Error::other(format!("the process that does it ended with {status}"))))
        }
    }
}

/// A callboard that takes jobs and runs none.
pub(super) async fn store_only(place: &Place) -> Result<Callboard, Failure> {
    let config = Config { accept_unknown_job_types: true, ..place.config() };
    Callboard::builder(config).start().await.map_err(Failure::Start)
}

/// A callboard that runs jobs.
pub(super) async fn running(
    place: &Place,
    concurrency: u32,
    worker: Arc<dyn AnyWorker>,
) -> Result<Callboard, Failure> {
    let mut config = place.config();
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

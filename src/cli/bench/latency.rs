//! `callboard bench latency`

use std::path::Path;
use std::time::{Duration, Instant};

use super::commit::{BareCommit, pages_of_commits};
use super::ground::Ground;
use super::probe::{self, Tally};
use super::process::Used;
use super::report::{Latencies, Report};
use super::{Failure, Workload, payload};
use crate::domain::NewJob;
use crate::runtime::Callboard;

/// How long the last job may take to start.
const PATIENCE: Duration = Duration::from_secs(15);
/// The size to which the database's log grows before it is written over. Growing costs more.
const GROWN: u64 = 16 * 1024 * 1024;
/// The longest that this is waited for.
const GROWTH: Duration = Duration::from_secs(10);
/// Jobs that show what a commit writes.
const SAMPLE: usize = 10;

/// From before the enqueue to the start of the worker's code, on an idle runtime
///
/// Beside it stands a bare commit: as many bytes as the commit writes with which such a job is
/// stored and starts, written over an old log in the same pieces and flushed, by turns with the jobs
/// and at the same pace.
#[derive(Debug, clap::Args)]
pub(super) struct Latency {
    /// How many jobs
    #[arg(long, default_value_t = 500)]
    jobs: u32,
    /// How many a second
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rate: u32,
    /// How many run at once
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    concurrency: u32,
}

impl Workload for Latency {
    async fn measure(self, ground: &Ground) -> Result<Report, Failure> {
        let tally = Tally::with_latencies(self.jobs.into());
        let callboard = ground.running(self.concurrency, tally.clone()).await?;
        grow(&callboard, ground.path()).await?;
        let pages = shape(&callboard, ground.path(), SAMPLE.min(self.concurrency as usize)).await?;
        let mut bare = BareCommit::prepare(ground.path(), pages).map_err(cannot_commit)?;
        let mut tick = tokio::time::interval(Duration::from_secs(1) / (2 * self.rate));
        let (mut acks, mut commits) = (Latencies::default(), Latencies::default());
        let (used, begin) = (Used::now(), Instant::now());
        for i in 0..self.jobs {
            tick.tick().await;
            let one = Instant::now();
            callboard.enqueue(payload::job(i.into())?).await?;
            acks.add(one.elapsed());
            tick.tick().await;
            commits.add(bare.once().map_err(cannot_commit)?);
        }
        if !tally.reached(PATIENCE).await {
            return Err(Failure::Slow { what: "the start", done: tally.handled(), of: self.jobs.into() });
        }
        let share = used.cpu_secs() / begin.elapsed().as_secs_f64();
        callboard.shutdown().await;
        let about = format!("{} jobs, {} a second, into an idle queue", self.jobs, self.rate);
        let mut report = Report::new("latency", about);
        let (starts, commits) = (tally.latencies().percentiles(), commits.percentiles());
        report.percentiles("enqueue to ack", acks.percentiles());
        report.percentiles("enqueue to start", starts);
        report.percentiles(&format!("bare commit of {pages} pages"), commits);
        report.figure("start p50 against a bare commit", starts.p50 / commits.p50, "times");
        report.figure("start p99 against a bare commit", starts.p99 / commits.p99, "times");
        report.figure("CPU at this load", share * 100.0, "% of a core");
        Ok(report)
    }
}

fn cannot_commit(source: std::io::Error) -> Failure {
    Failure::Local { what: "measure a bare commit", source }
}

/// Runs jobs until the database writes over its log.
async fn grow(callboard: &Callboard, dir: &Path) -> Result<(), Failure> {
    let (log, begin) = (dir.join("queue.db-wal"), Instant::now());
    while begin.elapsed() < GROWTH && std::fs::metadata(&log).is_ok_and(|log| log.len() < GROWN) {
        callboard.enqueue_many(vec![NewJob::new("noop"); SAMPLE]).await?;
    }
    probe::settled(callboard).await
}

/// How many pages the commit writes with which a job is stored and starts.
async fn shape(callboard: &Callboard, dir: &Path, sample: usize) -> Result<usize, Failure> {
    // None of them ends in between, so each leaves one commit.
    let mut ids = Vec::new();
    for _ in 0..sample {
        let job = NewJob::new("sleep").args(&serde_json::json!({"secs": 3600, "pad": "x".repeat(200)}));
        let job = job.map_err(|e| cannot_commit(std::io::Error::other(e)))?;
        ids.push(callboard.enqueue(job).await?.job.id);
    }
    let mut pages = pages_of_commits(&dir.join("queue.db-wal")).map_err(cannot_commit)?;
    pages = pages.split_off(pages.len().saturating_sub(sample));
    pages.sort_unstable();
    for id in ids {
        callboard.cancel(id).await?;
    }
    probe::settled(callboard).await?;
    Ok(pages.get(pages.len() / 2).copied().unwrap_or(1))
}

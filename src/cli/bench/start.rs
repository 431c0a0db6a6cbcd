//! `callboard bench start`

use std::time::{Duration, Instant};

use super::ground::Ground;
use super::probe::Tally;
use super::report::Report;
use super::{Failure, Workload};

/// How long the first job may take to run.
const PATIENCE: Duration = Duration::from_secs(60);

/// Start on a database that holds many waiting jobs
#[derive(Debug, clap::Args)]
pub(super) struct Start {
    /// How many jobs wait
    #[arg(long, default_value_t = 1_000_000)]
    jobs: u32,
}

impl Workload for Start {
    async fn measure(self, ground: &Ground) -> Result<Report, Failure> {
        ground.fill(self.jobs.into())?;
        let (begin, tally) = (Instant::now(), Tally::of(1));
        let callboard = ground.running(1, tally.clone()).await?;
        let up = begin.elapsed();
        if self.jobs > 0 && !tally.reached(PATIENCE).await {
            return Err(Failure::Slow { what: "the start", done: 0, of: 1 });
        }
        let first = begin.elapsed();
        callboard.shutdown().await;
        let about =
            format!("opening a database with {} waiting jobs; the system has its files in memory", self.jobs);
        let mut report = Report::new("start", about);
        report.figure("until it is up", up.as_secs_f64() * 1000.0, "ms");
        report.figure("until a job has run", first.as_secs_f64() * 1000.0, "ms");
        Ok(report)
    }
}

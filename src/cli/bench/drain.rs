//! `callboard bench drain`

use std::time::{Duration, Instant};

use super::ground::Ground;
use super::probe::{self, Tally};
use super::process::{self, Used};
use super::report::Report;
use super::{Failure, Workload};

/// The longest that a drain may take.
const LIMIT: Duration = Duration::from_secs(600);
/// In how many pieces the past is written.
const PIECES: i64 = 1000;

/// Run queued jobs that do nothing, until the store shows none unfinished
#[derive(Debug, clap::Args)]
pub(super) struct Drain {
    /// How many jobs
    #[arg(long, default_value_t = 100_000)]
    jobs: u32,
    /// How many run at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    concurrency: u32,
    /// Jobs of a day that are kept already, most of them completed
    #[arg(long, default_value_t = 0, value_name = "JOBS")]
    kept: u64,
}

impl Workload for Drain {
    const ON_POSTGRES: bool = true;

    async fn measure(self, ground: &Ground) -> Result<Report, Failure> {
        ground.keep(self.kept, PIECES).await?;
        ground.fill(self.jobs.into())?;
        let (begin, used, tally) = (Instant::now(), Used::now(), Tally::of(self.jobs.into()));
        let callboard = ground.running(self.concurrency, tally.clone()).await?;
        if !tally.reached(LIMIT).await {
            return Err(Failure::Slow { what: "the drain", done: tally.handled(), of: self.jobs.into() });
        }
        probe::settled(&callboard).await?;
        let (took, cpu, peak) = (begin.elapsed(), used.cpu_secs(), process::peak_mib());
        let wakes = used.wakes();
        callboard.shutdown().await;
        let about = format!(
            "{} queued jobs that do nothing, {} at once, beside {} that are kept; every claim and every end is on disk",
            self.jobs, self.concurrency, self.kept
        );
        let jobs = f64::from(self.jobs);
        let mut report = Report::new("drain", about);
        report.figure("drain", jobs / took.as_secs_f64(), "jobs/s");
        report.figure("CPU a job", cpu * 1e6 / jobs, "us");
        #[allow(clippy::cast_precision_loss)]
        report.figure("sleeps of threads a job", wakes as f64 / jobs, "");
        if let Some(peak) = peak {
            report.figure("peak memory", peak, "MiB");
        }
        Ok(report)
    }
}

//! `callboard bench bulk`

use std::time::Instant;

use super::ground::{self, Ground};
use super::report::Report;
use super::{Failure, Workload};

/// Many jobs a call
#[derive(Debug, clap::Args)]
pub(super) struct Bulk {
    /// How many jobs in all
    #[arg(long, default_value_t = 200_000)]
    jobs: u32,
    /// How many in each call
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch: u32,
}

impl Workload for Bulk {
    const ON_POSTGRES: bool = true;

    async fn measure(self, ground: &Ground) -> Result<Report, Failure> {
        let callboard = ground.store_only().await?;
        let begin = Instant::now();
        ground::fill(&callboard, self.jobs.into(), self.batch.into(), |job| job).await?;
        let took = begin.elapsed();
        callboard.shutdown().await;
        let about = format!("{} jobs, {} a call, one call after the other", self.jobs, self.batch);
        let mut report = Report::new("bulk", about);
        report.figure("bulk enqueue", f64::from(self.jobs) / took.as_secs_f64(), "jobs/s");
        Ok(report)
    }
}

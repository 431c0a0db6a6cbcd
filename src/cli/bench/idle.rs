//! `callboard bench idle`

use std::time::{Duration, Instant};

use super::ground::Ground;
use super::probe::Tally;
use super::process::{self, Used};
use super::report::Report;
use super::{Failure, Workload};
use crate::cli::values;

/// How long the start may have its after-effects.
const SETTLE: Duration = Duration::from_secs(2);

/// What a runtime uses that has nothing to do
#[derive(Debug, clap::Args)]
pub(super) struct Idle {
    /// How long, in seconds
    #[arg(long, default_value_t = 10.0, value_parser = values::seconds)]
    secs: f64,
}

impl Workload for Idle {
    const ON_POSTGRES: bool = true;

    async fn measure(self, ground: &Ground) -> Result<Report, Failure> {
        let callboard = ground.running(10, Tally::of(0)).await?;
        tokio::time::sleep(SETTLE).await;
        let (begin, used) = (Instant::now(), Used::now());
        tokio::time::sleep(Duration::from_secs_f64(self.secs)).await;
        let secs = begin.elapsed().as_secs_f64();
        let (cpu, wakes, resident) = (used.cpu_secs(), used.wakes(), process::resident_mib());
        callboard.shutdown().await;
        let mut report =
            Report::new("idle", format!("{} s with nothing to do, heartbeats included", self.secs));
        report.figure("CPU", cpu / secs * 100.0, "% of a core");
        #[allow(clippy::cast_precision_loss)]
        report.figure("sleeps of threads", wakes as f64 / secs, "1/s");
        if let Some(resident) = resident {
            report.figure("memory", resident, "MiB");
        }
        Ok(report)
    }
}

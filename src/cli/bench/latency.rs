//! `callboard bench latency`

use std::time::Duration;

use super::ground::Ground;
use super::probe::Tally;
use super::process::Used;
use super::report::{Latencies, Report};
use super::{Failure, Workload, payload};

/// How long the last job may take to start.
const PATIENCE: Duration = Duration::from_secs(15);

/// From before the enqueue to the start of the worker's code, on an idle runtime
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
        let mut tick = tokio::time::interval(Duration::from_secs(1) / self.rate);
        let (used, begin, mut acks) = (Used::now(), std::time::Instant::now(), Latencies::default());
        for i in 0..self.jobs {
            let due = tick.tick().await;
            callboard.enqueue(payload::job(i.into())?).await?;
            acks.add(due.elapsed());
        }
        if !tally.reached(PATIENCE).await {
            return Err(Failure::Slow { what: "the start", done: tally.handled(), of: self.jobs.into() });
        }
        let share = used.cpu_secs() / begin.elapsed().as_secs_f64();
        callboard.shutdown().await;
        let about = format!("{} jobs, {} a second, into an idle queue", self.jobs, self.rate);
        let mut report = Report::new("latency", about);
        report.percentiles("enqueue to ack", acks.percentiles());
        let starts = tally.latencies().percentiles();
        report.percentiles("enqueue to start", starts);
        report.figure("start p50 against a flush", starts.p50 / ground.flush().fdatasync_ms.p50, "times");
        report.figure("CPU at this load", share * 100.0, "% of a core");
        Ok(report)
    }
}

//! `callboard bench retries`

use std::sync::Arc;
use std::time::Duration;

use super::ground::{self, Ground};
use super::payload::{self, Payload, now_ns};
use super::probe::Tally;
use super::report::Report;
use super::{Failure, Workload};
use crate::workers::{self, Context, RunResult, Worker, typed};

/// How long all jobs may take to fail for the first time, at the least.
const LEAD: Duration = Duration::from_secs(3);
/// Jobs that fail in a second, even on a slow disk.
const FAILURES_A_SECOND: u64 = 2_000;
/// How long the last retry may be late.
const PATIENCE: Duration = Duration::from_secs(30);
/// Jobs handed in with one call.
const BATCH: u64 = 1_000;

/// How late retries start that are due one after the other
#[derive(Debug, clap::Args)]
pub(super) struct Retries {
    /// How many are due a second
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// For how many seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3600))]
    secs: u32,
    /// How many run at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    concurrency: u32,
}

impl Workload for Retries {
    const ON_POSTGRES: bool = true;

    async fn measure(self, ground: &Ground) -> Result<Report, Failure> {
        let jobs = u64::from(self.rate) * u64::from(self.secs);
        let lead = LEAD + Duration::from_secs(jobs / FAILURES_A_SECOND);
        let tally = Tally::with_latencies(jobs);
        let plan = Plan {
            first_due: now_ns() + u64::try_from(lead.as_nanos()).unwrap_or(u64::MAX),
            apart: 1_000_000_000 / u64::from(self.rate),
        };
        let worker = typed(FailsOnce { plan, tally: tally.clone() });
        let callboard = ground.running_with(self.concurrency, worker).await?;
        ground::fill(&callboard, jobs, BATCH, |job| job).await?;
        let all = lead + Duration::from_secs(self.secs.into()) + PATIENCE;
        if !tally.reached(all).await {
            return Err(Failure::Slow { what: "the retries", done: tally.handled(), of: jobs });
        }
        callboard.shutdown().await;
        let about = format!(
            "{jobs} jobs that failed once, {} due a second; from the due moment to the start of the code",
            self.rate
        );
        let (late, mut report) = (tally.latencies(), Report::new("retries", about));
        report.percentiles("late", late.percentiles());
        report.figure("late at most", late.longest(), "ms");
        Ok(report)
    }
}

/// When retries are due.
struct Plan {
    /// The first one, in nanoseconds since the epoch.
    first_due: u64,
    /// The time between two.
    apart: u64,
}

/// Fails, and asks for a retry at its own moment; then notes how late that is.
struct FailsOnce {
    plan: Plan,
    tally: Arc<Tally>,
}

impl Worker for FailsOnce {
    const JOB_TYPE: &'static str = payload::JOB_TYPE;
    const DESCRIPTION: &'static str = "Fails at first.";
    type Args = Payload;
    type Output = ();

    async fn run(&self, ctx: Context, args: Payload) -> RunResult<()> {
        let now = now_ns();
        if ctx.job.attempt == 1 {
            let due = self.plan.first_due + args.i * self.plan.apart;
            let Some(wait) = due.checked_sub(now) else {
                return Err(workers::Failure::fatal("the jobs did not fail in time for their retries"));
            };
            return Err(workers::Failure::retry_after("the first time", Duration::from_nanos(wait)));
        }
        // The moment that is on disk counts: it was rounded, and is a little later than asked for.
        let due = ctx.job.run_at.map_or(0, |due| u64::try_from(due.as_millis()).unwrap_or_default());
        self.tally.late(args.i, Duration::from_nanos(now.saturating_sub(due * 1_000_000)));
        Ok(())
    }
}

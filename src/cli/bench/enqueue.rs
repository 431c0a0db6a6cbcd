//! `callboard bench enqueue`

use std::time::Duration;

use super::ground::Ground;
use super::producers::produce;
use super::report::Report;
use super::{Failure, Workload};
use crate::cli::values;

/// One job a call, each waiting for its acknowledgement: one producer, then many
#[derive(Debug, clap::Args)]
pub(super) struct Enqueue {
    /// How many producers the second part has
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(2..))]
    producers: u16,
    /// How long each part takes, in seconds
    #[arg(long, default_value_t = 3.0, value_parser = values::seconds)]
    secs: f64,
}

impl Workload for Enqueue {
    const ON_POSTGRES: bool = true;

    async fn measure(self, ground: &Ground) -> Result<Report, Failure> {
        let callboard = ground.store_only().await?;
        let span = Duration::from_secs_f64(self.secs);
        // The file of the log grows at first, which costs more than writing over it.
        produce(&callboard, usize::from(self.producers), u64::MAX, span / 4).await?;
        let one = produce(&callboard, 1, u64::MAX, span).await?;
        let many = produce(&callboard, usize::from(self.producers), u64::MAX, span).await?;
        callboard.shutdown().await;
        let n = self.producers;
        let mut report =
            Report::new("enqueue", format!("1 and {n} producers, each waits for its acknowledgement"));
        report.figure("1 producer", one.rate, "jobs/s");
        report.percentiles("1 producer, ack", one.acks.percentiles());
        report.figure(format!("{n} producers"), many.rate, "jobs/s");
        report.percentiles(&format!("{n} producers, ack"), many.acks.percentiles());
        report.figure(format!("{n} against 1"), many.rate / one.rate, "times");
        Ok(report)
    }
}

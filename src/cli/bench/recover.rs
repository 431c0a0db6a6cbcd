//! `callboard bench recover`

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::ground::Ground;
use super::probe::{self, Tally};
use super::report::Report;
use super::{Failure, Workload};

/// How long the first job may take to run.
const PATIENCE: Duration = Duration::from_secs(60);

/// Start after a SIGKILL, with jobs that wait and jobs that ran
#[derive(Debug, clap::Args)]
pub(super) struct Recover {
    /// How many jobs wait
    #[arg(long, default_value_t = 100_000)]
    waiting: u32,
    /// How many were running
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    running: u32,
}

impl Workload for Recover {
    async fn measure(self, ground: &Ground) -> Result<Report, Failure> {
        ground.fill(u64::from(self.waiting) + u64::from(self.running))?;
        self.run_and_kill(ground).map_err(|source| Failure::Local { what: "kill a server", source })?;
        let (begin, tally) = (Instant::now(), Tally::of(1));
        let callboard = ground.running(64, tally.clone()).await?;
        let up = begin.elapsed();
        if !tally.reached(PATIENCE).await {
            return Err(Failure::Slow { what: "the start", done: 0, of: 1 });
        }
        let first = begin.elapsed();
        let lost = probe::crashed(&callboard, self.running as usize).await?;
        callboard.shutdown().await;
        if lost != self.running as usize {
            return Err(Failure::Slow { what: "taking back", done: lost as u64, of: self.running.into() });
        }
        let about = format!(
            "{} jobs wait and {} ran when the process was killed; the system has its files in memory",
            self.waiting, self.running
        );
        let mut report = Report::new("recover", about);
        report.figure("until it is up", up.as_secs_f64() * 1000.0, "ms");
        report.figure("until a job has run", first.as_secs_f64() * 1000.0, "ms");
        Ok(report)
    }
}

impl Recover {
    /// Another process takes jobs that do not end; once all are running it is killed.
    fn run_and_kill(&self, ground: &Ground) -> std::io::Result<()> {
        let running = self.running.to_string();
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench", "adapter", "--workload", "hold", "--conc", &running, "--data-dir"]);
        let mut child = command.arg(ground.path()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        child.kill()?;
        child.wait()?;
        match line.trim() == super::adapter::HELD {
            true => Ok(()),
            false => Err(std::io::Error::other("its jobs did not start")),
        }
    }
}

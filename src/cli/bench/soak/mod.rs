//! `callboard bench soak`

mod plot;
mod sample;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::ground::Ground;
use super::payload::{self, Payload, now_ns};
use super::report::{Latencies, Report};
use super::{Failure, Workload, probe};
use crate::cli::values;
use crate::runtime::Callboard;
use crate::workers::{Context, RunResult, Worker, typed};
use sample::{MEASURES, Sample};

/// How often jobs are handed in.
const BEATS_A_SECOND: u32 = 100;
/// How old jobs get that have completed.
const KEEP: Duration = Duration::from_secs(60);
/// How often older ones are deleted.
const CLEAN_EVERY: Duration = Duration::from_secs(15);
/// More than so many times what it was, and it has grown.
const GROWN: f64 = 1.25;

/// Steady load for long: whether memory, files and latency stay what they are
///
/// Jobs that do nothing are handed in at a steady rate, run, and are deleted a minute later. What is
/// measured meanwhile is compared between the first third and the last, the warm-up left out.
#[derive(Debug, clap::Args)]
pub(super) struct Soak {
    /// How long
    #[arg(long, default_value_t = 60.0, value_name = "MINUTES", value_parser = values::seconds)]
    minutes: f64,
    /// How many jobs a second
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    rate: u32,
    /// How often it is looked at, in seconds
    #[arg(long, default_value_t = 10.0, value_name = "SECS", value_parser = values::seconds)]
    every_secs: f64,
    /// How many run at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    concurrency: u32,
    /// Writes what was measured there, a line for each look, with tabs
    #[arg(long, value_name = "FILE")]
    samples: Option<PathBuf>,
    /// Draws it there
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
}

impl Workload for Soak {
    async fn measure(self, ground: &Ground) -> Result<Report, Failure> {
        let pulse = Arc::<Pulse>::default();
        let callboard = ground.running_with(self.concurrency, typed(Beat(pulse.clone()))).await?;
        let producer = actix_rt::spawn(produce(callboard.clone(), self.rate));
        let cleaner = actix_rt::spawn(clean(callboard.clone()));
        let samples = self.look(ground, &callboard, &pulse).await;
        producer.abort();
        cleaner.abort();
        callboard.shutdown().await;
        let samples = samples?;
        self.keep(&samples).map_err(|source| Failure::Local { what: "write what was measured", source })?;
        let about = format!("{} jobs a second for {} minutes", self.rate, self.minutes);
        Ok(compared(about, &samples))
    }
}

impl Soak {
    /// Looks again and again, until the time is up.
    async fn look(
        &self,
        ground: &Ground,
        callboard: &Callboard,
        pulse: &Pulse,
    ) -> Result<Vec<Sample>, Failure> {
        let (begin, mut samples) = (Instant::now(), Vec::new());
        let all = Duration::from_secs_f64(self.minutes * 60.0);
        let mut tick = tokio::time::interval(Duration::from_secs_f64(self.every_secs));
        tick.tick().await;
        let mut since = begin;
        while begin.elapsed() < all {
            tick.tick().await;
            let (done, latencies) = pulse.take();
            let span = since.elapsed();
            since = Instant::now();
            let waiting = probe::unfinished(callboard).await?;
            samples.push(Sample::take(
                begin.elapsed(),
                span,
                done,
                latencies.percentiles(),
                waiting,
                ground.path(),
            ));
        }
        Ok(samples)
    }

    fn keep(&self, samples: &[Sample]) -> std::io::Result<()> {
        if let Some(file) = &self.samples {
            std::fs::write(file, sample::table(samples))?;
        }
        if let Some(file) = &self.plot {
            std::fs::write(file, plot::svg(samples))?;
        }
        Ok(())
    }
}

/// Hands jobs in, as many as the time that has passed asks for.
async fn produce(callboard: Callboard, rate: u32) {
    let (begin, mut made) = (Instant::now(), 0_u64);
    let mut tick = tokio::time::interval(Duration::from_secs(1) / BEATS_A_SECOND);
    loop {
        tick.tick().await;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let due = (begin.elapsed().as_secs_f64() * f64::from(rate)) as u64;
        let Ok(jobs) = (made..due).map(payload::job).collect::<Result<Vec<_>, _>>() else { return };
        made = due;
        if let Err(e) = callboard.enqueue_many(jobs).await {
            log::warn!("jobs were not taken: {e}");
        }
    }
}

/// Deletes what has been completed for long enough.
async fn clean(callboard: Callboard) {
    let mut tick = tokio::time::interval(CLEAN_EVERY);
    loop {
        tick.tick().await;
        if let Err(e) = callboard.cleanup(KEEP, false).await {
            log::warn!("old jobs were not deleted: {e}");
        }
    }
}

/// The medians of the first third and of the last, and how they compare.
fn compared(about: String, samples: &[Sample]) -> Report {
    let mut report = Report::new("soak", about);
    // The first tenth is warm-up: caches fill, and nothing is old enough to be deleted.
    let steady = &samples[samples.len() / 10..];
    let (first, last) = (&steady[..steady.len() / 3], &steady[steady.len() - steady.len() / 3..]);
    for measure in MEASURES {
        let (from, to) = (sample::median(first, measure.of), sample::median(last, measure.of));
        report.figure(format!("{}, first third", measure.name), from, measure.unit);
        report.figure(format!("{}, last third", measure.name), to, measure.unit);
        if measure.must_stay && to > from * GROWN {
            log::warn!("{} has grown from {from:.3} to {to:.3} {}", measure.name, measure.unit);
        }
    }
    report
}

/// What the worker has seen since the last look.
#[derive(Default)]
struct Pulse {
    done: AtomicU64,
    latencies: Mutex<Latencies>,
}

impl Pulse {
    fn take(&self) -> (u64, Latencies) {
        let mut latencies = self.latencies.lock().unwrap_or_else(PoisonError::into_inner);
        (self.done.swap(0, SeqCst), std::mem::take(&mut *latencies))
    }
}

/// Notes how long its jobs took to start.
struct Beat(Arc<Pulse>);

impl Worker for Beat {
    const JOB_TYPE: &'static str = payload::JOB_TYPE;
    const DESCRIPTION: &'static str = "Notes how long its jobs took to start.";
    type Args = Payload;
    type Output = ();

    async fn run(&self, _: Context, args: Payload) -> RunResult<()> {
        let took = Duration::from_nanos(now_ns().saturating_sub(args.t));
        self.0.latencies.lock().unwrap_or_else(PoisonError::into_inner).add(took);
        self.0.done.fetch_add(1, SeqCst);
        Ok(())
    }
}

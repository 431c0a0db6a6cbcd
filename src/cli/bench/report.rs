//! What was measured, for people and for programs.

use std::time::Duration;

use serde::Serialize;

use super::flush::Flush;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::table::{Column, Table};

/// What an acknowledgement means in every workload. `store/connection.rs` holds the settings.
const DURABILITY: &str = "SQLite in WAL mode, synchronous=FULL, or PostgreSQL, synchronous_commit=on: an enqueue is \
    acknowledged, a claimed job is started and a finished one is counted after the commit that holds it was flushed \
    to the disk";

/// The figures of one workload.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    workload: &'static str,
    about: String,
    figures: Vec<Figure>,
}

/// One figure.
#[derive(Debug, Serialize)]
struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
}

impl Report {
    /// One that has no figures yet; `about` says what was done.
    pub(super) fn new(workload: &'static str, about: String) -> Self {
        Self { workload, about, figures: Vec::new() }
    }

    /// Adds a figure.
    pub(super) fn figure(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.figures.push(Figure { name: name.into(), value, unit });
    }

    /// Adds the middle and the slow end of a distribution.
    pub(super) fn percentiles(&mut self, name: &str, of: Percentiles) {
        self.figure(format!("{name} p50"), of.p50, "ms");
        self.figure(format!("{name} p99"), of.p99, "ms");
    }

    /// Prints it beside what a flush costs.
    pub(super) fn print(&self, flush: &Flush, out: &mut Output) -> Result<(), Failure> {
        if out.is_json() {
            let whole = Whole { report: self, durability: DURABILITY, flush };
            let text = serde_json::to_string(&whole).map_err(std::io::Error::from)?;
            return Ok(out.json(&text)?);
        }
        out.text(&format!("{}: {}\n", self.workload, self.about))?;
        let columns = [Column::word("what"), Column::number("value"), Column::word("unit")];
        let of_disk = [("fdatasync p50", flush.fdatasync_ms.p50), ("fdatasync p99", flush.fdatasync_ms.p99)];
        let rows = self.figures.iter().map(|f| (f.name.as_str(), f.value, f.unit));
        let rows = rows.chain(of_disk.map(|(name, value)| (name, value, "ms")));
        let rows: Vec<Vec<String>> =
            rows.map(|(name, value, unit)| vec![name.to_owned(), show(value), unit.to_owned()]).collect();
        out.text(&Table::new(&columns, out.width()).page(&rows))?;
        Ok(out.text(&format!("\n{DURABILITY}."))?)
    }
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    report: &'a Report,
    durability: &'static str,
    #[serde(flatten)]
    flush: &'a Flush,
}

/// As many digits as mean something.
fn show(value: f64) -> String {
    match value.abs() {
        v if v >= 1000.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

/// The middle and the slow end of a distribution, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Percentiles {
    /// Half took at most this.
    pub p50: f64,
    /// 99 of 100 took at most this.
    pub p99: f64,
}

/// How long things took.
#[derive(Clone, Debug, Default)]
pub(super) struct Latencies(Vec<Duration>);

impl Latencies {
    /// Adds one.
    pub(super) fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// Adds those of another.
    pub(super) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The mean, in milliseconds; zero when there are none.
    pub(super) fn mean(&self) -> f64 {
        #[allow(clippy::cast_precision_loss)]
        let count = self.0.len().max(1) as f64;
        self.0.iter().sum::<Duration>().as_secs_f64() * 1000.0 / count
    }

    /// The longest, in milliseconds; zero when there are none.
    pub(super) fn longest(&self) -> f64 {
        self.0.iter().max().map_or(0.0, |took| took.as_secs_f64() * 1000.0)
    }

    /// The middle and the slow end; zero when there are none.
    pub(super) fn percentiles(&self) -> Percentiles {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        // The smallest that so many of a hundred do not exceed.
        let at = |hundredths: usize| {
            let rank = (sorted.len() * hundredths).div_ceil(100).max(1);
            sorted.get(rank - 1).map_or(0.0, |took| took.as_secs_f64() * 1000.0)
        };
        Percentiles { p50: at(50), p99: at(99) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_ones_that_were_measured() {
        let mut latencies = Latencies::default();
        (1..=200).rev().for_each(|ms| latencies.add(Duration::from_millis(ms)));
        let p = latencies.percentiles();
        assert!((p.p50 - 100.0).abs() < 1e-9 && (p.p99 - 198.0).abs() < 1e-9, "{p:?}");
        assert!((latencies.mean() - 100.5).abs() < 1e-9);
        let mut one = Latencies::default();
        one.add(Duration::from_millis(7));
        assert!((one.percentiles().p50 - 7.0).abs() < 1e-9 && (one.percentiles().p99 - 7.0).abs() < 1e-9);
        assert!(Latencies::default().percentiles().p50.abs() < 1e-9);
    }

    #[test]
    fn figures_keep_what_means_something() {
        assert_eq!([show(12_345.6), show(12.34), show(0.1234)], ["12346", "12.3", "0.123"]);
    }
}

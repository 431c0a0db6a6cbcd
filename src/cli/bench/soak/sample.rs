//! One look at a program under load.

use std::path::Path;
use std::time::Duration;

use crate::cli::bench::process;
use crate::cli::bench::report::Percentiles;

/// What was seen at one moment, and since the one before.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// Since the beginning.
    pub secs: f64,
    rate: f64,
    waiting: f64,
    start_p50: f64,
    start_p99: f64,
    memory: f64,
    open_files: f64,
    database: f64,
    log: f64,
}

/// One of the things that are seen.
pub(super) struct Measure {
    /// What it is.
    pub name: &'static str,
    pub unit: &'static str,
    /// Whether it must be the same in the end as in the beginning.
    pub must_stay: bool,
    pub of: fn(&Sample) -> f64,
}

/// All that is seen, in the order in which it is shown.
pub(super) const MEASURES: [Measure; 8] = [
    Measure { name: "jobs done", unit: "1/s", must_stay: false, of: |s| s.rate },
    Measure { name: "jobs waiting", unit: "", must_stay: false, of: |s| s.waiting },
    Measure { name: "enqueue to start p50", unit: "ms", must_stay: true, of: |s| s.start_p50 },
    Measure { name: "enqueue to start p99", unit: "ms", must_stay: true, of: |s| s.start_p99 },
    Measure { name: "memory", unit: "MiB", must_stay: true, of: |s| s.memory },
    Measure { name: "open files", unit: "", must_stay: true, of: |s| s.open_files },
    Measure { name: "database", unit: "MiB", must_stay: true, of: |s| s.database },
    Measure { name: "write-ahead log", unit: "MiB", must_stay: true, of: |s| s.log },
];

impl Sample {
    /// Looks at this process and at the files in `dir`.
    pub(super) fn take(
        at: Duration,
        span: Duration,
        done: u64,
        starts: Percentiles,
        waiting: i64,
        dir: &Path,
    ) -> Self {
        #[allow(clippy::cast_precision_loss)]
        let (done, waiting) = (done as f64, waiting as f64);
        Self {
            secs: at.as_secs_f64(),
            rate: done / span.as_secs_f64(),
            waiting,
            start_p50: starts.p50,
            start_p99: starts.p99,
            memory: process::resident_mib().unwrap_or_default(),
            open_files: process::open_files().unwrap_or_default(),
            database: mib(&dir.join("queue.db")),
            log: mib(&dir.join("queue.db-wal")),
        }
    }
}

fn mib(file: &Path) -> f64 {
    #[allow(clippy::cast_precision_loss)]
    std::fs::metadata(file).map_or(0.0, |meta| meta.len() as f64 / (1024.0 * 1024.0))
}

/// The middle one of some samples; 0 of none.
pub(super) fn median(samples: &[Sample], of: fn(&Sample) -> f64) -> f64 {
    let mut values: Vec<f64> = samples.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// All of them as lines with tabs, below their names.
pub(super) fn table(samples: &[Sample]) -> String {
    let mut text = String::from("seconds");
    for Measure { name, unit, .. } in &MEASURES {
        text += &if unit.is_empty() { format!("\t{name}") } else { format!("\t{name} ({unit})") };
    }
    for sample in samples {
        text += &format!("\n{:.1}", sample.secs);
        for measure in &MEASURES {
            text += &format!("\t{:.3}", (measure.of)(sample));
        }
    }
    text + "\n"
}

#[cfg(test)]
pub(super) fn of(secs: f64, value: f64) -> Sample {
    Sample {
        secs,
        rate: value,
        waiting: value,
        start_p50: value,
        start_p99: value,
        memory: value,
        open_files: value,
        database: value,
        log: value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_each_look_below_the_names() {
        let text = table(&[of(10.0, 1.0), of(20.0, 2.0)]);
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line.len() == 1 + MEASURES.len()), "{text}");
        assert_eq!((lines[0][3], lines[2][0], lines[2][8]), ("enqueue to start p50 (ms)", "20.0", "2.000"));
    }

    #[test]
    fn the_middle_is_one_that_was_seen() {
        assert!((median(&[of(1.0, 9.0), of(2.0, 1.0), of(3.0, 2.0)], |s| s.memory) - 2.0).abs() < 1e-9);
        assert!(median(&[], |s| s.memory).abs() < 1e-9);
    }
}

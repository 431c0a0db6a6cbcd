//! What a job's attempts write down while they run, in a file of the job's own: a line for each thing
//! done, which outlives the process.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where one attempt writes.
pub struct Diary {
    file: PathBuf,
    attempt: u32,
}

/// A line of a diary.
#[derive(Clone, Debug)]
pub struct Line {
    /// In nanoseconds.
    pub at: u128,
    pub attempt: i64,
    pub what: String,
    pub detail: String,
}

fn file(folder: &Path, job: i64) -> PathBuf {
    folder.join(job.to_string())
}

impl Diary {
    pub fn open(folder: &Path, job: i64, attempt: u32) -> Self {
        Self { file: file(folder, job), attempt }
    }

    /// Adds a line.
    pub fn note(&self, what: &str, detail: &str) {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let line = format!("{at} {} {what} {detail}\n", self.attempt);
        let mut file = OpenOptions::new().create(true).append(true).open(&self.file).unwrap();
        // In one piece, so that no kill leaves a part of it.
        file.write_all(line.as_bytes()).unwrap();
    }
}

/// The diary of a job; empty if it never ran.
pub fn read(folder: &Path, job: i64) -> Vec<Line> {
    let text = fs::read_to_string(file(folder, job)).unwrap_or_default();
    let lines = text.lines().map(|line| {
        let mut words = line.splitn(4, ' ').map(str::to_owned);
        let mut word = || words.next().unwrap_or_else(|| panic!("job {job}: {line:?}"));
        Line { at: word().parse().unwrap(), attempt: word().parse().unwrap(), what: word(), detail: word() }
    });
    lines.collect()
}

//! How the store does.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;

use super::histogram::{Histogram, Spread};
use super::shelf::{Labelled, Shelf};

const SECONDS: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const NUMBERS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];
const STATEMENTS: &[f64] = &[1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0];

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFate {
    /// It is on disk.
    Committed,
    /// What its only caller wanted cannot be. Nothing of it is on disk.
    Refused,
    /// Nothing of it is on disk.
    Failed,
    /// It may be on disk.
    InDoubt,
    /// The database did not even begin.
    Away,
}

impl CommitFate {
    const ALL: [Self; 5] = [Self::Committed, Self::Refused, Self::Failed, Self::InDoubt, Self::Away];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::InDoubt => "in_doubt",
            Self::Away => "away",
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct StoreMetrics {
    commits: Vec<(CommitFate, Counter)>,
    commit_seconds: Histogram,
    commit_writes: Histogram,
    commit_statements: Histogram,
    write_seconds: Histogram,
    read_seconds: Histogram,
    read_wait_seconds: Histogram,
    checkpoints: Labelled<Counter>,
    checkpoint_seconds: Histogram,
    checkpoint_pages: Counter,
}

impl StoreMetrics {
    pub(super) fn new(shelf: &mut Shelf) -> Self {
        let commits = shelf.counters(
            "callboard_store_commits_total",
            &["result"],
            "Transactions that write: committed, refused (what was wanted cannot be), failed (nothing is on disk), in_doubt, away (no connection)",
        );
        let checkpoints = shelf.counters(
            "callboard_sqlite_checkpoints_total",
            &["result"],
            "Checkpoints: complete, partial (somebody still reads what is old), failed",
        );
        for result in ["complete", "partial", "failed"] {
            checkpoints.expect(&[result]);
        }
        Self {
            commits: CommitFate::ALL.into_iter().map(|fate| (fate, commits.of(&[fate.as_str()]))).collect(),
            commit_seconds: shelf.histogram(
                "callboard_store_commit_seconds",
                "From the begin of a transaction that writes to when it is on disk",
                SECONDS,
            ),
            commit_writes: shelf.histogram(
                "callboard_store_commit_writes",
                "Writes of callers that shared a commit",
                NUMBERS,
            ),
            commit_statements: shelf.histogram(
                "callboard_store_commit_statements",
                "Statements that write in a commit",
                STATEMENTS,
            ),
            write_seconds: shelf.histogram(
                "callboard_store_write_seconds",
                "How long callers waited for a write: in line, and for its commit",
                SECONDS,
            ),
            read_seconds: shelf.histogram("callboard_store_read_seconds", "How long reads took", SECONDS),
            read_wait_seconds: shelf.histogram(
                "callboard_store_read_wait_seconds",
                "How long reads waited for a connection of the pool",
                SECONDS,
            ),
            checkpoints,
            checkpoint_seconds: shelf.histogram(
                "callboard_sqlite_checkpoint_seconds",
                "How long checkpoints took",
                SECONDS,
            ),
            checkpoint_pages: shelf.counter(
                "callboard_sqlite_checkpoint_pages_total",
                "Pages that checkpoints brought into the database file",
            ),
        }
    }

    /// A commit of this many writes is over.
    pub fn commit(&self, fate: CommitFate, writes: usize, statements: u64, took: Duration) {
        if let Some((_, counter)) = self.commits.iter().find(|(known, _)| *known == fate) {
            counter.inc();
        }
        self.commit_seconds.observe(took.as_secs_f64());
        self.commit_writes.observe(number(writes as u64));
        self.commit_statements.observe(number(statements));
    }

    /// The writes of a commit were answered, each after it had waited so long.
    pub fn writes(&self, waited: impl Iterator<Item = Duration>) {
        let mut all = Spread::new(SECONDS);
        waited.for_each(|waited| all.observe(waited.as_secs_f64()));
        self.write_seconds.add(&all);
    }

    /// A read got its connection after `waited` and was done after `took`.
    pub fn read(&self, waited: Duration, took: Duration) {
        self.read_wait_seconds.observe(waited.as_secs_f64());
        self.read_seconds.observe(took.as_secs_f64());
    }

    /// A checkpoint brought so many of so many pages into the database file; `None`: it failed.
    pub fn checkpoint(&self, done: Option<(i64, i64)>, took: Duration) {
        let result = match done {
            Some((pages, of)) if pages >= of => "complete",
            Some(_) => "partial",
            None => "failed",
        };
        self.checkpoints.of(&[result]).inc();
        self.checkpoint_seconds.observe(took.as_secs_f64());
        self.checkpoint_pages.inc_by(done.map_or(0, |(pages, _)| u64::try_from(pages).unwrap_or_default()));
    }
}

#[allow(clippy::cast_precision_loss)]
fn number(n: u64) -> f64 {
    n as f64
}

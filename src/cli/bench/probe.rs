//! The worker that is measured with: it does nothing but count.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::payload::{JOB_TYPE, Payload, now_ns};
use super::report::Latencies;
use crate::cli::failure::Failure;
use crate::domain::{JobFilter, Order, State};
use crate::runtime::Callboard;
use crate::workers::{Context, RunResult, Worker};

/// Jobs read at once.
const PAGE: usize = 500;

/// What the worker has seen.
#[derive(Default)]
pub(super) struct Tally {
    handled: AtomicU64,
    twice: AtomicU64,
    /// The numbers seen, where each is to come once.
    seen: Option<Mutex<HashSet<u64>>>,
    latencies: Option<Mutex<Latencies>>,
    /// How many are waited for.
    goal: u64,
    reached: Notify,
}

impl Tally {
    /// One that waits for `goal` jobs and keeps how long each took to start.
    pub(super) fn with_latencies(goal: u64) -> Arc<Self> {
        Arc::new(Self {
            goal,
            latencies: Some(Mutex::default()),
            seen: Some(Mutex::default()),
            ..Self::default()
        })
    }

    /// One that waits for `goal` jobs, and tells when one comes twice.
    pub(super) fn each_once(goal: u64) -> Arc<Self> {
        Arc::new(Self { goal, seen: Some(Mutex::default()), ..Self::default() })
    }

    /// One that waits for `goal` jobs.
    pub(super) fn of(goal: u64) -> Arc<Self> {
        Arc::new(Self { goal, ..Self::default() })
    }

    /// Jobs run so far.
    pub(super) fn handled(&self) -> u64 {
        self.handled.load(SeqCst)
    }

    /// Jobs that were run twice.
    pub(super) fn twice(&self) -> u64 {
        self.twice.load(SeqCst)
    }

    /// How long the jobs took to start.
    pub(super) fn latencies(&self) -> Latencies {
        let kept = self.latencies.as_ref();
        kept.map(|l| l.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap_or_default()
    }

    /// Waits until as many have run as are waited for; false when that takes longer than `limit`.
    pub(super) async fn reached(&self, limit: Duration) -> bool {
        let all = async {
            while self.handled() < self.goal {
                self.reached.notified().await;
            }
        };
        tokio::time::timeout(limit, all).await.is_ok()
    }

    /// Job `i` has run; `took` is kept where latencies are.
    pub(super) fn late(&self, i: u64, took: Duration) {
        if let Some(seen) = &self.seen
            && !seen.lock().unwrap_or_else(PoisonError::into_inner).insert(i)
        {
            self.twice.fetch_add(1, SeqCst);
            return;
        }
        if let Some(latencies) = &self.latencies {
            latencies.lock().unwrap_or_else(PoisonError::into_inner).add(took);
        }
        if self.handled.fetch_add(1, SeqCst) + 1 == self.goal {
            self.reached.notify_one();
        }
    }
}

/// See the module.
pub(super) struct Probe(pub(super) Arc<Tally>);

impl Worker for Probe {
    const JOB_TYPE: &'static str = JOB_TYPE;
    const DESCRIPTION: &'static str = "Counts its jobs.";
    type Args = Payload;
    type Output = ();

    async fn run(&self, _: Context, args: Payload) -> RunResult<()> {
        self.0.late(args.i, Duration::from_nanos(now_ns().saturating_sub(args.t)));
        Ok(())
    }
}

/// Counts its jobs and does not end them.
pub(super) struct Holder(pub(super) Arc<Tally>);

impl Worker for Holder {
    const JOB_TYPE: &'static str = JOB_TYPE;
    const DESCRIPTION: &'static str = "Does not end.";
    type Args = Payload;
    type Output = ();

    async fn run(&self, _: Context, args: Payload) -> RunResult<()> {
        self.0.late(args.i, Duration::ZERO);
        std::future::pending().await
    }
}

/// How many jobs may run now or do.
pub(super) async fn unfinished(callboard: &Callboard) -> Result<i64, Failure> {
    let counts = callboard.queue_status().await?.counts;
    Ok([State::Pending, State::Running].iter().filter_map(|state| counts.get(state)).sum())
}

/// How many of the oldest `n` jobs were running when their process died.
pub(super) async fn crashed(callboard: &Callboard, n: usize) -> Result<usize, Failure> {
    let (mut crashed, mut left, mut cursor) = (0, n, None);
    while left > 0 {
        let page = callboard.list(JobFilter::default(), Order::Oldest, cursor, left.min(PAGE)).await?;
        // A success forgets the crash, but not that it took a second attempt.
        crashed += page.jobs.iter().filter(|job| job.crash_count > 0 || job.attempt > 1).count();
        left -= page.jobs.len();
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(crashed)
}

/// Waits until the store shows no job that may run now or does.
pub(super) async fn settled(callboard: &Callboard) -> Result<(), Failure> {
    while unfinished(callboard).await? > 0 {
        // The last commit is a few milliseconds away, and nothing tells of it without being asked.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

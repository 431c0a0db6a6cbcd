//! Jobs claimed before a slot is free for them: never more run than may, and none is lost, run twice
//! or blamed when they are given back.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use callboard::config::Config;
use callboard::domain::{JobFilter, Order, State};
use callboard::workers::worker::{AnyWorker, from_fn};
use callboard::workers::{Context, Failure};
use callboard::{Callboard, NewJob};
use tokio::sync::{Notify, Semaphore};

const CONCURRENCY: usize = 4;

/// What the worker has seen, and the gate at which long jobs wait.
struct Seen {
    now: AtomicUsize,
    most: AtomicUsize,
    runs: Mutex<Vec<i64>>,
    ended: Notify,
    gate: Semaphore,
}

impl Seen {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            runs: Mutex::default(),
            ended: Notify::new(),
            gate: Semaphore::new(0),
        })
    }

    /// Jobs with `[true]` as args wait at the gate.
    fn worker(self: &Arc<Self>) -> Arc<dyn AnyWorker> {
        let seen = self.clone();
        from_fn("t", move |ctx: Context, long: Vec<bool>| {
            let seen = seen.clone();
            async move {
                seen.most.fetch_max(seen.now.fetch_add(1, SeqCst) + 1, SeqCst);
                seen.runs.lock().unwrap().push(ctx.job.id);
                let stopped = tokio::select! {
                    () = ctx.cancel.cancelled() => true,
                    () = seen.pass(!long.is_empty()) => false,
                };
                seen.now.fetch_sub(1, SeqCst);
                seen.ended.notify_one();
                if stopped { Err(Failure::Cancelled) } else { Ok(()) }
            }
        })
    }

    async fn pass(&self, wait: bool) {
        if wait {
            self.gate.acquire().await.unwrap().forget();
        } else {
            tokio::task::yield_now().await;
        }
    }

    async fn until_ran(&self, n: usize) {
        while self.runs.lock().unwrap().len() < n {
            self.ended.notified().await;
        }
    }
}

async fn start(dir: &tempfile::TempDir, seen: &Arc<Seen>) -> Callboard {
    let mut config = Config { data_dir: dir.path().to_owned(), ..Config::default() };
    config.defaults.concurrency = u32::try_from(CONCURRENCY).unwrap();
    config.shutdown_grace = std::time::Duration::from_millis(1);
    Callboard::builder(config).worker(seen.worker()).start().await.unwrap()
}

fn jobs(n: usize, long: bool) -> Vec<NewJob> {
    let args: &[bool] = if long { &[true] } else { &[] };
    (0..n).map(|_| NewJob::new("t").args(args).unwrap()).collect()
}

#[actix_rt::test]
async fn no_more_run_than_may_and_each_runs_once() {
    let (dir, seen) = (tempfile::tempdir().unwrap(), Seen::new());
    let callboard = start(&dir, &seen).await;
    let ids = callboard.enqueue_many(jobs(2000, false)).await.unwrap().ids;
    seen.until_ran(ids.len()).await;
    callboard.shutdown().await;
    let mut runs = seen.runs.lock().unwrap().clone();
    runs.sort_unstable();
    assert_eq!(runs, ids);
    assert!(seen.most.load(SeqCst) <= CONCURRENCY, "{} ran at once", seen.most.load(SeqCst));
}

#[actix_rt::test]
async fn what_waits_for_a_slot_at_shutdown_goes_back_unharmed() {
    let (dir, seen) = (tempfile::tempdir().unwrap(), Seen::new());
    let callboard = start(&dir, &seen).await;
    // Short ones first, so that it claims ahead; then some that do not end by themselves.
    let short = callboard.enqueue_many(jobs(1000, false)).await.unwrap().ids;
    let long = callboard.enqueue_many(jobs(100, true)).await.unwrap().ids;
    seen.until_ran(short.len()).await;
    callboard.shutdown().await;
    drop(callboard);
    let begun: HashSet<i64> = seen.runs.lock().unwrap().iter().copied().collect();

    let again = Seen::new();
    again.gate.add_permits(long.len());
    let callboard = start(&dir, &again).await;
    again.until_ran(long.len()).await;
    callboard.shutdown().await;
    let all = callboard.list(JobFilter::default(), Order::Oldest, None, 5000).await.unwrap().jobs;
    assert_eq!(all.len(), short.len() + long.len());
    for job in all {
        assert_eq!((job.state, job.crash_count, job.retry_count), (State::Completed, 0, 0), "job {}", job.id);
        let runs = again.runs.lock().unwrap().iter().filter(|id| **id == job.id).count();
        assert_eq!(runs, usize::from(long.contains(&job.id)), "job {}", job.id);
        assert!(begun.contains(&job.id) || long.contains(&job.id));
    }
}

#[actix_rt::test]
async fn a_job_that_waits_for_a_slot_can_be_called_off() {
    let (dir, seen) = (tempfile::tempdir().unwrap(), Seen::new());
    let callboard = start(&dir, &seen).await;
    let short = callboard.enqueue_many(jobs(1000, false)).await.unwrap().ids;
    let long = callboard.enqueue_many(jobs(50, true)).await.unwrap().ids;
    seen.until_ran(short.len()).await;
    for id in &long {
        callboard.cancel(*id).await.unwrap();
    }
    callboard.shutdown().await;
    let all = callboard.list(JobFilter::default(), Order::Newest, None, long.len()).await.unwrap().jobs;
    for job in all {
        assert_eq!(job.state, State::Cancelled, "job {}", job.id);
    }
}

//! What a job costs, in things that can be counted on any machine: pieces of memory taken, and
//! statements run. A change that makes a hot path dearer fails here, whatever else the machine does.
//!
//! The limits are what was counted when they were set; of pieces of memory, and one more. Who makes a
//! path cheaper sets a new one; who makes it dearer for a reason says so in `docs/performance.md`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use callboard::domain::{
    Backoff, Claim, Fairness, Json, KeyPath, Limits, NewJob, PerKey, RateLimit, Timestamp, Verdict,
};
use callboard::store::verbs::claim::{self, Claimer};
use callboard::store::verbs::enqueue::{self, Prepared};
use callboard::store::verbs::finish::{self, Finished};
use callboard::store::{Store, StoreResult, Tx};
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

const TYPE: &str = "t";
const NODE: i64 = 1;
/// Jobs in a write, which share what a write costs.
const BATCH: usize = 100;
/// Writes that are counted.
const WRITES: u64 = 10;

/// Pieces of memory for one job, with its share of what the write takes.
const ENQUEUE: u64 = 10;
const CLAIM: u64 = 12;
const END: u64 = 6;

static TAKEN: AtomicU64 = AtomicU64::new(0);
static STATEMENTS: AtomicU64 = AtomicU64::new(0);
/// The counts are of the whole process, so the tests take turns.
static TURN: Mutex<()> = Mutex::new(());

struct Counting;

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.fetch_add(1, Relaxed);
        // SAFETY: the caller keeps to the same rules.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[expect(clippy::unnecessary_wraps, reason = "Diesel wants it so")]
fn counter() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            STATEMENTS.fetch_add(1, Relaxed);
        }
    }))
}

/// A store, and what passes through it.
struct Bench {
    store: Store,
    now: Timestamp,
    _home: tempfile::TempDir,
}

impl Bench {
    fn open(limits: Option<Limits>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(&home.path().join("queue.db"), 1, Box::new(|_| ())).unwrap();
        if let Some(limits) = limits {
            store.limits().set(TYPE, limits);
        }
        Self { store, now: Timestamp::from_millis(1_893_456_000_000), _home: home }
    }

    /// Does a write and returns what it gave, and what `counter` counted in the verb itself.
    async fn count<T, F>(&self, counter: &'static AtomicU64, mut verb: F) -> (T, u64)
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        let write = self.store.write(move |tx| {
            let before = counter.load(Relaxed);
            let done = verb(tx)?;
            Ok((done, counter.load(Relaxed) - before))
        });
        write.await.unwrap()
    }

    async fn enqueue(&self, counter: &'static AtomicU64, n: usize) -> u64 {
        let job = |n: usize| {
            let args = Json::checked(&format!(r#"{{"tenant":"tenant-{n}","pad":"{}"}}"#, "x".repeat(150)));
            Prepared::new(NewJob { args: args.unwrap(), ..NewJob::new(TYPE) }, 3)
        };
        let (jobs, now) = ((0..n).map(job).collect::<Vec<_>>(), self.now);
        self.count(counter, move |tx| enqueue::enqueue(tx, &jobs, true, now)).await.1
    }

    async fn claim(&self, counter: &'static AtomicU64, n: usize) -> (Vec<Claim>, u64) {
        let (by, now) = (Claimer { node: NODE, worker_id: "1/t".into() }, self.now);
        let claimed = self.count(counter, move |tx| claim::claim(tx, TYPE, n, &by, now)).await;
        let claim = |job: &callboard::Job| Claim { job_id: job.id, attempt: job.attempt, node: NODE };
        (claimed.0.jobs.iter().map(claim).collect(), claimed.1)
    }

    async fn finish(&self, counter: &'static AtomicU64, claims: Vec<Claim>) -> u64 {
        let ended = |claim| Finished {
            claim,
            verdict: Verdict::Success(None),
            progress: None,
            backoff: Backoff::default(),
            luck: 0.5,
        };
        let (ended, now) = (claims.into_iter().map(ended).collect::<Vec<_>>(), self.now);
        self.count(counter, move |tx| finish::finish(tx, &ended, now)).await.1
    }
}

/// Everything that may keep a job from starting.
fn limits() -> Limits {
    let key: KeyPath = "args.tenant".parse().unwrap();
    Limits {
        global_concurrency: Some(1000),
        per_key: Some(PerKey { key: key.clone(), limit: 1000 }),
        rate_limit: Some(RateLimit { limit: 100_000, per_secs: 1.0, key: Some(key.clone()) }),
        fairness: Some(Fairness { key, weights: BTreeMap::new() }),
        aging: None,
    }
}

fn within(what: &str, counted: u64, limit: u64) {
    println!("{what}: {counted}, at most {limit}");
    assert!(counted <= limit, "{what}: {counted}, and it was to be {limit} at most");
}

#[actix_rt::test]
#[expect(clippy::await_holding_lock, reason = "the runtime of a test has one thread and one task")]
async fn pieces_of_memory_that_a_job_takes() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let bench = Bench::open(None);
    let (mut enqueued, mut claimed, mut finished) = (0, 0, 0);
    // The first round prepares the statements.
    for round in 0..=WRITES {
        let of_enqueue = bench.enqueue(&TAKEN, BATCH).await;
        let (claims, of_claim) = bench.claim(&TAKEN, BATCH).await;
        assert_eq!(claims.len(), BATCH);
        let of_finish = bench.finish(&TAKEN, claims).await;
        if round > 0 {
            enqueued += of_enqueue;
            claimed += of_claim;
            finished += of_finish;
        }
    }
    let jobs = WRITES * BATCH as u64;
    within("pieces of memory for an enqueue", enqueued.div_ceil(jobs), ENQUEUE);
    within("pieces of memory for a claim", claimed.div_ceil(jobs), CLAIM);
    within("pieces of memory for an end", finished.div_ceil(jobs), END);
}

#[actix_rt::test]
#[expect(clippy::await_holding_lock, reason = "the runtime of a test has one thread and one task")]
async fn statements_of_a_claim() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    set_default_instrumentation(counter).unwrap();
    for (what, limits, limit, end) in
        [("a plain claim", None, 3, 3), ("a claim under all limits", Some(limits()), 4, 4)]
    {
        let bench = Bench::open(limits);
        bench.enqueue(&STATEMENTS, BATCH).await;
        // One before, as in a queue where some run already.
        bench.claim(&STATEMENTS, 1).await;
        let (claims, statements) = bench.claim(&STATEMENTS, 1).await;
        assert_eq!(claims.len(), 1);
        within(&format!("statements of {what}"), statements, limit);
        within(&format!("statements of the end after {what}"), bench.finish(&STATEMENTS, claims).await, end);
    }
    set_default_instrumentation(|| None).unwrap();
}

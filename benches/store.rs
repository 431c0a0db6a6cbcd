//! The three writes of a job's life, a hundred jobs in each: the time of the statements, without the
//! commit, which others share. `cargo bench --bench store`

use std::time::{Duration, Instant};

use callboard::domain::{Backoff, Claim, Json, NewJob, Timestamp, Verdict};
use callboard::store::verbs::claim::{self, Claimer};
use callboard::store::verbs::enqueue::{self, Prepared};
use callboard::store::verbs::finish::{self, Finished};
use callboard::store::{Store, StoreResult, Tx};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const TYPE: &str = "bench";
const NODE: i64 = 1;
const BATCH: usize = 100;

/// A store through which jobs pass, round by round.
struct Bench {
    store: Store,
    now: Timestamp,
    _home: tempfile::TempDir,
}

/// How long the parts of a round took.
struct Took {
    enqueue: Duration,
    claim: Duration,
    finish: Duration,
}

/// One of them, by name.
type Part = (&'static str, fn(&Took) -> Duration);

impl Bench {
    fn open() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let store = Store::open(&home.path().join("queue.db"), 1, Box::new(|_| ())).expect("a store");
        Self { store, now: Timestamp::from_millis(1_893_456_000_000), _home: home }
    }

    async fn time<T, F>(&self, mut verb: F) -> (T, Duration)
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        let write = self.store.write(move |tx| {
            let begin = Instant::now();
            let done = verb(tx)?;
            Ok((done, begin.elapsed()))
        });
        write.await.expect("a write")
    }

    async fn round(&self) -> Took {
        let now = self.now;
        let job = |n: usize| {
            let args = Json::trusted(format!(r#"{{"n":{n},"pad":"{}"}}"#, "x".repeat(180)));
            Prepared::new(NewJob { args, ..NewJob::new(TYPE) }, 3)
        };
        let jobs: Vec<_> = (0..BATCH).map(job).collect();
        let (_, enqueue) = self.time(move |tx| enqueue::enqueue(tx, &jobs, true, now)).await;
        let by = Claimer { node: NODE, worker_id: "1/bench".into() };
        let (claimed, claim) = self.time(move |tx| claim::claim(tx, TYPE, BATCH, &by, now)).await;
        let end = |job: &callboard::Job| Finished {
            claim: Claim { job_id: job.id, attempt: job.attempt, node: NODE },
            verdict: Verdict::Success(None),
            progress: None,
            backoff: Backoff::default(),
            luck: 0.5,
        };
        let ended: Vec<_> = claimed.jobs.iter().map(end).collect();
        let (_, finish) = self.time(move |tx| finish::finish(tx, &ended, now)).await;
        Took { enqueue, claim, finish }
    }
}

fn store(c: &mut Criterion) {
    let system = actix_rt::System::new();
    let bench = Bench::open();
    let mut group = c.benchmark_group("store, 100 jobs");
    group.throughput(Throughput::Elements(BATCH as u64)).sample_size(20);
    let parts: [Part; 3] =
        [("enqueue", |took| took.enqueue), ("claim", |took| took.claim), ("finish", |took| took.finish)];
    for (name, part) in parts {
        let rounds = |n: u64| {
            let mut all = Duration::ZERO;
            for _ in 0..n {
                all += part(&system.block_on(bench.round()));
            }
            all
        };
        group.bench_function(name, |b| b.iter_custom(rounds));
    }
    group.finish();
}

criterion_group!(benches, store);
criterion_main!(benches);

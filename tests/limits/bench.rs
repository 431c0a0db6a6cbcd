//! A store with limits, and what the tests do with it.

use std::time::Duration;

use callboard::domain::{Backoff, Claim, Job, JobPatch, Limits, NewJob, State, Timestamp, Verdict};
use callboard::store::Store;
use callboard::store::verbs::claim::{self, Claimed, Claimer};
use callboard::store::verbs::enqueue::{self, Prepared};
use callboard::store::verbs::finish::{self, Finished};
use callboard::store::verbs::limits::keys;
use callboard::store::verbs::{cancel, limits, patch};

pub const TYPE: &str = "t";
const NODE: i64 = 1;

pub struct Bench {
    pub store: Store,
    pub now: Timestamp,
    _home: tempfile::TempDir,
}

impl Bench {
    pub fn open(limits: Limits) -> Self {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(&home.path().join("queue.db"), 1, Box::new(|_| ())).unwrap();
        store.limits().set(TYPE, limits);
        Self { store, now: Timestamp::from_millis(1_893_456_000_000), _home: home }
    }

    pub fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
    }

    pub async fn enqueue(&self, jobs: Vec<NewJob>) -> Vec<i64> {
        let jobs: Vec<Prepared> = jobs.into_iter().map(|job| Prepared::new(job, 3)).collect();
        let now = self.now;
        let stored = self.store.write(move |tx| enqueue::enqueue(tx, &jobs, true, now)).await.unwrap();
        stored.into_iter().map(|s| s.id).collect()
    }

    /// One claim, gone on with while it says that there is more.
    pub async fn claim(&self, n: usize) -> (Vec<Job>, Option<Timestamp>) {
        let mut jobs = Vec::new();
        loop {
            let claimed = self.claim_once(n - jobs.len()).await;
            jobs.extend(claimed.jobs);
            if jobs.len() >= n || !claimed.more {
                return (jobs, claimed.next);
            }
        }
    }

    async fn claim_once(&self, n: usize) -> Claimed {
        let (now, by) = (self.now, Claimer { node: NODE, worker_id: "1/t".into() });
        self.store.write(move |tx| claim::claim(tx, TYPE, n, &by, now)).await.unwrap()
    }

    pub async fn finish(&self, claim: Claim, verdict: Verdict) -> State {
        let finished = [Finished { claim, verdict, progress: None, backoff: Backoff::default(), luck: 0.5 }];
        let now = self.now;
        let states = self.store.write(move |tx| finish::finish(tx, &finished, now)).await.unwrap();
        states[0].unwrap()
    }

    pub async fn cancel(&self, id: i64) {
        let now = self.now;
        self.store.write(move |tx| cancel::cancel(tx, id, now)).await.unwrap();
    }

    pub async fn patch(&self, id: i64, change: JobPatch) {
        let now = self.now;
        self.store.write(move |tx| patch::patch(tx, id, &change, now)).await.unwrap();
    }

    /// Other limits from now on, as the runtime brings them about.
    pub async fn limit(&self, limits: Limits) {
        self.store.limits().set(TYPE, limits.clone());
        let wanted = limits.keys();
        let kept = self.store.write(move |tx| keys::are_kept(tx, TYPE, &wanted)).await.unwrap();
        let mut after = (!kept).then_some(0);
        while let Some(last) = after {
            let limits = limits.clone();
            after = self.store.write(move |tx| keys::rekey(tx, TYPE, &limits, last)).await.unwrap();
        }
        self.sweep().await;
    }

    pub async fn sweep(&self) {
        let now = self.now;
        let rest = self.store.write(move |tx| limits::sweep(tx, TYPE, None, now)).await.unwrap();
        assert_eq!(rest, None, "more values than one sweep looks at");
    }
}

pub fn claim_of(job: &Job) -> Claim {
    Claim { job_id: job.id, attempt: job.attempt, node: NODE }
}

//! A store with limits, and what the tests do with it.

use std::time::Duration;

use callboard::domain::{Backoff, Claim, Job, JobPatch, Limits, NewJob, State, Timestamp, Verdict};
use callboard::store::verbs::claim::{self, Claimed, Claimer};
use callboard::store::verbs::enqueue::{self, Prepared};
use callboard::store::verbs::finish::{self, Finished};
use callboard::store::verbs::limits::keys;
use callboard::store::verbs::{cancel, limits, patch, rescue};
use callboard::store::{Store, Tx};

pub const TYPE: &str = "t";
/// More crashes of one job than a test has.
const NO_QUARANTINE: u32 = u32::MAX;

pub struct Bench {
    pub store: Store,
    pub now: Timestamp,
    /// Who claims. Another one after each crash.
    node: i64,
    home: tempfile::TempDir,
}

impl Bench {
    pub fn open(limits: Limits) -> Self {
        let home = tempfile::tempdir().unwrap();
        let store = open(&home, limits);
        Self { store, now: Timestamp::from_millis(1_893_456_000_000), node: 1, home }
    }

    /// The process dies with whatever runs, and the next one takes that back.
    pub async fn crash(&mut self, limits: Limits) {
        self.store.close().await;
        self.store = open(&self.home, limits);
        self.node += 1;
        let now = self.now;
        let take_back = move |tx: &mut Tx<'_>| {
            for claim in rescue::claims(tx, 0, 0, usize::MAX)? {
                rescue::lose(tx, claim, NO_QUARANTINE, now)?;
            }
            Ok(())
        };
        self.store.write(take_back).await.unwrap();
    }

    pub fn claim_of(&self, job: &Job) -> Claim {
        Claim { job_id: job.id, attempt: job.attempt, node: self.node }
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
        let (now, by) = (self.now, Claimer { node: self.node, worker_id: "w".into() });
        self.store.write(move |tx| claim::claim(tx, TYPE, n, &by, now)).await.unwrap()
    }

    /// Ends an attempt; `None` if the claim is stale.
    pub async fn finish(&self, claim: Claim, verdict: Verdict) -> Option<State> {
        let finished = [Finished { claim, verdict, progress: None, backoff: Backoff::default(), luck: 0.5 }];
        let now = self.now;
        self.store.write(move |tx| finish::finish(tx, &finished, now)).await.unwrap()[0]
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

fn open(home: &tempfile::TempDir, limits: Limits) -> Store {
    let store = Store::open(&home.path().join("queue.db"), 1, Box::new(|_| ())).unwrap();
    store.limits().set(TYPE, limits);
    store
}

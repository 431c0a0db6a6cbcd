//! Two nodes that write to one database at the same time. An embedded one has a single owner, so
//! these are cases of PostgreSQL alone.

use std::collections::{BTreeMap, BTreeSet};

use callboard::domain::{
    Claim, JobFilter, KeyPath, Limits, NewJob, Order, PerKey, RateLimit, State, Unique, Verdict,
};
use callboard::store::{Store, verbs};
use futures_util::future::join_all;

use crate::postgres::is_there;
use crate::support::{TestStore, at};

/// The stores of two nodes, and what looks at the books.
struct Pair {
    b: TestStore,
    other: Store,
}

impl Pair {
    fn new() -> Self {
        let b = TestStore::postgres();
        let other = b.beside();
        Self { b, other }
    }

    fn stores(&self) -> [&Store; 2] {
        [&self.b.store, &self.other]
    }
}

async fn enqueue(store: &Store, job: NewJob) -> (i64, bool) {
    let job = [verbs::enqueue::Prepared::new(job, 3)];
    let stored = store.write(move |tx| verbs::enqueue::enqueue(tx, &job, false, at(1000))).await.unwrap()[0];
    (stored.id, stored.duplicate)
}

async fn claim(store: &Store, node: i64, n: usize) -> Vec<Claim> {
    let by = verbs::claim::Claimer { node, worker_id: format!("{node}/t") };
    let claimed = store.write(move |tx| verbs::claim::claim(tx, "t", n, &by, at(1001))).await.unwrap();
    claimed.jobs.iter().map(|job| Claim { job_id: job.id, attempt: job.attempt, node }).collect()
}

async fn finish(store: &Store, claim: Claim, verdict: Verdict) -> Option<State> {
    let done = verbs::finish::Finished {
        claim,
        verdict,
        progress: None,
        backoff: callboard::domain::Backoff::default(),
        luck: 0.5,
    };
    store.write(move |tx| verbs::finish::finish(tx, std::slice::from_ref(&done), at(1002))).await.unwrap()[0]
}

#[actix_rt::test]
async fn equal_keys_and_equal_targets_are_one_job_each() {
    if !is_there() {
        return;
    }
    let pair = Pair::new();
    let jobs = (0..60).flat_map(|i| {
        let job = match i % 2 {
            0 => NewJob::new("t").key(format!("k{}", i % 6)),
            _ => NewJob::new("t").target_id(format!("x{}", i % 6)),
        };
        pair.stores().map(move |store| enqueue(store, job.clone()))
    });
    let stored = join_all(jobs).await;
    let new: BTreeSet<i64> = stored.iter().filter(|(_, duplicate)| !duplicate).map(|(id, _)| *id).collect();
    let all: BTreeSet<i64> = stored.iter().map(|(id, _)| *id).collect();
    assert_eq!((new.len(), all.len()), (6, 6), "{stored:?}");
    pair.b.audit().await;
}

#[actix_rt::test]
async fn each_job_is_claimed_once() {
    if !is_there() {
        return;
    }
    let pair = Pair::new();
    join_all((0..200).map(|i| enqueue(pair.stores()[i % 2], NewJob::new("t")))).await;
    let mut claimed = BTreeMap::new();
    while claimed.len() < 200 {
        let (first, second) = futures_util::join!(claim(&pair.b.store, 1, 7), claim(&pair.other, 2, 7));
        for claim in first.into_iter().chain(second) {
            assert_eq!(claimed.insert(claim.job_id, claim.node), None, "{claim} is the second one");
        }
    }
    assert!(claim(&pair.other, 2, 7).await.is_empty());
    pair.b.audit().await;
}

#[actix_rt::test]
async fn ends_and_cancels_that_meet_leave_the_books_in_order() {
    if !is_there() {
        return;
    }
    let pair = Pair::new();
    for round in 0..4 {
        join_all((0..40).map(|i| enqueue(pair.stores()[i % 2], NewJob::new("t")))).await;
        let claims = claim(&pair.b.store, 1, 20).await;
        let ids: Vec<i64> = (0..40).map(|i| i + 1 + round * 40).collect();
        let cancels =
            ids.into_iter().map(|id| pair.other.write(move |tx| verbs::cancel::cancel(tx, id, at(1003))));
        let verdict = |i: usize| match i % 3 {
            0 => Verdict::Success(None),
            1 => Verdict::Fatal("no".into()),
            _ => Verdict::Snooze(std::time::Duration::from_secs(9)),
        };
        let ends = claims.into_iter().enumerate().map(|(i, claim)| finish(&pair.b.store, claim, verdict(i)));
        let (_, ended) = futures_util::join!(join_all(cancels), join_all(ends));
        assert!(ended.iter().all(Option::is_some), "a cancel takes no claim away: {ended:?}");
        pair.b.audit().await;
    }
}

#[actix_rt::test]
async fn a_child_is_not_forgotten_by_a_parent_that_ends_meanwhile() {
    if !is_there() {
        return;
    }
    let pair = Pair::new();
    for _ in 0..30 {
        let (parent, _) = enqueue(&pair.b.store, NewJob::new("t")).await;
        let held = claim(&pair.b.store, 1, 1).await[0];
        let child = NewJob::new("u").depends_on([parent]);
        let (ended, (child, _)) = futures_util::join!(
            finish(&pair.b.store, held, Verdict::Success(None)),
            enqueue(&pair.other, child)
        );
        assert_eq!(ended, Some(State::Completed));
        assert_eq!(pair.b.state(child).await, State::Pending, "of parent {parent}");
    }
    pair.b.audit().await;
}

#[actix_rt::test]
async fn limits_hold_over_both() {
    if !is_there() {
        return;
    }
    let pair = Pair::new();
    let limits = Limits {
        global_concurrency: Some(5),
        per_key: Some(PerKey { key: KeyPath::Target, limit: 2 }),
        rate_limit: Some(RateLimit { limit: 9, per_secs: 3600.0, key: None }),
        ..Limits::default()
    };
    for store in pair.stores() {
        store.limits().set("t", limits.clone());
    }
    let job = |i: usize| NewJob {
        unique: Some(Unique::Plain(false)),
        ..NewJob::new("t").target_id(format!("x{}", i % 4))
    };
    join_all((0..40).map(|i| enqueue(pair.stores()[i % 2], job(i)))).await;
    let mut started = 0;
    while started < 9 {
        let taken =
            join_all((0..6).map(|i| claim(pair.stores()[i % 2], 1 + i64::try_from(i % 2).unwrap(), 3))).await;
        let taken: Vec<Claim> = taken.into_iter().flatten().collect();
        assert!(!taken.is_empty() && taken.len() <= 5, "{taken:?}");
        let running = JobFilter { state: vec![State::Running], ..JobFilter::default() };
        let running = pair.b.list(&running, Order::Oldest, 50).await;
        for i in 0..4 {
            let of = running.iter().filter(|job| job.target_id == Some(format!("x{i}"))).count();
            assert!(of <= 2, "{of} of x{i} run");
        }
        started += taken.len();
        for claim in taken {
            finish(&pair.other, claim, Verdict::Success(None)).await;
        }
    }
    assert_eq!(started, 9);
    assert!(claim(&pair.other, 2, 3).await.is_empty(), "the tenth start within the hour");
    pair.b.audit().await;
}

#[actix_rt::test]
async fn what_is_due_is_promoted_once() {
    if !is_there() {
        return;
    }
    let pair = Pair::new();
    for _ in 0..50 {
        enqueue(&pair.b.store, NewJob::new("t").run_at(at(1001))).await;
    }
    let promote = |store: &Store| {
        let store = store.clone();
        async move { store.write(|tx| verbs::promote::promote(tx, 10, at(2000))).await.unwrap().jobs }
    };
    let mut promoted = 0;
    while promoted < 50 {
        promoted += join_all((0..4).map(|i| promote(pair.stores()[i % 2]))).await.into_iter().sum::<usize>();
    }
    assert_eq!(promoted, 50);
    pair.b.audit().await;
}

/// Who is alive is told by the database's clock, whatever the clocks of the machines say.
#[actix_rt::test]
async fn clocks_that_differ_lose_nobody() {
    if !is_there() {
        return;
    }
    let pair = Pair::new();
    let (slow, fast) = (at(1000), at(1_000_000));
    let register = |store: &Store, now| {
        let store = store.clone();
        async move { store.write(move |tx| verbs::nodes::register(tx, "host", 1, None, now)).await.unwrap() }
    };
    let (a, b) = (register(&pair.b.store, slow).await, register(&pair.other, fast).await);
    let timeout = std::time::Duration::from_secs(10);
    for now in [slow, fast] {
        let lost = pair.other.write(move |tx| verbs::nodes::lose_silent(tx, timeout, now)).await.unwrap();
        assert!(lost.is_empty(), "{lost:?} of {a} and {b}");
    }
    for (node, now) in [(a, fast), (b, slow)] {
        assert!(pair.b.write(move |tx| verbs::nodes::beat(tx, node, now)).await.unwrap());
    }
}

//! The store's promises, verb by verb, on a real database file.

use std::sync::{Arc, Mutex};

use callboard::domain::{JobFilter, JobPatch, Order, State, Timestamp, Verdict};
use callboard::store::verbs::claim::{self, Claimer};
use callboard::store::verbs::enqueue::{self, Prepared};
use callboard::store::verbs::finish::{self, Finished};
use callboard::store::{Committed, Store, verbs, views};
use callboard::{Job, NewJob};

struct Bench {
    store: Store,
    told: Arc<Mutex<Vec<Committed>>>,
    _dir: tempfile::TempDir,
}

const NOW: Timestamp = Timestamp::MIN;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(secs * 1000)
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = told.clone();
        let store =
            Store::open(&dir.path().join("queue.db"), 2, Box::new(move |c| sink.lock().unwrap().push(c)))
                .unwrap();
        Self { store, told, _dir: dir }
    }

    async fn enqueue(&self, job: NewJob) -> i64 {
        self.enqueue_at(job, at(1)).await
    }

    async fn enqueue_at(&self, job: NewJob, now: Timestamp) -> i64 {
        let jobs = vec![Prepared::new(job, 3)];
        self.store.write(move |tx| enqueue::enqueue(tx, &jobs, false, now)).await.unwrap()[0].id
    }

    async fn claim(&self, n: usize, now: Timestamp) -> Vec<Job> {
        let by = Claimer { node: 1, worker_id: "1/t".into() };
        self.store.write(move |tx| claim::claim(tx, "t", n, &by, now)).await.unwrap()
    }

    async fn finish(&self, job: &Job, verdict: Verdict, now: Timestamp) -> Option<State> {
        let claim = callboard::domain::Claim { job_id: job.id, attempt: job.attempt, node: 1 };
        let done = vec![Finished { claim, verdict, progress: None, backoff: Default::default(), luck: 0.5 }];
        self.store.write(move |tx| finish::finish(tx, &done, now)).await.unwrap()[0]
    }

    async fn job(&self, id: i64) -> Job {
        self.store.read(move |c| views::job::job(c, id)).await.unwrap().unwrap()
    }
}

#[actix_rt::test]
async fn a_job_goes_through_its_life() {
    let b = Bench::new();
    let id = b.enqueue(NewJob::new("t").priority(3)).await;
    let low = b.enqueue(NewJob::new("t")).await;
    let claimed = b.claim(5, at(2)).await;
    assert_eq!(claimed.iter().map(|j| j.id).collect::<Vec<_>>(), [id, low]);
    assert_eq!(b.finish(&claimed[0], Verdict::Success(None), at(3)).await, Some(State::Completed));
    // The same claim again is stale.
    assert_eq!(b.finish(&claimed[0], Verdict::Fatal("x".into()), at(3)).await, None);
    let e = Verdict::Error { message: "oh".into(), retry_in: None };
    assert_eq!(b.finish(&claimed[1], e, at(3)).await, Some(State::Retrying));
    let job = b.job(low).await;
    assert_eq!((job.retry_count, job.error.as_deref(), job.run_at), (1, Some("oh"), Some(at(4))));
    let promoted = b.store.write(|tx| verbs::promote::promote(tx, 10, at(4))).await.unwrap();
    assert_eq!(promoted.jobs, 1);
    let again = b.claim(5, at(4)).await;
    assert_eq!(again[0].attempt, 2);
    let status = b.store.read(|c| views::status::status(c, at(5))).await.unwrap();
    assert_eq!(status.counts[&State::Completed], 1);
    assert_eq!(status.counts[&State::Running], 1);
    assert_eq!(status.last_minute.completed, 1);
    assert!(b.told.lock().unwrap().len() >= 5);
}

#[actix_rt::test]
async fn children_wait_for_all_parents() {
    let b = Bench::new();
    let p1 = b.enqueue(NewJob::new("t")).await;
    let p2 = b.enqueue(NewJob::new("t")).await;
    let child = b.enqueue(NewJob::new("c").depends_on([p1, p2])).await;
    let grandchild = b.enqueue(NewJob::new("c").depends_on([child])).await;
    assert_eq!(b.job(child).await.state, State::Blocked);
    let jobs = b.claim(2, at(2)).await;
    b.finish(&jobs[0], Verdict::Success(None), at(2)).await;
    assert_eq!(b.job(child).await.state, State::Blocked);
    b.finish(&jobs[1], Verdict::Fatal("no".into()), at(2)).await;
    let job = b.job(child).await;
    assert_eq!((job.state, job.depends_on.clone()), (State::Cancelled, vec![p1, p2]));
    assert_eq!(b.job(grandchild).await.state, State::Cancelled);
}

#[actix_rt::test]
async fn lists_by_every_order_and_page() {
    let b = Bench::new();
    for i in 0..25_u8 {
        b.enqueue(
            NewJob::new(if i % 2 == 0 { "t" } else { "u" }).priority(i % 10 + 1).target_id(format!("x{i}")),
        )
        .await;
    }
    for order in [Order::Newest, Order::Oldest, Order::Priority] {
        for filter in [
            JobFilter::default(),
            JobFilter { state: vec![State::Pending], ..Default::default() },
            JobFilter { q: Some("x1".into()), ..Default::default() },
            JobFilter { created_after: Some(NOW), created_before: Some(at(2)), ..Default::default() },
        ] {
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let f = filter.clone();
                let page = b.store.read(move |c| views::list::list(c, &f, order, after, 7)).await.unwrap();
                seen.extend(page.jobs.iter().map(|j| (j.priority, j.id)));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let mut sorted = seen.clone();
            match order {
                Order::Newest => sorted.sort_by_key(|j| -j.1),
                Order::Oldest => sorted.sort_by_key(|j| j.1),
                Order::Priority => sorted.sort_unstable(),
            }
            assert_eq!(seen, sorted);
            assert_eq!(seen.len(), if filter.q.is_some() { 11 } else { 25 }, "{filter:?}");
        }
    }
}

#[actix_rt::test]
async fn unique_by_target_and_patch_and_cancel() {
    let b = Bench::new();
    let id = b.enqueue(NewJob::new("t").target_id("x")).await;
    assert_eq!(b.enqueue(NewJob::new("t").target_id("x")).await, id);
    let change = JobPatch { run_at: Some(Some(at(100))), queue: Some("q".into()), ..Default::default() };
    b.store.write(move |tx| verbs::patch::patch(tx, id, &change, at(1))).await.unwrap();
    let job = b.job(id).await;
    assert_eq!((job.state, job.queue.as_str()), (State::Scheduled, "q"));
    assert!(b.store.write(move |tx| verbs::cancel::cancel(tx, id, at(2))).await.unwrap());
    let next = b.enqueue(NewJob::new("t").target_id("x")).await;
    assert_ne!(next, id);
    let refused = b.store.write(move |tx| verbs::retry::retry(tx, id, at(2))).await;
    assert!(refused.unwrap_err().to_string().contains("unique"));
}

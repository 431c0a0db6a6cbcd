//! Which jobs are taken, and in which order.

use std::time::Duration;

use callboard::domain::{Job, NewJob, State};
use callboard::store::verbs::claim::{self, Claimer};
use callboard::store::verbs::enqueue::{self, Prepared};
use callboard::store::verbs::settings::{Pausable, pause};

use crate::support::{TestStore, on_every_database};

fn ids(jobs: &[Job]) -> Vec<i64> {
    jobs.iter().map(|job| job.id).collect()
}

async fn by_priority_then_by_age(b: &TestStore) {
    let mut expected = Vec::new();
    for priority in [5, 1, 10, 5, 1, 3] {
        expected.push((priority, b.enqueue(NewJob::new("t").priority(priority)).await));
    }
    expected.sort_unstable();
    let expected: Vec<i64> = expected.into_iter().map(|(_, id)| id).collect();
    assert_eq!(ids(&b.claim("t", 2).await), expected[..2]);
    assert_eq!(ids(&b.claim("t", 100).await), expected[2..]);
    assert!(b.claim("t", 100).await.is_empty());
}

async fn across_queues_as_if_they_were_one(b: &TestStore) {
    let mut expected = Vec::new();
    for i in 0..30_u8 {
        let queue = ["default", "a", "b"][usize::from(i % 3)];
        let priority = [4, 9, 2, 4][usize::from(i % 4)];
        expected.push((priority, b.enqueue(NewJob::new("t").queue(queue).priority(priority)).await));
    }
    expected.sort_unstable();
    let expected: Vec<i64> = expected.into_iter().map(|(_, id)| id).collect();
    let mut taken = Vec::new();
    for n in [1, 4, 7, 100] {
        taken.extend(ids(&b.claim("t", n).await));
    }
    assert_eq!(taken, expected);
}

async fn what_its_own_transaction_made_pending(b: &TestStore) {
    let old = b.enqueue(NewJob::new("t").queue("old").priority(2)).await;
    let now = b.now();
    b.write(move |tx| pause(tx, Pausable::Queue, "shut", true, now)).await.unwrap();
    let jobs = [("new", 3), ("shut", 1), ("old", 1), ("new", 1)];
    let jobs: Vec<_> = jobs.map(|(q, p)| Prepared::new(NewJob::new("t").queue(q).priority(p), 3)).into();
    let both = b.write(move |tx| {
        let stored = enqueue::enqueue(tx, &jobs, true, now)?;
        let by = Claimer { node: 1, worker_id: "1/t".into() };
        Ok((stored, claim::claim(tx, "t", 3, &by, now)?.jobs))
    });
    let (stored, claimed) = both.await.unwrap();
    assert_eq!(ids(&claimed), [stored[2].id, stored[3].id, old]);
    assert_eq!(ids(&b.claim("t", 10).await), [stored[0].id]);
}

async fn only_pending_jobs_of_the_type(b: &TestStore) {
    for state in State::ALL.into_iter().filter(|state| *state != State::Pending) {
        b.job_in(state).await;
    }
    b.enqueue(NewJob::new("other")).await;
    let before = b.picture().await;
    assert!(b.claim("t", 100).await.is_empty());
    assert!(b.claim("nobody", 100).await.is_empty());
    assert!(b.claim("other", 0).await.is_empty());
    assert_eq!(b.picture().await, before);
}

async fn a_claimed_job_comes_as_it_is_stored(b: &TestStore) {
    let parent = b.job_like(NewJob::new("parent"), State::Completed).await;
    let mut new = NewJob::new("t").key("k").target_id("x").queue("q").depends_on([parent]).max_retries(7);
    new.args = callboard::domain::Json::checked(r#"{"n": 12345678901234567890.5}"#).unwrap();
    new.tags = vec!["one".into(), "two".into()];
    b.enqueue(new).await;
    b.pass(5);
    let job = b.claim_one("t").await;
    assert_eq!((job.state, job.attempt, job.started_at), (State::Running, 1, Some(b.now())));
    assert_eq!(job.worker_id.as_deref(), Some("1/t"));
    assert_eq!(job.depends_on, [parent]);
    assert_eq!(job.args.as_str(), r#"{"n": 12345678901234567890.5}"#);
    assert_eq!(b.find(job.id).await, Some(job));
}

async fn what_is_not_due_is_not_taken(b: &TestStore) {
    let later = b.now().plus(Duration::from_secs(10));
    b.enqueue(NewJob::new("t").run_at(later)).await;
    b.pass(100);
    // Its time has come, but nobody has made it pending yet.
    assert!(b.claim("t", 1).await.is_empty());
    b.promote(10).await;
    assert_eq!(b.claim("t", 1).await.len(), 1);
}

async fn a_waiting_time_counts_from_when_it_could_start(b: &TestStore) {
    let later = b.now().plus(Duration::from_secs(60));
    b.enqueue(NewJob::new("t").run_at(later)).await;
    b.pass(61);
    b.promote(10).await;
    b.claim_one("t").await;
    let now = b.now();
    let status = b.store.read(move |c| callboard::store::views::status::status(c, now)).await.unwrap();
    let latency = status.last_minute.queue_latency_ms.unwrap();
    assert!((1000.0..1200.0).contains(&latency.p50), "{latency:?}");
}

on_every_database!(
    by_priority_then_by_age,
    across_queues_as_if_they_were_one,
    what_its_own_transaction_made_pending,
    only_pending_jobs_of_the_type,
    a_claimed_job_comes_as_it_is_stored,
    what_is_not_due_is_not_taken,
    a_waiting_time_counts_from_when_it_could_start,
);

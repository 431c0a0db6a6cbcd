//! Changing a job that waits.

use std::time::Duration;

use callboard::domain::unique::UniqueRule;
use callboard::domain::{Job, JobPatch, Json, NewJob, OnConflict, State, Unique};

use crate::support::{TestStore, on_every_database};

const WAITING: [State; 4] = [State::Scheduled, State::Blocked, State::Pending, State::Retrying];

fn json(text: &str) -> Json {
    Json::checked(text).unwrap()
}

/// A change, and what it does to a job.
type Change = (JobPatch, fn(&mut Job));

/// Every field, and how a job looks after it was changed.
fn every_field() -> Vec<Change> {
    let none = JobPatch::default;
    vec![
        (JobPatch { priority: Some(1), ..none() }, |job| job.priority = 1),
        (JobPatch { args: Some(json("[1]")), ..none() }, |job| job.args = json("[1]")),
        (JobPatch { max_retries: Some(0), ..none() }, |job| job.max_retries = 0),
        (JobPatch { timeout_secs: Some(Some(2.5)), ..none() }, |job| {
            job.timeout_secs = Some(2.5);
            job.timeout_inherited = false;
        }),
        (JobPatch { timeout_secs: Some(None), ..none() }, |job| {
            job.timeout_secs = None;
            job.timeout_inherited = false;
        }),
        (JobPatch { tags: Some(vec!["a".into(), "b".into()]), ..none() }, |job| {
            job.tags = vec!["a".into(), "b".into()];
        }),
        (JobPatch { tags: Some(vec!["b".into(), "c".into()]), ..none() }, |job| {
            job.tags = vec!["b".into(), "c".into()];
        }),
        (JobPatch { tags: Some(Vec::new()), ..none() }, |job| job.tags = Vec::new()),
        (JobPatch { metadata: Some(json(r#"{"m":1}"#)), ..none() }, |job| job.metadata = json(r#"{"m":1}"#)),
        (JobPatch { metadata: Some(json("{}")), ..none() }, |job| job.metadata = json("{}")),
        (JobPatch { queue: Some("elsewhere".into()), ..none() }, |job| job.queue = "elsewhere".into()),
        (none(), |_| {}),
    ]
}

async fn each_field_and_nothing_else(b: &TestStore) {
    for state in WAITING {
        let id = b.job_like(NewJob::new(format!("t.{state}")), state).await;
        for (change, expect) in every_field() {
            let mut expected = b.job(id).await;
            expect(&mut expected);
            b.patch(id, change.clone()).await.unwrap();
            assert_eq!(b.job(id).await, expected, "{change:?} while {state}");
            b.audit().await;
        }
    }
}

async fn a_time_moves_between_pending_and_scheduled(b: &TestStore) {
    let later = b.now().plus(Duration::from_secs(60));
    let set = |run_at| JobPatch { run_at: Some(run_at), ..JobPatch::default() };
    let id = b.enqueue(NewJob::new("t")).await;
    b.told();
    b.patch(id, set(Some(later))).await.unwrap();
    assert_eq!(b.told()[0].due, Some(later));
    let job = b.job(id).await;
    assert_eq!((job.state, job.run_at), (State::Scheduled, Some(later)));
    b.patch(id, set(Some(later.plus(Duration::from_secs(1))))).await.unwrap();
    assert_eq!(b.state(id).await, State::Scheduled);
    b.told();
    b.patch(id, set(None)).await.unwrap();
    assert_eq!(b.told()[0].ready.len(), 1);
    let job = b.job(id).await;
    assert_eq!((job.state, job.run_at), (State::Pending, None));
    b.patch(id, set(Some(b.now()))).await.unwrap();
    assert_eq!(b.state(id).await, State::Pending);
}

async fn a_time_does_not_free_what_waits_for_more_than_time(b: &TestStore) {
    let set = |run_at| JobPatch { run_at: Some(run_at), ..JobPatch::default() };
    let blocked = b.job_in(State::Blocked).await;
    b.patch(blocked, set(None)).await.unwrap();
    assert_eq!(b.state(blocked).await, State::Blocked);
    let retrying = b.job_in(State::Retrying).await;
    b.patch(retrying, set(None)).await.unwrap();
    // It is due now, as a retry; without a time it never would be.
    assert_eq!((b.state(retrying).await, b.job(retrying).await.run_at), (State::Retrying, Some(b.now())));
    assert_eq!(b.promote(10).await.jobs, 1);
}

async fn another_queue_takes_its_counters_along(b: &TestStore) {
    for state in WAITING {
        let id = b.job_like(NewJob::new(format!("t.{state}")), state).await;
        b.told();
        let change = JobPatch { queue: Some("q".into()), ..JobPatch::default() };
        b.patch(id, change).await.unwrap();
        b.audit().await;
        let woken = b.told().iter().any(|commit| !commit.ready.is_empty());
        assert_eq!(woken, state == State::Pending, "the other queue may be one that is not paused");
    }
}

fn unique(by: &str, job: NewJob, states: Option<Vec<State>>) -> NewJob {
    let rule =
        UniqueRule { by: vec![by.into()], while_in: states, for_secs: None, on_conflict: OnConflict::Return };
    NewJob { unique: Some(Unique::Rule(rule)), ..job }
}

async fn what_makes_it_unique_is_worked_out_anew(b: &TestStore) {
    let like = |n: u32| unique("args", NewJob::new("t").args(&serde_json::json!({ "n": n })).unwrap(), None);
    let one = b.enqueue(like(1)).await;
    let two = b.enqueue(like(2)).await;
    let args = |n| JobPatch { args: Some(json(&format!(r#"{{"n":{n}}}"#))), ..JobPatch::default() };
    let before = b.picture().await;
    let refusal = b.patch(two, args(1)).await.unwrap_err().to_string();
    assert!(refusal.contains(&format!("job {one}")), "{refusal}");
    assert_eq!(b.picture().await, before);
    b.patch(two, args(3)).await.unwrap();
    assert_eq!(b.enqueue_again(like(3)).await, two);
    // What it was before is free again, and the same as before is no conflict with itself.
    b.enqueue(like(2)).await;
    b.patch(two, args(3)).await.unwrap();
}

async fn a_queue_may_be_part_of_what_makes_it_unique(b: &TestStore) {
    let like = |queue: &str| unique("queue", NewJob::new("t").queue(queue), None);
    let a = b.enqueue(like("a")).await;
    let other = b.enqueue(like("b")).await;
    let to = |queue: &str| JobPatch { queue: Some(queue.into()), ..JobPatch::default() };
    assert!(b.patch(other, to("a")).await.is_err());
    b.patch(other, to("c")).await.unwrap();
    assert_eq!(b.enqueue_again(like("c")).await, other);
    assert_eq!(b.enqueue_again(like("a")).await, a);
    b.enqueue(like("b")).await;
}

/// A lock that is held only in other states does not stand in the way of a change.
async fn a_lock_that_is_not_held_is_no_conflict(b: &TestStore) {
    let running = Some(vec![State::Running]);
    let like = |queue: &str| unique("queue", NewJob::new("t").queue(queue), running.clone());
    b.enqueue(like("a")).await;
    b.claim_one("t").await;
    let waits = b.enqueue(like("b")).await;
    b.patch(waits, JobPatch { queue: Some("a".into()), ..JobPatch::default() }).await.unwrap();
}

/// Two jobs may have come to hold one lock; a change that has nothing to do with it is still fine.
async fn a_change_that_leaves_the_lock_as_it_is_is_no_conflict(b: &TestStore) {
    let pending = Some(vec![State::Pending]);
    let like = || unique("target_id", NewJob::new("t").target_id("x"), pending.clone());
    b.enqueue(like()).await;
    let first = b.claim_one("t").await;
    b.enqueue(like()).await;
    b.finish(crate::support::claim_of(&first), callboard::domain::Verdict::Released).await;
    b.patch(first.id, JobPatch { queue: Some("q".into()), ..JobPatch::default() }).await.unwrap();
}

on_every_database!(
    each_field_and_nothing_else,
    a_time_moves_between_pending_and_scheduled,
    a_time_does_not_free_what_waits_for_more_than_time,
    another_queue_takes_its_counters_along,
    what_makes_it_unique_is_worked_out_anew,
    a_queue_may_be_part_of_what_makes_it_unique,
    a_lock_that_is_not_held_is_no_conflict,
    a_change_that_leaves_the_lock_as_it_is_is_no_conflict,
);

//! Signals: what a job waits for from outside.

use callboard::domain::lifecycle::{self, Move};
use callboard::domain::{Job, JobPatch, NewJob, State, Verdict};
use callboard::store::views;

use crate::support::{TestStore, at, claim_of, error, on_every_database};

const LATE: i64 = 5000;

fn wait(signal: &str) -> Verdict {
    Verdict::Wait { signal: signal.into(), until: at(LATE) }
}

/// A job of type `t` that waits for a signal.
async fn parked(b: &TestStore, signal: &str) -> Job {
    b.enqueue(NewJob::new("t").max_retries(0)).await;
    let job = b.run_one("t", wait(signal)).await;
    assert_eq!((job.state, job.retry_count, job.run_at), (State::Scheduled, 0, Some(at(LATE))));
    assert_eq!(awaited(b, &job).await.as_deref(), Some(signal));
    job
}

async fn awaited(b: &TestStore, job: &Job) -> Option<String> {
    let job = job.clone();
    b.store.read(move |conn| views::signals::awaited(conn, &job)).await.unwrap()
}

async fn a_signal_wakes_the_job_that_waits_for_it(b: &TestStore) {
    let id = parked(b, "go").await.id;
    b.told();
    assert!(b.signal(id, "other", "1").await.unwrap());
    assert_eq!(b.state(id).await, State::Scheduled);
    assert!(b.signal(id, "go", "{\"by\":\"ada\"}").await.unwrap());
    assert!(lifecycle::allows(Move::Signal, State::Scheduled, b.state(id).await));
    assert_eq!(b.told_states(), [(id, State::Pending)]);
    let job = b.claim_one("t").await;
    assert_eq!((job.id, job.attempt, job.run_at), (id, 2, Some(b.now())));
    let came = b.store.read(move |conn| views::signals::signal(conn, id, "go")).await.unwrap().unwrap();
    assert_eq!(came.payload.unwrap().as_str(), "{\"by\":\"ada\"}");
    assert_eq!((came.info.at, came.info.until, came.info.bytes), (Some(b.now()), Some(at(LATE)), Some(12)));
}

async fn one_that_comes_first_is_there_when_the_attempt_ends_to_wait_for_it(b: &TestStore) {
    let id = b.enqueue(NewJob::new("t")).await;
    let claim = claim_of(&b.claim_one("t").await);
    b.signal(id, "go", "1").await.unwrap();
    assert_eq!(b.finish(claim, wait("go")).await, Some(State::Scheduled));
    let job = b.job(id).await;
    assert_eq!((job.run_at, awaited(b, &job).await), (Some(b.now()), None));
    assert_eq!(b.promote(9).await.jobs, 1);
}

async fn a_wait_that_is_over_is_woken_by_nothing(b: &TestStore) {
    let id = parked(b, "go").await.id;
    let now = JobPatch { run_at: Some(Some(b.now())), ..JobPatch::default() };
    b.patch(id, now).await.unwrap();
    // The next attempt does not wait for it any more, and sleeps.
    let job = b.run_one("t", Verdict::Snooze(std::time::Duration::from_secs(60))).await;
    assert_eq!((job.state, awaited(b, &job).await), (State::Scheduled, None));
    b.signal(id, "go", "1").await.unwrap();
    assert_eq!(b.state(id).await, State::Scheduled);
}

async fn a_cancelled_wait_stays_cancelled(b: &TestStore) {
    let id = parked(b, "go").await.id;
    b.cancel(id).await.unwrap();
    let before = b.picture().await;
    let refused = b.signal(id, "go", "1").await.unwrap_err().to_string();
    assert!(refused.contains("cancelled already"), "{refused}");
    assert_eq!(b.picture().await, before);
}

async fn the_first_of_a_name_counts(b: &TestStore) {
    let id = parked(b, "go").await.id;
    assert!(b.signal(id, "go", "[1]").await.unwrap());
    let before = b.picture().await;
    assert!(!b.signal(id, "go", "[1]").await.unwrap(), "the same again is no other");
    let refused = b.signal(id, "go", "[2]").await.unwrap_err().to_string();
    assert!(refused.contains("with another payload"), "{refused}");
    assert_eq!(b.picture().await, before);
    assert_eq!(b.signal(77, "go", "1").await.unwrap_err().to_string(), "there is no job 77");
}

async fn a_wait_that_timed_out_stays_so_until_another_go_by_hand(b: &TestStore) {
    let id = parked(b, "go").await.id;
    b.pass(LATE);
    b.promote(9).await;
    let claim = claim_of(&b.claim_one("t").await);
    assert_eq!(b.time_out(claim, "go").await.unwrap(), None);
    b.signal(id, "go", "1").await.unwrap();
    assert_eq!(b.time_out(claim, "go").await.unwrap(), None, "an answer is for good");
    b.finish(claim, error("nobody said so")).await;
    assert_eq!(b.state(id).await, State::Failed);
    b.retry(id).await.unwrap();
    let claim = claim_of(&b.claim_one("t").await);
    assert_eq!(b.time_out(claim, "go").await.unwrap().unwrap().as_str(), "1");
    b.finish(claim, Verdict::Success(None)).await;
    b.retry(id).await.unwrap();
    assert!(b.picture().await.signals.is_empty(), "a job that completed begins anew");
}

async fn a_signal_within_the_last_moment_counts(b: &TestStore) {
    let id = parked(b, "go").await.id;
    b.pass(LATE);
    b.promote(9).await;
    let claim = claim_of(&b.claim_one("t").await);
    b.signal(id, "go", "1").await.unwrap();
    assert_eq!(b.time_out(claim, "go").await.unwrap().unwrap().as_str(), "1");
}

async fn their_number_and_size_are_bounded(b: &TestStore) {
    let id = b.enqueue(NewJob::new("t")).await;
    let long = format!("\"{}\"", "x".repeat(998));
    for n in 0..16 {
        b.signal(id, &format!("large {n}"), &long).await.unwrap();
    }
    let full = b.signal(id, "more", "1").await.unwrap_err().to_string();
    assert!(full.contains("16001 bytes") && full.contains("at most 16000"), "{full}");
    let id = b.enqueue(NewJob::new("t")).await;
    for n in 0..1000 {
        b.signal(id, &format!("{n}"), "1").await.unwrap();
    }
    let many = b.signal(id, "more", "1").await.unwrap_err().to_string();
    assert!(many.contains("1000 signals"), "{many}");
    assert!(!b.signal(id, "7", "1").await.unwrap());
}

on_every_database!(
    a_signal_wakes_the_job_that_waits_for_it,
    one_that_comes_first_is_there_when_the_attempt_ends_to_wait_for_it,
    a_wait_that_is_over_is_woken_by_nothing,
    a_cancelled_wait_stays_cancelled,
    the_first_of_a_name_counts,
    a_wait_that_timed_out_stays_so_until_another_go_by_hand,
    a_signal_within_the_last_moment_counts,
    their_number_and_size_are_bounded,
);

//! Attempts whose time is up.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use callboard::NewJob;
use callboard::domain::{Outcome, State};
use callboard::workers::worker::from_fn;
use callboard::workers::{Context, Failure};
use serde_json::Value;

use crate::house::{House, Plan};
use crate::puppet::{puppet, rock};

const STEP: Duration = Duration::from_millis(500);

fn limited(job_type: &str, retries: u32) -> NewJob {
    NewJob { timeout_secs: Some(Some(5.0)), ..NewJob::new(job_type).max_retries(retries) }
}

async fn timed_out(house: &House, id: i64) {
    let job = house.job(id).await;
    let attempts = job.attempts.unwrap();
    assert_eq!(attempts[0].outcome, Some(Outcome::Timeout));
    assert_eq!(attempts[0].error.as_deref(), Some("timed out after 5 s"));
}

#[actix_rt::test]
async fn a_worker_that_heeds_its_token_ends_at_once() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(limited("t", 1)).await;
    let act = acts.next().await;
    let begun = house.clock.now();
    house.moving_until(STEP, "its time is up", || async { act.ctx.is_cancelled() }).await;
    assert!(house.clock.now().since(begun) >= Duration::from_secs(5));
    act.end(Err(Failure::Cancelled));
    house.until(id, State::Retrying).await;
    timed_out(&house, id).await;
    assert_eq!(house.job(id).await.retry_count, 1);
}

#[actix_rt::test]
async fn a_task_that_does_not_heed_is_dropped() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(limited("t", 0)).await;
    let mut act = acts.next().await;
    house.until_moving(id, State::Failed, STEP).await;
    act.dropped().await;
    timed_out(&house, id).await;
    assert_eq!(house.board.leaked(), 0);
}

#[actix_rt::test]
async fn a_thread_that_cannot_be_stopped_is_counted_and_keeps_its_slot() {
    let (worker, mut lever) = rock();
    let mut house = Plan::new().worker(worker).with(|config| config.defaults.concurrency = 1).build().await;
    let id = house.enqueue(limited("rock", 1)).await;
    let other = house.enqueue(NewJob::new("rock")).await;
    assert_eq!(lever.begun.recv().await, Some(1));
    house.until_moving(id, State::Retrying, STEP).await;
    timed_out(&house, id).await;
    let readiness = house.board.readiness().await;
    assert!(readiness.ready && readiness.parts["leaked"].starts_with("1 attempts"), "{readiness:?}");
    // Its retry is due, and the other one waits too: there is no slot for either.
    house.until_moving(id, State::Pending, STEP).await;
    let noop = house.enqueue(NewJob::new("noop")).await;
    house.until(noop, State::Completed).await;
    assert_eq!(
        house.job(id).await.waiting_for.flatten().unwrap().reason,
        callboard::domain::WaitReason::Concurrency
    );
    assert_eq!(house.job(other).await.state, State::Pending);
    lever.release.send(()).unwrap();
    house.until(id, State::Running).await;
    assert_eq!(lever.begun.recv().await, Some(2));
    assert!(!house.board.readiness().await.parts.contains_key("leaked"));
    lever.release.send(()).unwrap();
    house.until(id, State::Completed).await;
    lever.release.send(()).unwrap();
    house.until(other, State::Completed).await;
}

#[actix_rt::test]
async fn a_job_is_not_run_again_beside_its_own_leaked_code() {
    let (worker, mut lever) = rock();
    let mut house = Plan::new().worker(worker).with(|config| config.defaults.concurrency = 5).build().await;
    let id = house.enqueue(limited("rock", 1)).await;
    assert_eq!(lever.begun.recv().await, Some(1));
    house.until_moving(id, State::Retrying, STEP).await;
    // There is a free slot, so it is claimed when it is due; but its code does not begin.
    house.until_moving(id, State::Scheduled, STEP).await;
    let snoozed = house.job(id).await;
    assert_eq!((snoozed.attempt, snoozed.retry_count), (2, 1));
    assert!(lever.begun.is_empty());
    lever.release.send(()).unwrap();
    lever.release.send(()).unwrap();
    house.until_moving(id, State::Completed, STEP).await;
    let begun = lever.begun.recv().await.unwrap();
    assert!(begun >= 3 && lever.begun.is_empty());
}

#[actix_rt::test]
async fn code_that_blocks_the_job_threads_does_not_take_the_limits_of_others_away() {
    let (worker, mut acts) = puppet("t");
    let (begun, mut blocked) = tokio::sync::mpsc::unbounded_channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    // Async code that blocks its thread, as it should not.
    let hog = from_fn("hog", move |_: Context, _: Value| {
        let (begun, released) = (begun.clone(), released.clone());
        async move {
            let _ = begun.send(());
            let _ = released.lock().unwrap().recv();
            Ok::<_, Failure>(())
        }
    });
    let mut house = Plan::new().worker(worker).worker(hog).build().await;
    let id = house.enqueue(limited("t", 0)).await;
    let act = acts.next().await;
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get().max(2));
    let mut hogs = Vec::new();
    for _ in 0..threads {
        hogs.push(house.enqueue(limited("hog", 0)).await);
        blocked.recv().await.unwrap();
    }
    // One that does not even get a thread.
    let waits = house.enqueue(limited("t", 0)).await;
    house.moving_until(STEP, "it is told to stop", || async { act.ctx.is_cancelled() }).await;
    for id in [id, waits, hogs[0], hogs[1]] {
        house.until_moving(id, State::Failed, STEP).await;
        timed_out(&house, id).await;
    }
    for _ in hogs {
        release.send(()).unwrap();
    }
    let board = house.board.clone();
    let free = || async { board.leaked() == 0 };
    house.moving_until(STEP, "all have ended after all", free).await;
}

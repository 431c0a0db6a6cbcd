//! What follows a failure.

use std::time::Duration;

use callboard::NewJob;
use callboard::domain::{Backoff, Outcome, State};
use callboard::workers::Failure;

use crate::house::Plan;
use crate::puppet::puppet;

const TICK: Duration = Duration::from_millis(100);

fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

#[actix_rt::test]
async fn delays_grow_to_their_cap_and_end_in_the_dead_letters() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let backoff = Backoff { base_delay_secs: 2.0, multiplier: 3.0, max_delay_secs: 10.0, jitter: 0.0 };
    let job = NewJob { backoff: Some(backoff), ..NewJob::new("t").max_retries(3) };
    let id = house.enqueue(job).await;
    for (n, delay) in [(1, 2), (2, 6), (3, 10)] {
        acts.next().await.fail("no luck");
        house.until(id, State::Retrying).await;
        let job = house.job(id).await;
        assert_eq!((job.retry_count, job.run_at), (n, Some(house.clock.now().plus(secs(delay)))));
        // The clock stands at the due moment until it runs: no later one is needed.
        house.clock.advance(secs(delay));
        house.until(id, State::Running).await;
    }
    acts.next().await.fail("still none");
    house.until(id, State::Failed).await;
    let job = house.job(id).await;
    assert_eq!((job.retry_count, job.attempt, job.error.as_deref()), (3, 4, Some("still none")));
    let attempts = job.attempts.unwrap();
    assert_eq!(attempts.iter().map(|a| a.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(attempts.iter().all(|a| a.outcome == Some(Outcome::Error) && a.finished_at.is_some()));
}

#[actix_rt::test]
async fn nothing_starts_before_its_time() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(NewJob::new("t")).await;
    acts.next().await.end(Err(Failure::retry_after("busy", secs(90))));
    house.until(id, State::Retrying).await;
    let due = house.job(id).await.run_at.unwrap();
    assert_eq!(due, house.clock.now().plus(secs(90)));
    house.clock.advance(Duration::from_millis(89_999));
    // What comes after everything that the clock has woken: another job's whole life.
    let other = house.enqueue(NewJob::new("noop")).await;
    house.until(other, State::Completed).await;
    assert_eq!(house.job(id).await.state, State::Retrying);
    assert!(acts.is_empty());
    house.clock.advance(Duration::from_millis(1));
    house.until(id, State::Running).await;
    acts.next().await.succeed();
    house.until(id, State::Completed).await;
}

#[actix_rt::test]
async fn a_fatal_error_is_not_tried_again() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(NewJob::new("t").max_retries(9)).await;
    acts.next().await.end(Err(Failure::fatal("never")));
    house.until(id, State::Failed).await;
    let job = house.job(id).await;
    assert_eq!((job.retry_count, job.attempt), (0, 1));
    assert_eq!(job.attempts.unwrap()[0].outcome, Some(Outcome::Fatal));
}

#[actix_rt::test]
async fn a_snooze_is_no_failure() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(NewJob::new("t").max_retries(0)).await;
    for n in 1..=3_u32 {
        acts.next().await.end(Err(Failure::Snooze(secs(60))));
        house.until(id, State::Scheduled).await;
        let job = house.job(id).await;
        assert_eq!((job.retry_count, job.attempt), (0, n));
        assert_eq!(job.run_at, Some(house.clock.now().plus(secs(60))));
        house.until_moving(id, State::Running, secs(1)).await;
    }
    acts.next().await.succeed();
    house.until(id, State::Completed).await;
    let outcomes: Vec<_> = house.job(id).await.attempts.unwrap().iter().map(|a| a.outcome).collect();
    let snoozed = Some(Outcome::Snoozed);
    assert_eq!(outcomes, [snoozed, snoozed, snoozed, Some(Outcome::Success)]);
}

#[actix_rt::test]
async fn a_retry_by_hand_gives_a_fresh_budget_and_keeps_history() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(NewJob::new("t").max_retries(1)).await;
    acts.next().await.fail("a");
    house.until(id, State::Retrying).await;
    house.until_moving(id, State::Running, TICK).await;
    acts.next().await.fail("b");
    house.until(id, State::Failed).await;
    house.board.retry(id).await.unwrap();
    acts.next().await.fail("c");
    house.until(id, State::Retrying).await;
    let job = house.job(id).await;
    assert_eq!((job.retry_count, job.attempt), (1, 3));
    // While it waits for its backoff it can be hurried along.
    house.board.retry(id).await.unwrap();
    acts.next().await.succeed();
    house.until(id, State::Completed).await;
    let job = house.job(id).await;
    assert_eq!((job.retry_count, job.attempts.unwrap().len()), (0, 4));
}

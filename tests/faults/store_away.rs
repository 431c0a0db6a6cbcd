//! The runtime while its store is away.

use std::time::Duration;

use callboard::domain::{Outcome, State};
use callboard::store::faults::Point;
use callboard::workers::Failure;
use callboard::{Error, NewJob};

use crate::house::Plan;
use crate::puppet::puppet;
use crate::weather::Weather;

const STEP: Duration = Duration::from_millis(250);

#[actix_rt::test]
async fn results_are_kept_until_it_is_back() {
    for points in [&[Point::Begin][..], &[Point::Statement], &[Point::Commit]] {
        let weather = Weather::fair();
        let (worker, mut acts) = puppet("t");
        let mut house = Plan::new().worker(worker).faults(weather.clone()).build().await;
        let (a, b) = (house.enqueue(NewJob::new("t")).await, house.enqueue(NewJob::new("t")).await);
        let (first, second) = acts.next_two().await;
        weather.fail_at(points);
        first.end(Ok(serde_json::json!("kept")));
        // Later than the clock may run ahead on a busy machine.
        second.end(Err(Failure::retry_after("kept too", Duration::from_secs(86_400))));
        let refused = house.board.enqueue(NewJob::new("t")).await.unwrap_err();
        assert!(matches!(refused, Error::Unavailable(_)), "{refused}");
        assert!(matches!(house.board.cancel(a).await, Err(Error::Unavailable(_))));
        let readiness = house.board.readiness().await;
        assert!(!readiness.ready && readiness.parts["store"].contains("disk I/O error"), "{readiness:?}");
        for _ in 0..20 {
            house.clock.advance(STEP);
            tokio::task::yield_now().await;
        }
        // Reads go on.
        assert_eq!(house.job(a).await.state, State::Running);
        weather.clear();
        house.until_moving(a, State::Completed, STEP).await;
        house.until_moving(b, State::Retrying, STEP).await;
        let (a, b) = (house.job(a).await, house.job(b).await);
        assert_eq!((a.attempt, b.attempt), (1, 1));
        assert_eq!(a.result.unwrap().as_str(), "\"kept\"");
        assert_eq!(b.error.as_deref(), Some("kept too"));
        let ready = || async { house.board.readiness().await.ready };
        house.moving_until(STEP, "ready again", ready).await;
    }
}

#[actix_rt::test]
async fn a_claim_whose_answer_is_lost_is_given_back() {
    let weather = Weather::fair();
    let (worker, mut acts) = puppet("t");
    let plan = Plan::new().worker(worker).faults(weather.clone());
    let mut house = plan.with(|c| c.defaults.concurrency = 1).build().await;
    let first = house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    let id = house.enqueue(NewJob::new("t")).await;
    // From now on commits reach the disk, and nobody learns of it: the claim too.
    weather.fail_at(&[Point::Committed, Point::Look]);
    act.succeed();
    while house.job(id).await.state != State::Running {
        tokio::task::yield_now().await;
    }
    weather.clear();
    house.until_moving(id, State::Pending, STEP).await;
    assert!(acts.is_empty());
    house.until_moving(id, State::Running, STEP).await;
    acts.next().await.succeed();
    house.until_moving(id, State::Completed, STEP).await;
    let job = house.job(id).await;
    assert_eq!((job.attempt, job.crash_count, job.retry_count), (2, 0, 0));
    assert_eq!(job.attempts.unwrap()[0].outcome, Some(Outcome::Released));
    assert_eq!(house.job(first).await.state, State::Completed);
}

#[actix_rt::test]
async fn a_due_time_whose_commit_was_in_doubt_is_kept() {
    let weather = Weather::fair();
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).faults(weather.clone()).build().await;
    let id = house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    house.until(id, State::Running).await;
    weather.fail_at(&[Point::Committed, Point::Look]);
    act.fail("once");
    while house.job(id).await.state != State::Retrying {
        tokio::task::yield_now().await;
    }
    weather.clear();
    // Those who watch are told, though late.
    house.until_moving(id, State::Retrying, STEP).await;
    house.until_moving(id, State::Running, STEP).await;
    acts.next().await.succeed();
    house.until_moving(id, State::Completed, STEP).await;
    assert_eq!(house.job(id).await.retry_count, 1);
}

#[actix_rt::test]
async fn shutdown_comes_to_an_end_without_it() {
    let weather = Weather::fair();
    let (worker, mut acts) = puppet("t");
    let house = Plan::new().worker(worker).faults(weather.clone()).build().await;
    house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    weather.fail_at(&[Point::Begin]);
    act.succeed();
    let board = house.board.clone();
    let down = actix_rt::spawn(async move { board.shutdown().await });
    house.moving_until(Duration::from_secs(1), "the end", || async { down.is_finished() }).await;
}

#[actix_rt::test]
async fn progress_is_shown_before_it_is_on_disk() {
    let weather = Weather::fair();
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).faults(weather.clone()).build().await;
    let id = house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    weather.fail_at(&[Point::Begin]);
    act.ctx.progress(1, Some(4), Some("a quarter"));
    let progress = house.job(id).await.progress;
    assert_eq!((progress.processed, progress.message.as_deref()), (1, Some("a quarter")));
    weather.clear();
    act.succeed();
    house.until(id, State::Completed).await;
    assert_eq!(house.job(id).await.progress.message.as_deref(), Some("a quarter"));
}

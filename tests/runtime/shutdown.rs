//! Going down in order.

use std::time::{Duration, Instant};

use callboard::domain::{Outcome, State};
use callboard::store::{Store, views};
use callboard::workers::Failure;
use callboard::{Error, Job, NewJob};

use crate::house::{House, Plan};
use crate::puppet::puppet;

/// What is on disk of a job once everybody has let go of the database.
async fn on_disk(house: &House, id: i64) -> Job {
    let store = Store::open(&house.data_dir().join("queue.db"), 1, Box::new(|_| ())).unwrap();
    let mut job = store.read(move |c| views::job::job(c, id)).await.unwrap().unwrap();
    let whole = job.clone();
    job.attempts = Some(store.read(move |c| views::job::attempts_of(c, &whole)).await.unwrap());
    store.close().await;
    job
}

/// The clock stands, so that whoever waited for a moment of it would wait for ever; and nobody waits
/// for the limit on the machine's own clock. (`callboard bench shutdown` measures the rest.)
#[actix_rt::test]
async fn idle_workers_cost_no_time() {
    let house = Plan::new().build().await;
    let begun = Instant::now();
    house.board.shutdown().await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[actix_rt::test]
async fn running_ones_may_finish_and_nothing_new_is_taken() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).with(|c| c.defaults.concurrency = 1).build().await;
    let id = house.enqueue(NewJob::new("t")).await;
    let next = house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    let board = house.board.clone();
    let down = actix_rt::spawn(async move { board.shutdown().await });
    while !house.board.is_shutting_down() {
        tokio::task::yield_now().await;
    }
    assert_eq!(house.board.enqueue(NewJob::new("t")).await.unwrap_err(), Error::ShuttingDown);
    assert_eq!(house.board.cancel(next).await.unwrap_err(), Error::ShuttingDown);
    assert_eq!(house.job(id).await.state, State::Running);
    assert!(!house.board.readiness().await.ready);
    assert!(!act.ctx.is_cancelled());
    act.succeed();
    house.until(id, State::Completed).await;
    down.await.unwrap();
    assert!(acts.is_empty());
    assert_eq!(on_disk(&house, id).await.state, State::Completed);
    let waiting = on_disk(&house, next).await;
    assert_eq!((waiting.state, waiting.attempt), (State::Pending, 0));
}

#[actix_rt::test]
async fn after_the_grace_time_they_are_told_then_dropped_then_pending() {
    let (worker, mut acts) = puppet("t");
    let house = Plan::new().worker(worker).build().await;
    let (heeds, deaf) = (house.enqueue(NewJob::new("t")).await, house.enqueue(NewJob::new("t")).await);
    let (first, second) = acts.next_two().await;
    let (heeding, mut ignoring) = if first.id() == heeds { (first, second) } else { (second, first) };
    let board = house.board.clone();
    let down = actix_rt::spawn(async move { board.shutdown().await });
    let asked = || async { heeding.ctx.is_cancelled() };
    let begun = house.clock.now();
    house.moving_until(Duration::from_secs(1), "the grace time is over", asked).await;
    assert!(house.clock.now().since(begun) >= Duration::from_secs(25));
    heeding.end(Err(Failure::Cancelled));
    house.moving_until(Duration::from_secs(1), "all is down", || async { down.is_finished() }).await;
    ignoring.dropped().await;
    for id in [heeds, deaf] {
        let job = on_disk(&house, id).await;
        assert_eq!((job.state, job.retry_count, job.crash_count), (State::Pending, 0, 0));
        assert_eq!(job.attempts.unwrap()[0].outcome, Some(Outcome::Released));
    }
}

#[actix_rt::test]
async fn in_a_hurry_they_are_told_at_once() {
    let (worker, mut acts) = puppet("t");
    let house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    let (hurry, hurried) = tokio::sync::watch::channel(false);
    let board = house.board.clone();
    let down = actix_rt::spawn(async move { board.shutdown_with(hurried).await });
    while !house.board.is_shutting_down() {
        tokio::task::yield_now().await;
    }
    assert!(!act.ctx.is_cancelled());
    hurry.send(true).unwrap();
    act.told_to_stop().await;
    act.end(Err(Failure::retry("interrupted")));
    down.await.unwrap();
    assert_eq!(on_disk(&house, id).await.state, State::Pending);
}

#[actix_rt::test]
async fn who_watches_sees_the_end_of_events_after_the_last_one() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    let board = house.board.clone();
    let down = actix_rt::spawn(async move { board.shutdown().await });
    while !house.board.is_shutting_down() {
        tokio::task::yield_now().await;
    }
    act.succeed();
    down.await.unwrap();
    // All is down; what was committed last was told before.
    assert_eq!(house.all_told(id).last(), Some(&State::Completed));
}

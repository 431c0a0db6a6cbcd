//! Calling jobs off, in every state and in every race.

use std::time::Duration;

use callboard::domain::{Outcome, State};
use callboard::workers::Failure;
use callboard::{Error, NewJob};

use crate::house::Plan;
use crate::puppet::puppet;

#[actix_rt::test]
async fn what_does_not_run_is_cancelled_at_once() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).with(|c| c.defaults.concurrency = 1).build().await;
    let retrying = house.enqueue(NewJob::new("t")).await;
    acts.next().await.fail("no");
    house.until(retrying, State::Retrying).await;
    let running = house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    let pending = house.enqueue(NewJob::new("t")).await;
    let later = house.clock.now().plus(Duration::from_secs(600));
    let scheduled = house.enqueue(NewJob::new("t").run_at(later)).await;
    let blocked = house.enqueue(NewJob::new("t").depends_on([running])).await;
    let below = house.enqueue(NewJob::new("t").depends_on([blocked])).await;
    for (id, state) in [
        (retrying, State::Retrying),
        (pending, State::Pending),
        (scheduled, State::Scheduled),
        (blocked, State::Blocked),
    ] {
        assert_eq!(house.job(id).await.state, state);
        let done = house.board.cancel(id).await.unwrap();
        assert!(done.at_once && done.job.state == State::Cancelled && done.job.completed_at.is_some());
        house.until(id, State::Cancelled).await;
        assert!(matches!(house.board.cancel(id).await, Err(Error::Conflict(_))));
    }
    // A child goes with it.
    house.until(below, State::Cancelled).await;
    act.succeed();
    house.until(running, State::Completed).await;
    assert!(matches!(house.board.cancel(running).await, Err(Error::Conflict(_))));
    assert!(acts.is_empty());
}

#[actix_rt::test]
async fn a_running_one_is_told_and_ends_cancelled_whatever_it_says() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let ends = [
        Err(Failure::Cancelled),
        Err(Failure::retry("broken")),
        Err(Failure::fatal("broken")),
        Err(Failure::Snooze(Duration::from_secs(1))),
        Ok(serde_json::json!("done all the same")),
    ];
    for end in ends {
        let id = house.enqueue(NewJob::new("t")).await;
        let act = acts.next().await;
        let asked = house.board.cancel(id).await.unwrap();
        assert!(!asked.at_once && asked.job.state == State::Running);
        assert!(asked.job.cancel_requested_at.is_some());
        act.told_to_stop().await;
        act.end(end);
        house.until(id, State::Cancelled).await;
        let job = house.job(id).await;
        assert_eq!((job.result, job.retry_count), (None, 0));
        assert_eq!(job.attempts.unwrap()[0].outcome, Some(Outcome::Cancelled));
    }
}

#[actix_rt::test]
async fn one_that_does_not_heed_is_dropped() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(NewJob::new("t")).await;
    let mut act = acts.next().await;
    house.board.cancel(id).await.unwrap();
    act.told_to_stop().await;
    house.until_moving(id, State::Cancelled, Duration::from_secs(1)).await;
    act.dropped().await;
}

#[actix_rt::test]
async fn a_cancel_that_races_a_finish_has_one_winner() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let (mut cancelled, mut completed) = (0, 0);
    for round in 0..200 {
        let id = house.enqueue(NewJob::new("t")).await;
        let act = acts.next().await;
        let cancel = house.board.cancel(id);
        // Sometimes one is ahead, sometimes the other.
        let cancel = async {
            for _ in 0..round % 8 {
                tokio::task::yield_now().await;
            }
            cancel.await
        };
        let (asked, ()) = tokio::join!(cancel, async { act.succeed() });
        let end = match asked {
            Ok(_) => State::Cancelled,
            Err(Error::Conflict(_)) => State::Completed,
            Err(e) => panic!("{e}"),
        };
        house.until(id, end).await;
        assert_eq!(house.job(id).await.state, end);
        let told = house.all_told(id);
        assert_eq!(told.iter().filter(|s| s.is_final()).count(), 1, "{told:?}");
        *(if end == State::Cancelled { &mut cancelled } else { &mut completed }) += 1;
    }
    println!("{cancelled} cancelled, {completed} completed");
    let status = house.board.queue_status().await.unwrap();
    assert_eq!((status.counts[&State::Cancelled], status.counts[&State::Completed]), (cancelled, completed));
}

#[actix_rt::test]
async fn a_cancel_that_races_a_claim_is_not_lost() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).with(|c| c.defaults.concurrency = 1).build().await;
    for round in 0..100 {
        let first = house.enqueue(NewJob::new("t")).await;
        let act = acts.next().await;
        let second = house.enqueue(NewJob::new("t")).await;
        let cancel = async {
            for _ in 0..round % 20 {
                tokio::task::yield_now().await;
            }
            house.board.cancel(second).await
        };
        // The end of the first one is what the second one is claimed with.
        let (asked, ()) = tokio::join!(cancel, async { act.succeed() });
        if !asked.unwrap().at_once {
            let act = acts.next().await;
            act.told_to_stop().await;
            act.end(Err(Failure::Cancelled));
        }
        house.until(second, State::Cancelled).await;
        house.until(first, State::Completed).await;
    }
}

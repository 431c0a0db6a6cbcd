//! What can start at once is claimed in the commit that makes it pending, by the rules of any claim.

use std::time::Duration;

use callboard::NewJob;
use callboard::config::JobTypeConfig;
use callboard::domain::{Outcome, RateLimit, State};
use callboard::store::{Store, views};

use crate::house::{House, Plan};
use crate::puppet::{Acts, puppet};

const STEP: Duration = Duration::from_millis(500);

async fn house(concurrency: u32) -> (House, Acts) {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).with(|c| c.defaults.concurrency = concurrency).build().await;
    acts.rest(&mut house, "t").await;
    (house, acts)
}

#[actix_rt::test]
async fn a_job_with_a_free_slot_runs_when_its_enqueue_is_answered() {
    let (house, mut acts) = house(3).await;
    for _ in 0..3 {
        let id = house.enqueue(NewJob::new("t")).await;
        // Not in a moment: there is no commit between.
        assert_eq!(house.job(id).await.state, State::Running);
        assert_eq!(acts.next().await.ctx.attempt(), 1);
    }
}

#[actix_rt::test]
async fn those_who_watch_see_it_wait_and_then_run() {
    let (mut house, mut acts) = house(1).await;
    let id = house.enqueue(NewJob::new("t")).await;
    acts.next().await.succeed();
    house.until(id, State::Completed).await;
    assert_eq!(house.all_told(id), [State::Pending, State::Running, State::Completed]);
}

#[actix_rt::test]
async fn of_many_in_a_commit_the_most_urgent_start() {
    let (mut house, mut acts) = house(2).await;
    let queues = ["a", "b", "a", "b", "a"];
    let jobs = [5, 1, 7, 3, 1].into_iter().zip(queues);
    let jobs = jobs.map(|(priority, queue)| NewJob::new("t").priority(priority).queue(queue)).collect();
    let ids = house.board.enqueue_many(jobs).await.unwrap().ids;
    let mut order = Vec::new();
    for (id, expected) in ids.iter().zip([false, true, false, false, true]) {
        assert_eq!(house.job(*id).await.state == State::Running, expected);
    }
    for _ in 0..5 {
        let act = acts.next().await;
        order.push(act.id());
        let id = act.id();
        act.succeed();
        house.until(id, State::Completed).await;
    }
    // Two start at once, on two threads: which is seen first is chance.
    order[..2].sort_unstable();
    assert_eq!(order, [ids[1], ids[4], ids[3], ids[0], ids[2]]);
}

#[actix_rt::test]
async fn a_paused_queue_waits_and_takes_nobodys_slot() {
    let (house, mut acts) = house(1).await;
    house.board.pause_queue("q", true).await.unwrap();
    let paused = house.enqueue(NewJob::new("t").queue("q").priority(1)).await;
    let open = house.enqueue(NewJob::new("t").priority(9)).await;
    assert_eq!(acts.next().await.id(), open);
    assert_eq!(house.job(paused).await.state, State::Pending);
}

#[actix_rt::test]
async fn without_a_free_slot_it_waits() {
    let (house, mut acts) = house(1).await;
    house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    let (usual, urgent) = (NewJob::new("t"), NewJob::new("t").priority(1));
    let waiting = [house.enqueue(usual).await, house.enqueue(urgent).await];
    for id in waiting {
        assert_eq!(house.job(id).await.state, State::Pending);
    }
    act.succeed();
    assert_eq!(acts.next().await.id(), waiting[1]);
}

#[actix_rt::test]
async fn a_paused_type_waits() {
    let (mut house, mut acts) = house(5).await;
    house.board.pause_job_type("t", true).await.unwrap();
    let id = house.enqueue(NewJob::new("t")).await;
    let other = house.enqueue(NewJob::new("noop")).await;
    house.until(other, State::Completed).await;
    assert_eq!(house.job(id).await.state, State::Pending);
    house.board.pause_job_type("t", false).await.unwrap();
    assert_eq!(acts.next().await.id(), id);
}

#[actix_rt::test]
async fn a_rate_limit_holds() {
    let (worker, mut acts) = puppet("t");
    let rate_limit = Some(RateLimit { limit: 2, per_secs: 10.0, key: None });
    let limited = JobTypeConfig { rate_limit, ..JobTypeConfig::default() };
    let plan = Plan::new().worker(worker).with(|c| drop(c.job_types.insert("t".into(), limited)));
    let mut house = plan.build().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(house.enqueue(NewJob::new("t")).await);
    }
    let begun = house.clock.now();
    acts.next().await;
    acts.next().await;
    assert_eq!(house.job(ids[2]).await.state, State::Pending);
    let started = house.until_moving(ids[2], State::Running, STEP).await;
    assert!(started.since(begun) >= Duration::from_secs(10));
    acts.next().await;
}

#[actix_rt::test]
async fn what_becomes_due_starts_in_the_commit_that_delivers_it() {
    let (mut house, mut acts) = house(1).await;
    let id = house.enqueue(NewJob::new("t").run_at(house.clock.now().plus(STEP))).await;
    house.until_moving(id, State::Pending, STEP).await;
    assert_eq!(house.job(id).await.state, State::Running);
    acts.next().await.fail("once");
    house.until_moving(id, State::Retrying, STEP).await;
    house.until_moving(id, State::Pending, STEP).await;
    // Not looked at sooner: the worker actor may be about to claim, after the end of the first attempt.
    house.until(id, State::Running).await;
    acts.next().await.succeed();
    house.until(id, State::Completed).await;
    assert_eq!(house.job(id).await.attempts.unwrap()[0].outcome, Some(Outcome::Error));
}

#[actix_rt::test]
async fn what_becomes_due_while_the_server_goes_down_waits() {
    let (mut house, mut acts) = house(5).await;
    let runs = house.enqueue(NewJob::new("t")).await;
    let due = house.enqueue(NewJob::new("t").run_at(house.clock.now().plus(STEP))).await;
    let act = acts.next().await;
    let board = house.board.clone();
    let down = actix_rt::spawn(async move { board.shutdown().await });
    while !house.board.is_shutting_down() {
        tokio::task::yield_now().await;
    }
    house.until_moving(due, State::Pending, STEP).await;
    act.succeed();
    house.until(runs, State::Completed).await;
    down.await.unwrap();
    assert!(acts.is_empty());
    let store = Store::open(&house.data_dir().join("queue.db"), 1, Box::new(|_| ())).unwrap();
    let job = store.read(move |c| views::job::job(c, due)).await.unwrap().unwrap();
    assert_eq!((job.state, job.attempt), (State::Pending, 0));
    store.close().await;
}

//! Whoever panics is rebuilt, and nothing is lost with it.

use std::sync::Arc;

use callboard::NewJob;
use callboard::domain::{Json, Outcome, State};
use callboard::workers::worker::Start;
use callboard::workers::{AnyWorker, Availability, Context, WorkerInfo};
use serde_json::Value;

use crate::house::Plan;
use crate::puppet::puppet;

/// Panics where the job's args say.
struct Panicker;

impl AnyWorker for Panicker {
    fn info(&self) -> WorkerInfo {
        let (job_type, description) = ("panics".into(), "Panics.".into());
        WorkerInfo { job_type, description, args_schema: Value::Bool(true) }
    }

    fn availability(&self) -> Availability {
        Availability::Available
    }

    fn check_args(&self, _: &Json) -> Vec<(String, String)> {
        Vec::new()
    }

    fn start(self: Arc<Self>, ctx: Context) -> Start {
        match ctx.job.args.parse::<Vec<String>>().unwrap()[0].as_str() {
            "at once" => panic!("panic at once"),
            "on a thread" => Start::Blocking(Box::new(|| panic!("panic on a thread"))),
            _ => Start::Future(Box::pin(async { panic!("panic in a task") })),
        }
    }
}

#[actix_rt::test]
async fn a_panic_in_a_worker_is_a_failed_attempt() {
    let mut house = Plan::new().worker(Arc::new(Panicker)).build().await;
    for place in ["at once", "on a thread", "in a task"] {
        let job = NewJob::new("panics").max_retries(0).args(&[place]).unwrap();
        let id = house.enqueue(job).await;
        house.until(id, State::Failed).await;
        let job = house.job(id).await;
        assert_eq!(job.error, Some(format!("the worker panicked: panic {place}")));
        assert_eq!(job.attempts.unwrap()[0].outcome, Some(Outcome::Error));
    }
    assert!(house.board.readiness().await.ready);
}

#[actix_rt::test]
async fn a_worker_actor_that_panics_is_rebuilt_and_its_attempts_go_on() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).with(|c| c.defaults.concurrency = 2).build().await;
    let mut id = house.enqueue(NewJob::new("t")).await;
    for _ in 0..5 {
        let act = acts.next().await;
        house.board.crash_actor("t");
        let next = house.enqueue(NewJob::new("t")).await;
        // The new actor starts the next one, and hands in the end of what the old one began.
        house.until(next, State::Running).await;
        act.succeed();
        house.until(id, State::Completed).await;
        assert_eq!(house.job(id).await.attempt, 1);
        id = next;
    }
    acts.next().await.succeed();
    house.until(id, State::Completed).await;
}

#[actix_rt::test]
async fn a_supervisor_that_panics_is_rebuilt_and_tells_what_was_committed() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    for _ in 0..5 {
        // Also while no supervisor is there.
        let id = house.enqueue(NewJob::new("t")).await;
        let act = acts.next().await;
        house.board.crash_actor("no actor of this name");
        // Its end is committed while nobody or somebody new is there to tell of it.
        act.succeed();
        house.until(id, State::Completed).await;
    }
    // Its children tell the new one when they panic.
    house.board.crash_actor("t");
    let id = house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    act.succeed();
    house.until(id, State::Completed).await;
}

#[actix_rt::test]
async fn a_cancel_reaches_its_worker_though_the_supervisor_panics() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    let (cancel, crash) = (house.board.cancel(id), house.board.clone());
    let (asked, ()) = tokio::join!(cancel, async { crash.crash_actor("no actor of this name") });
    asked.unwrap();
    act.told_to_stop().await;
    act.succeed();
    house.until(id, State::Cancelled).await;
}

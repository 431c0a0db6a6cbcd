//! Jobs that wait for a signal hold no slot, and go on with what came.

use std::time::Duration;

use callboard::NewJob;
use callboard::domain::{Json, Outcome, State, WaitReason};
use callboard::workers::worker::from_fn;
use callboard::workers::{BlockingWorker, Context, Failure, RunResult, blocking};
use serde_json::{Value, json};

use crate::house::{House, Plan};

const HOUR: Duration = Duration::from_secs(3600);

/// Drafts, asks, and publishes what it was told.
async fn editor(ctx: Context, _: Value) -> RunResult<Value> {
    let draft: u32 = ctx.step("draft", || async { Ok(ctx.attempt()) }).await?;
    match ctx.wait_for_signal::<Value>("approved", HOUR).await? {
        Some(by) => Ok(json!([draft, by])),
        None => Err(Failure::fatal("nobody approved it")),
    }
}

async fn house() -> House {
    let plan = Plan::new().with(|config| config.defaults.concurrency = 1);
    plan.worker(from_fn("editor", editor)).build().await
}

fn text(json: &str) -> Json {
    Json::checked(json).unwrap()
}

#[actix_rt::test]
async fn a_signal_wakes_the_job_and_is_what_it_waited_for() {
    let mut house = house().await;
    let id = house.enqueue(NewJob::new("editor").max_retries(0)).await;
    house.until(id, State::Scheduled).await;
    let job = house.job(id).await;
    let waits = job.waiting_for.unwrap().unwrap();
    assert_eq!(waits.reason, WaitReason::Signal);
    let until = house.clock.now().plus(HOUR);
    assert_eq!(waits.detail, format!("it waits for the signal \"approved\" until {until}"));
    assert_eq!(job.attempts.unwrap()[0].outcome, Some(Outcome::Snoozed));
    // Its slot is free: there is but one.
    let other = house.enqueue(NewJob::new("editor")).await;
    house.until(other, State::Scheduled).await;
    let given = house.board.signal(id, "approved", text("{\"by\":\"ada\"}")).await.unwrap();
    assert!(!given.duplicate);
    house.until(id, State::Completed).await;
    let job = house.job(id).await;
    assert_eq!((job.attempt, job.retry_count), (2, 0));
    assert_eq!(job.result.unwrap().as_str(), "[1,{\"by\":\"ada\"}]");
    assert_eq!(house.job(other).await.state, State::Scheduled);
}

#[actix_rt::test]
async fn one_that_came_before_is_not_waited_for() {
    let mut house = house().await;
    house.board.pause_job_type("editor", true).await.unwrap();
    let id = house.enqueue(NewJob::new("editor")).await;
    house.board.signal(id, "approved", text("7")).await.unwrap();
    house.board.pause_job_type("editor", false).await.unwrap();
    house.until(id, State::Completed).await;
    let job = house.job(id).await;
    assert_eq!((job.attempt, job.result.unwrap().as_str().to_owned()), (1, "[1,7]".to_owned()));
}

#[actix_rt::test]
async fn without_one_the_job_goes_on_when_its_time_is_up() {
    let mut house = house().await;
    let id = house.enqueue(NewJob::new("editor")).await;
    house.until(id, State::Scheduled).await;
    house.clock.advance(HOUR);
    house.until(id, State::Failed).await;
    assert_eq!(house.job(id).await.error.as_deref(), Some("nobody approved it"));
    assert!(house.board.signal_of(id, "approved").await.unwrap().info.timed_out);
    // Another go by hand waits anew, and does not draft anew.
    house.board.retry(id).await.unwrap();
    house.until(id, State::Scheduled).await;
    house.board.signal(id, "approved", text("true")).await.unwrap();
    house.until(id, State::Completed).await;
    assert_eq!(house.job(id).await.result.unwrap().as_str(), "[1,true]");
}

#[actix_rt::test]
async fn a_wait_outlives_the_process() {
    let plan = Plan::new();
    let (config, clock) = (plan.config.clone(), plan.clock.clone());
    let dir = plan.dir.clone();
    let mut house = plan.worker(from_fn("editor", editor)).build().await;
    let id = house.enqueue(NewJob::new("editor")).await;
    house.until(id, State::Scheduled).await;
    house.board.shutdown().await;
    drop(house);
    clock.advance(HOUR / 2);
    let again = Plan { config, clock, workers: Vec::new(), faults: None, dir };
    let mut house = again.worker(from_fn("editor", editor)).build().await;
    assert_eq!(house.job(id).await.state, State::Scheduled);
    house.board.signal(id, "approved", text("[]")).await.unwrap();
    house.until(id, State::Completed).await;
    assert_eq!(house.job(id).await.result.unwrap().as_str(), "[1,[]]");
}

#[actix_rt::test]
async fn a_payload_that_does_not_fit_and_a_name_that_comes_twice_are_named() {
    for (twice, fault) in
        [(false, "the payload of signal \"n\" does not fit"), (true, "signal \"n\" comes twice")]
    {
        let worker = from_fn("t", move |ctx: Context, _: Value| async move {
            if twice {
                ctx.wait_for_signal::<Value>("n", HOUR).await?;
            }
            ctx.wait_for_signal::<u8>("n", HOUR).await
        });
        let mut house = Plan::new().worker(worker).build().await;
        let id = house.enqueue(NewJob::new("t")).await;
        house.until(id, State::Scheduled).await;
        house.board.signal(id, "n", text("\"no number\"")).await.unwrap();
        house.until(id, State::Failed).await;
        let error = house.job(id).await.error.unwrap();
        assert!(error.contains(fault), "{error}");
    }
}

/// Waits on its own thread, so to say.
struct Patient;

impl BlockingWorker for Patient {
    const JOB_TYPE: &'static str = "patient";
    const DESCRIPTION: &'static str = "Waits.";
    type Args = Value;
    type Output = Option<u8>;

    fn run(&self, ctx: &Context, _: Value) -> RunResult<Option<u8>> {
        ctx.wait_for_signal_blocking("go", HOUR)
    }
}

#[actix_rt::test]
async fn code_that_blocks_waits_without_its_thread() {
    let mut house = Plan::new().worker(blocking(Patient)).build().await;
    let id = house.enqueue(NewJob::new("patient")).await;
    house.until(id, State::Scheduled).await;
    house.board.signal(id, "go", text("5")).await.unwrap();
    house.until(id, State::Completed).await;
    assert_eq!(house.job(id).await.result.unwrap().as_str(), "5");
}

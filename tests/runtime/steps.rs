//! Durable steps: what was done once is not done again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use callboard::NewJob;
use callboard::domain::{Claim, Json, State};
use callboard::store::Store;
use callboard::store::verbs::claim::{self, Claimer};
use callboard::store::verbs::enqueue::{self, Prepared};
use callboard::store::verbs::steps;
use callboard::workers::worker::from_fn;
use callboard::workers::{AnyWorker, BlockingWorker, Context, Failure, RunResult, blocking};
use serde_json::{Value, json};

use crate::house::Plan;
use crate::puppet::puppet;

/// A step that must not be done.
async fn never<T>() -> RunResult<T> {
    panic!("a finished step was done again")
}

fn why<T>(result: RunResult<T>) -> String {
    match result {
        Err(Failure::Fatal(message)) => message,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it went well"),
    }
}

#[actix_rt::test]
async fn a_later_attempt_goes_on_behind_the_finished_steps() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    let given = act.ctx.step("fetch", || async { Ok(vec![1, 2, 3]) }).await.unwrap();
    assert_eq!(given, [1, 2, 3]);
    let failed: RunResult<u8> = act.ctx.step("encode", || async { Err(Failure::retry("no encoder")) }).await;
    assert!(failed.is_err());
    act.fail("no encoder");
    house.until(id, State::Retrying).await;
    house.clock.advance(Duration::from_secs(1));
    let act = acts.next().await;
    assert_eq!(act.ctx.step::<Vec<u8>, _, _>("fetch", never).await.unwrap(), [1, 2, 3]);
    act.ctx.step("encode", || async { Ok("done".to_owned()) }).await.unwrap();
    act.succeed();
    house.until(id, State::Completed).await;
    let job = house.job(id).await;
    let steps: Vec<_> = job.steps.unwrap().into_iter().map(|s| (s.name, s.attempt, s.bytes)).collect();
    assert_eq!(steps, [("fetch".to_owned(), 1, 7), ("encode".to_owned(), 2, 6)]);
    assert_eq!(house.board.step(id, "fetch").await.unwrap().value.as_str(), "[1,2,3]");
    assert!(house.board.step(id, "other").await.is_err());
}

/// An attempt of a job in a house of its own, for what may go wrong within one.
macro_rules! attempt {
    ($act:ident, $plan:expr) => {
        let (worker, mut acts) = puppet("t");
        let house = $plan.worker(worker).build().await;
        house.enqueue(NewJob::new("t")).await;
        let $act = acts.next().await;
    };
}

#[actix_rt::test]
async fn a_name_comes_once_in_an_attempt_unless_its_step_failed() {
    attempt!(act, Plan::new());
    let ctx = &act.ctx;
    let failed: RunResult<u8> = ctx.step("a", || async { Err(Failure::retry("not yet")) }).await;
    assert!(failed.is_err());
    assert_eq!(ctx.step("a", || async { Ok(1) }).await.unwrap(), 1);
    let twice = why(ctx.step::<u8, _, _>("a", never).await);
    assert!(twice.contains("step \"a\" comes twice"), "{twice}");
    let nameless = why(ctx.step::<u8, _, _>("", never).await);
    assert!(nameless.contains("must not be empty"), "{nameless}");
    act.succeed();
}

#[actix_rt::test]
async fn values_and_their_number_are_bounded() {
    attempt!(act, Plan::new().with(|config| config.defaults.max_result_bytes = 100));
    let ctx = &act.ctx;
    let long = |n: usize| async move { Ok("x".repeat(n - 2)) };
    let large = why(ctx.step("large", || long(101)).await);
    assert!(large.contains("101 bytes") && large.contains("defaults.max_result_bytes"), "{large}");
    for n in 0..16 {
        ctx.step(&format!("part {n}"), || long(100)).await.unwrap();
    }
    let all = why(ctx.step("one more", || async { Ok(1) }).await);
    assert!(all.contains("1601 bytes") && all.contains("at most 1600"), "{all}");
    act.succeed();
}

#[actix_rt::test]
async fn a_value_that_does_not_fit_any_more_says_so() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    act.ctx.step("a", || async { Ok("text".to_owned()) }).await.unwrap();
    act.fail("once more");
    house.until(id, State::Retrying).await;
    house.clock.advance(Duration::from_secs(1));
    let act = acts.next().await;
    let unfit = why(act.ctx.step::<u32, _, _>("a", never).await);
    assert!(unfit.contains("step \"a\" does not fit any more"), "{unfit}");
    act.succeed();
}

#[actix_rt::test]
async fn an_attempt_that_was_taken_away_keeps_nothing() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    let ctx = act.ctx.clone();
    act.fail("gone");
    house.until(id, State::Retrying).await;
    let stale = why(ctx.step("a", || async { Ok(1) }).await);
    assert!(stale.contains("was taken away, so its step is not kept"), "{stale}");
    assert_eq!(house.job(id).await.steps.unwrap(), []);
}

/// What a process leaves behind that dies in the middle of an attempt, one step of which is finished.
async fn leave_a_step(plan: &Plan) {
    let data = &plan.config.data_dir;
    std::fs::create_dir_all(data).unwrap();
    let store = Store::open(&data.join("queue.db"), 1, Box::new(|_| ())).unwrap();
    let now = plan.clock.now();
    let jobs = vec![Prepared::new(NewJob::new("t"), 3)];
    store.write(move |tx| enqueue::enqueue(tx, &jobs, false, now)).await.unwrap();
    let by = Claimer { node: 77, worker_id: "77/t".into() };
    let claimed = store.write(move |tx| claim::claim(tx, "t", 1, &by, now)).await.unwrap();
    let held = Claim { job_id: claimed.jobs[0].id, attempt: 1, node: 77 };
    let value = Json::trusted("5");
    store.write(move |tx| steps::keep(tx, held, "a", &value, 99, now)).await.unwrap();
    store.close().await;
}

#[actix_rt::test]
async fn a_step_outlives_the_process() {
    let (worker, mut acts) = puppet("t");
    let plan = Plan::new().worker(worker);
    leave_a_step(&plan).await;
    let _house = plan.build().await;
    let act = acts.next().await;
    assert_eq!(act.ctx.attempt(), 2);
    assert_eq!(act.ctx.step::<u8, _, _>("a", never).await.unwrap(), 5);
    act.succeed();
}

/// Lets a job finish a step and end as the test says; its id.
async fn with_a_step(house: &mut crate::house::House, acts: &mut crate::puppet::Acts, ends: State) -> i64 {
    let id = house.enqueue(NewJob::new("t")).await;
    let act = acts.next().await;
    act.ctx.step("a", || async { Ok(1) }).await.unwrap();
    match ends {
        State::Completed => act.succeed(),
        _ => act.end(Err(Failure::fatal("no"))),
    }
    house.until(id, ends).await;
    id
}

#[actix_rt::test]
async fn a_retry_by_hand_keeps_the_steps_of_what_was_not_done() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    for (ends, fresh, kept) in
        [(State::Failed, false, 1), (State::Failed, true, 0), (State::Completed, false, 0)]
    {
        let id = with_a_step(&mut house, &mut acts, ends).await;
        match fresh {
            true => house.board.retry_fresh(id).await.unwrap(),
            false => house.board.retry(id).await.unwrap(),
        };
        let act = acts.next().await;
        assert_eq!(house.job(id).await.steps.unwrap().len(), kept, "{ends}, fresh: {fresh}");
        act.succeed();
        house.until(id, State::Completed).await;
    }
}

/// Counts how often its steps are done; fails the first time.
struct Builder(Arc<AtomicU32>);

impl BlockingWorker for Builder {
    const JOB_TYPE: &'static str = "builder";
    const DESCRIPTION: &'static str = "Builds.";
    type Args = Value;
    type Output = u32;

    fn run(&self, ctx: &Context, _: Value) -> RunResult<u32> {
        let base = ctx.step_blocking("base", || {
            self.0.fetch_add(1, Relaxed);
            ctx.step_blocking("inner", || Ok(20))
        })?;
        match ctx.attempt() {
            1 => Err(Failure::retry("the roof is missing")),
            n => Ok(base + n),
        }
    }
}

#[actix_rt::test]
async fn code_that_blocks_has_steps_too() {
    let done = Arc::new(AtomicU32::new(0));
    let worker: Arc<dyn AnyWorker> = blocking(Builder(done.clone()));
    let mut house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(NewJob::new("builder")).await;
    house.until(id, State::Retrying).await;
    house.clock.advance(Duration::from_secs(1));
    house.until(id, State::Completed).await;
    let result = house.job(id).await.result.unwrap();
    assert_eq!((result.as_str(), done.load(Relaxed)), ("22", 1));
}

#[actix_rt::test]
async fn async_code_may_use_the_blocking_form_too() {
    let worker =
        from_fn("t", |ctx: Context, _: Value| async move { ctx.step_blocking("a", || Ok(json!(7))) });
    let mut house = Plan::new().worker(worker).build().await;
    let id = house.enqueue(NewJob::new("t")).await;
    house.until(id, State::Completed).await;
    assert_eq!(house.job(id).await.result.unwrap().as_str(), "7");
}

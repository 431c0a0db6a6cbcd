//! Jobs that wait for jobs.

use callboard::NewJob;
use callboard::domain::{OnParentFailure, State};
use callboard::workers::Failure;

use crate::house::Plan;
use crate::puppet::puppet;

#[actix_rt::test]
async fn a_child_starts_after_its_last_parent() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let (a, b) = (house.enqueue(NewJob::new("t")).await, house.enqueue(NewJob::new("t")).await);
    let child = house.enqueue(NewJob::new("t").depends_on([a, b])).await;
    let (first, second) = acts.next_two().await;
    first.end(Ok(serde_json::json!({"n": 1})));
    house.until(a, State::Completed).await;
    assert_eq!(house.job(child).await.state, State::Blocked);
    second.end(Ok(serde_json::json!({"n": 2})));
    house.until(child, State::Running).await;
    let act = acts.next().await;
    let results: Vec<_> = act.ctx.parents().iter().map(|p| p.result.clone().unwrap()).collect();
    assert_eq!(
        results.iter().map(|r| r.as_str().to_owned()).collect::<Vec<_>>(),
        [r#"{"n":1}"#, r#"{"n":2}"#]
    );
    act.succeed();
    house.until(child, State::Completed).await;
}

#[actix_rt::test]
async fn a_failure_cancels_or_lets_run_as_the_child_says() {
    let (worker, mut acts) = puppet("t");
    let mut house = Plan::new().worker(worker).build().await;
    let parent = house.enqueue(NewJob::new("t")).await;
    let cancelled = house.enqueue(NewJob::new("t").depends_on([parent])).await;
    let mut wants = NewJob::new("t").depends_on([parent]);
    wants.on_parent_failure = OnParentFailure::Run;
    let runs = house.enqueue(wants).await;
    acts.next().await.end(Err(Failure::fatal("no")));
    house.until(cancelled, State::Cancelled).await;
    let error = house.job(cancelled).await.error.unwrap();
    assert!(error.contains(&format!("job {parent}")), "{error}");
    acts.next().await.succeed();
    house.until(runs, State::Completed).await;
}

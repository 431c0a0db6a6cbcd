//! Another go by hand.

use callboard::domain::{Json, NewJob, State, Verdict};

use crate::support::{TestStore, claim_of, error, on_every_database};

async fn a_fresh_budget_and_the_history_kept(b: &TestStore) {
    let id = b.enqueue(NewJob::new("t").max_retries(1)).await;
    b.run_one("t", error("one")).await;
    b.pass(1);
    b.promote(1).await;
    let failed = b.run_one("t", error("two")).await;
    assert_eq!((failed.state, failed.retry_count), (State::Failed, 1));
    b.pass(5);
    assert_eq!(b.retry(id).await.unwrap(), State::Pending);
    let job = b.job(id).await;
    assert_eq!((job.retry_count, job.crash_count, job.attempt), (0, 0, 2));
    assert_eq!((job.completed_at, job.cancel_requested_at), (None, None));
    assert_eq!(job.attempts, failed.attempts);
    let again = b.run_one("t", error("three")).await;
    assert_eq!((again.state, again.retry_count, again.attempt), (State::Retrying, 1, 3));
}

async fn a_completed_job_loses_its_result_only_when_it_runs_anew(b: &TestStore) {
    let id = b.enqueue(NewJob::new("t")).await;
    b.run_one("t", Verdict::Success(Some(Json::checked("1").unwrap()))).await;
    b.retry(id).await.unwrap();
    assert_eq!(b.job(id).await.result, None);
    b.run_one("t", Verdict::Success(Some(Json::checked("2").unwrap()))).await;
    assert_eq!(b.job(id).await.result.unwrap().as_str(), "2");
}

async fn a_retrying_job_need_not_wait(b: &TestStore) {
    let id = b.job_in(State::Retrying).await;
    assert_eq!(b.retry(id).await.unwrap(), State::Pending);
    assert_eq!(b.promote(10).await.next, None);
    assert_eq!(b.claim_one("t").await.id, id);
}

async fn a_cancelled_job_does_not_remember_its_cancel(b: &TestStore) {
    let id = b.enqueue(NewJob::new("t")).await;
    let running = b.claim_one("t").await;
    b.cancel(id).await.unwrap();
    b.finish(claim_of(&running), Verdict::Cancelled).await;
    b.retry(id).await.unwrap();
    assert_eq!(b.run_one("t", Verdict::Success(None)).await.state, State::Completed);
}

async fn a_unique_rival_is_a_clean_refusal_that_stops_nobody_else(b: &TestStore) {
    let mut old = Vec::new();
    for _ in 0..3 {
        old.push(b.job_like(NewJob::new("t").target_id("x"), State::Failed).await);
    }
    let free = b.job_like(NewJob::new("t").target_id("y"), State::Failed).await;
    let rival = b.enqueue(NewJob::new("t").target_id("x")).await;
    let before = b.picture().await;
    b.told();
    for id in &old {
        let refusal = b.retry(*id).await.unwrap_err().to_string();
        assert_eq!(refusal, format!("job {id} is unique, and job {rival}, which is the same, is there"));
    }
    assert_eq!(b.picture().await, before);
    // In one commit with others, the others are done.
    let now = b.now();
    let all = [old[0], free, old[1]];
    let answers = b
        .write(move |tx| Ok(all.map(|id| callboard::store::verbs::retry::retry(tx, id, now).is_ok())))
        .await
        .unwrap();
    assert_eq!(answers, [false, true, false]);
    assert_eq!(b.state(free).await, State::Pending);
    b.cancel(rival).await.unwrap();
    assert_eq!(b.retry(old[0]).await.unwrap(), State::Pending);
    assert!(b.retry(old[1]).await.is_err());
}

async fn a_job_is_no_rival_of_itself(b: &TestStore) {
    let id = b.job_like(NewJob::new("t").target_id("x"), State::Retrying).await;
    assert_eq!(b.retry(id).await.unwrap(), State::Pending);
}

on_every_database!(
    a_fresh_budget_and_the_history_kept,
    a_completed_job_loses_its_result_only_when_it_runs_anew,
    a_retrying_job_need_not_wait,
    a_cancelled_job_does_not_remember_its_cancel,
    a_unique_rival_is_a_clean_refusal_that_stops_nobody_else,
    a_job_is_no_rival_of_itself,
);

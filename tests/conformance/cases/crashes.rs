//! Attempts whose process died.

use callboard::domain::{Claim, NewJob, Outcome, State, Verdict};
use callboard::store::verbs::rescue;

use crate::support::{NODE, TestStore, claim_of, error, on_every_database};

async fn crash(b: &TestStore) -> (i64, State) {
    let job = b.claim_one("t").await;
    (job.id, b.lose(claim_of(&job)).await.expect("a claim that holds"))
}

async fn a_loss_burns_no_retry_and_three_in_a_row_are_enough(b: &TestStore) {
    let id = b.enqueue(NewJob::new("t")).await;
    assert_eq!(crash(b).await, (id, State::Pending));
    assert_eq!(crash(b).await, (id, State::Pending));
    assert_eq!(crash(b).await, (id, State::Failed));
    let job = b.job(id).await;
    assert!(job.error.as_deref().unwrap().starts_with("quarantined:"), "{:?}", job.error);
    assert_eq!((job.crash_count, job.retry_count, job.attempt), (3, 0, 3));
    assert!(job.attempts.unwrap().iter().all(|a| a.outcome == Some(Outcome::Lost)));
}

async fn failures_do_not_forget_crashes_but_a_success_does(b: &TestStore) {
    let id = b.enqueue(NewJob::new("t")).await;
    crash(b).await;
    crash(b).await;
    assert_eq!(b.run_one("t", error("oh")).await.crash_count, 2);
    b.pass(10);
    b.promote(1).await;
    assert_eq!(b.run_one("t", Verdict::Released).await.crash_count, 2);
    assert_eq!(b.run_one("t", Verdict::Success(None)).await.crash_count, 0);
    assert_eq!(b.state(id).await, State::Completed);
}

async fn a_retry_by_hand_lets_it_crash_again(b: &TestStore) {
    let id = b.enqueue(NewJob::new("t")).await;
    for _ in 0..3 {
        crash(b).await;
    }
    b.retry(id).await.unwrap();
    let job = b.job(id).await;
    assert_eq!((job.state, job.crash_count, job.attempt), (State::Pending, 0, 3));
    assert_eq!(crash(b).await, (id, State::Pending));
}

async fn a_cancel_that_was_asked_for_outlives_the_process(b: &TestStore) {
    let id = b.enqueue(NewJob::new("t")).await;
    let job = b.claim_one("t").await;
    assert!(!b.cancel(id).await.unwrap());
    assert_eq!(b.lose(claim_of(&job)).await, Some(State::Cancelled));
    assert_eq!(b.job(id).await.cancel_requested_at, Some(b.now()));
}

async fn a_cancel_that_was_asked_for_wins_over_every_exit(b: &TestStore) {
    use std::time::Duration;
    for verdict in [
        Verdict::Success(None),
        error("oh"),
        Verdict::Fatal("no".into()),
        Verdict::Timeout("late".into()),
        Verdict::Snooze(Duration::from_secs(1)),
        Verdict::Cancelled,
        Verdict::Released,
    ] {
        let id = b.enqueue(NewJob::new("t")).await;
        let claim = claim_of(&b.claim_one("t").await);
        b.cancel(id).await.unwrap();
        // Asked twice, and the worker is told twice, but the first time counts.
        let asked = b.now();
        b.pass(1);
        b.told();
        assert!(!b.cancel(id).await.unwrap());
        assert_eq!(b.told().iter().flat_map(|c| &c.stop).collect::<Vec<_>>(), [&claim]);
        assert_eq!(b.finish(claim, verdict.clone()).await, Some(State::Cancelled), "{verdict:?}");
        let job = b.job(id).await;
        assert_eq!((job.cancel_requested_at, job.result), (Some(asked), None));
        assert_eq!(job.attempts.unwrap()[0].outcome, Some(Outcome::Cancelled));
    }
}

async fn a_success_that_was_first_wins(b: &TestStore) {
    let id = b.enqueue(NewJob::new("t")).await;
    b.run_one("t", Verdict::Success(None)).await;
    assert!(b.cancel(id).await.unwrap_err().to_string().contains("completed"));
    assert_eq!(b.job(id).await.cancel_requested_at, None);
}

async fn orphans_are_found_page_by_page(b: &TestStore) {
    let mut running = Vec::new();
    for i in 0..25 {
        let id = b.enqueue(NewJob::new(["t", "u", "v"][i % 3]).queue(["a", "b"][i % 2])).await;
        if i % 5 != 0 {
            running.push(Claim { job_id: id, attempt: 1, node: NODE });
        } else {
            b.cancel(id).await.unwrap();
        }
    }
    for job_type in ["t", "u", "v"] {
        b.claim(job_type, 100).await;
    }
    let mut found: Vec<Claim> = Vec::new();
    loop {
        let after = found.last().map_or(0, |claim| claim.job_id);
        let page = b.write(move |tx| rescue::claims(tx, 0, after, 7)).await.unwrap();
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    assert_eq!(found, running);
}

on_every_database!(
    a_loss_burns_no_retry_and_three_in_a_row_are_enough,
    failures_do_not_forget_crashes_but_a_success_does,
    a_retry_by_hand_lets_it_crash_again,
    a_cancel_that_was_asked_for_outlives_the_process,
    a_cancel_that_was_asked_for_wins_over_every_exit,
    a_success_that_was_first_wins,
    orphans_are_found_page_by_page,
);

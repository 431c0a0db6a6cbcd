//! A claim fences everything that only its holder may do.

use std::time::Duration;

use callboard::domain::{Claim, NewJob, State, Timestamp, Verdict};

use crate::support::{NODE, TestStore, claim_of, error, on_every_database};

fn every_verdict() -> Vec<Verdict> {
    vec![
        Verdict::Success(None),
        error("again"),
        Verdict::Fatal("no".into()),
        Verdict::Timeout("late".into()),
        Verdict::Snooze(Duration::from_secs(1)),
        Verdict::Wait { signal: "late".into(), until: Timestamp::MAX },
        Verdict::Cancelled,
        Verdict::Released,
    ]
}

/// Tries everything that a claim allows; fails when any of it had an effect.
async fn is_refused(b: &TestStore, claim: Claim) {
    let before = b.picture().await;
    b.told();
    for verdict in every_verdict() {
        assert_eq!(b.finish(claim, verdict.clone()).await, None, "{verdict:?} by {claim}");
    }
    assert!(!b.progress(claim, 7).await, "progress by {claim}");
    assert!(b.time_out(claim, "late").await.is_err(), "a wait by {claim}");
    assert!(b.keep_step(claim, "late").await.is_err(), "a step by {claim}");
    assert_eq!(b.lose(claim).await, None, "losing {claim}");
    assert_eq!(b.picture().await, before, "{claim} changed something");
    assert!(b.told_states().is_empty(), "{claim} was told to the world");
}

async fn another_attempt_another_node_another_job(b: &TestStore) {
    let other = b.enqueue(NewJob::new("u")).await;
    b.enqueue(NewJob::new("t")).await;
    let first = b.claim_one("t").await;
    assert_eq!(b.lose(claim_of(&first)).await, Some(State::Pending));
    let second = b.claim_one("t").await;
    let held = claim_of(&second);
    for stale in [
        claim_of(&first),
        Claim { attempt: 0, ..held },
        Claim { attempt: held.attempt + 1, ..held },
        Claim { node: NODE + 1, ..held },
        Claim { job_id: other, ..held },
    ] {
        is_refused(b, stale).await;
    }
    assert_eq!(b.finish(held, Verdict::Success(None)).await, Some(State::Completed));
}

async fn a_claim_ends_with_its_attempt(b: &TestStore) {
    for verdict in every_verdict() {
        let id = b.enqueue(NewJob::new("t")).await;
        let claim = claim_of(&b.claim_one("t").await);
        b.finish(claim, verdict).await.expect("a claim that holds");
        is_refused(b, claim).await;
        if !b.state(id).await.is_final() {
            b.cancel(id).await.unwrap();
        }
        is_refused(b, claim).await;
    }
}

async fn a_stale_claim_does_not_stop_its_neighbours(b: &TestStore) {
    use callboard::domain::Backoff;
    use callboard::store::verbs::finish::{Finished, finish};
    for _ in 0..2 {
        b.enqueue(NewJob::new("t")).await;
    }
    let jobs = b.claim("t", 2).await;
    let stale = Claim { attempt: 9, ..claim_of(&jobs[0]) };
    let done: Vec<Finished> = [claim_of(&jobs[0]), stale, claim_of(&jobs[1])]
        .map(|claim| Finished {
            claim,
            verdict: Verdict::Success(None),
            progress: None,
            backoff: Backoff::default(),
            luck: 0.5,
        })
        .into();
    let now = b.now();
    let answers = b.write(move |tx| finish(tx, &done, now)).await.unwrap();
    assert_eq!(answers, [Some(State::Completed), None, Some(State::Completed)]);
}

async fn progress_is_kept_with_the_claim_and_cleared_by_the_next(b: &TestStore) {
    b.enqueue(NewJob::new("t")).await;
    let job = b.claim_one("t").await;
    assert!(b.progress(claim_of(&job), 5).await);
    assert_eq!(b.job(job.id).await.progress.processed, 5);
    b.finish(claim_of(&job), Verdict::Released).await;
    assert_eq!(b.job(job.id).await.progress.processed, 5);
    assert_eq!(b.claim_one("t").await.progress.processed, 0);
}

on_every_database!(
    another_attempt_another_node_another_job,
    a_claim_ends_with_its_attempt,
    a_stale_claim_does_not_stop_its_neighbours,
    progress_is_kept_with_the_claim_and_cleared_by_the_next,
);

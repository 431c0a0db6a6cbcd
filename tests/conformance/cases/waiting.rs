//! Jobs that wait for their time: scheduled, snoozed, retrying, released.

use std::time::Duration;

use callboard::domain::{NewJob, State, Timestamp, Verdict};

use crate::support::{TestStore, claim_of, error, on_every_database};

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

async fn what_is_due_is_promoted_the_longest_overdue_first(b: &TestStore) {
    let now = b.now();
    let mut by_time = Vec::new();
    for delay in [30, 10, 20, 10] {
        by_time.push((delay, b.enqueue(NewJob::new("t").run_at(now.plus(secs(delay)))).await));
    }
    by_time.sort_unstable();
    assert_eq!(b.promote(10).await.jobs, 0);
    assert_eq!(b.promote(10).await.next, Some(now.plus(secs(10))));
    b.pass(20);
    b.told();
    let first = b.promote(2).await;
    assert_eq!((first.jobs, first.next), (2, Some(now.plus(secs(20)))));
    let second = b.promote(2).await;
    assert_eq!((second.jobs, second.next), (1, Some(now.plus(secs(30)))));
    let told: Vec<i64> = b.told_states().iter().map(|(id, _)| *id).collect();
    assert_eq!(told, by_time[..3].iter().map(|(_, id)| *id).collect::<Vec<_>>());
    b.pass(10);
    assert_eq!((b.promote(2).await.jobs, b.promote(2).await.next), (1, None));
}

async fn a_time_in_the_past_is_now(b: &TestStore) {
    let past = b.enqueue(NewJob::new("t").run_at(Timestamp::MIN)).await;
    let present = b.enqueue(NewJob::new("t").run_at(b.now())).await;
    assert_eq!((b.state(past).await, b.state(present).await), (State::Pending, State::Pending));
    let last = b.enqueue(NewJob::new("t").run_at(Timestamp::MAX)).await;
    assert_eq!(b.state(last).await, State::Scheduled);
}

async fn a_new_due_time_is_told(b: &TestStore) {
    let due = b.now().plus(secs(5));
    b.enqueue(NewJob::new("t").run_at(due)).await;
    b.enqueue(NewJob::new("t")).await;
    let told = b.told();
    assert_eq!((told[0].due, told[0].ready.len()), (Some(due), 0));
    assert_eq!((told[1].due, told[1].ready.len()), (None, 1));
    b.run_one("t", error("again")).await;
    let told = b.told();
    assert_eq!(told.last().unwrap().due, Some(b.now().plus(secs(1))));
}

async fn a_snooze_is_no_failure(b: &TestStore) {
    b.enqueue(NewJob::new("t").max_retries(0)).await;
    for round in 1..=3 {
        let job = b.run_one("t", Verdict::Snooze(secs(7))).await;
        assert_eq!((job.state, job.retry_count, job.attempt), (State::Scheduled, 0, round));
        assert_eq!((job.run_at, job.error), (Some(b.now().plus(secs(7))), None));
        b.pass(7);
        assert_eq!(b.promote(1).await.jobs, 1);
    }
    let job = b.run_one("t", Verdict::Success(None)).await;
    let outcomes: Vec<_> = job.attempts.unwrap().iter().map(|a| a.outcome.unwrap().as_str()).collect();
    assert_eq!(outcomes, ["snoozed", "snoozed", "snoozed", "success"]);
}

async fn a_released_job_is_pending_at_once_and_nothing_counts(b: &TestStore) {
    b.enqueue(NewJob::new("t")).await;
    for attempt in 1..=5 {
        let job = b.run_one("t", Verdict::Released).await;
        assert_eq!((job.state, job.attempt), (State::Pending, attempt));
        assert_eq!((job.retry_count, job.crash_count), (0, 0));
    }
}

async fn failures_back_off_until_none_is_left(b: &TestStore) {
    let id = b.enqueue(NewJob::new("t").max_retries(3)).await;
    for (n, delay) in [(1, 1), (2, 2), (3, 4)] {
        let job = b.run_one("t", error("oh")).await;
        assert_eq!((job.state, job.retry_count), (State::Retrying, n));
        assert_eq!(job.run_at, Some(b.now().plus(secs(delay))));
        b.pass(i64::try_from(delay).unwrap());
        b.promote(1).await;
    }
    let job = b.run_one("t", Verdict::Timeout("too long".into())).await;
    assert_eq!((job.state, job.error.as_deref()), (State::Failed, Some("too long")));
    assert_eq!((job.id, job.completed_at), (id, Some(b.now())));
    let attempts = job.attempts.unwrap();
    let errors: Vec<_> = attempts.iter().map(|a| (a.number, a.error.as_deref().unwrap())).collect();
    assert_eq!(errors, [(1, "oh"), (2, "oh"), (3, "oh"), (4, "too long")]);
}

async fn a_worker_may_name_its_own_delay(b: &TestStore) {
    b.enqueue(NewJob::new("t")).await;
    let verdict = Verdict::Error { message: "busy".into(), retry_in: Some(secs(99)) };
    assert_eq!(b.run_one("t", verdict).await.run_at, Some(b.now().plus(secs(99))));
}

async fn a_success_keeps_its_result_and_last_progress(b: &TestStore) {
    use callboard::domain::{Backoff, Json, Progress};
    use callboard::store::verbs::finish::{Finished, finish};
    let id = b.enqueue(NewJob::new("t")).await;
    let claim = claim_of(&b.claim_one("t").await);
    b.pass(3);
    let result = Json::checked(r#"{"n": 1.10}"#).unwrap();
    let progress = Progress { percent: 100.0, processed: 9, ..Progress::default() };
    let done = [Finished {
        claim,
        verdict: Verdict::Success(Some(result.clone())),
        progress: Some(progress.clone()),
        backoff: Backoff::default(),
        luck: 0.5,
    }];
    let now = b.now();
    b.write(move |tx| finish(tx, &done, now)).await.unwrap();
    let job = b.job(id).await;
    assert_eq!((job.result, job.progress, job.error), (Some(result), progress, None));
    assert_eq!(job.attempts.unwrap()[0].duration_ms, Some(3000));
}

on_every_database!(
    what_is_due_is_promoted_the_longest_overdue_first,
    a_time_in_the_past_is_now,
    a_new_due_time_is_told,
    a_snooze_is_no_failure,
    a_released_job_is_pending_at_once_and_nothing_counts,
    failures_back_off_until_none_is_left,
    a_worker_may_name_its_own_delay,
    a_success_keeps_its_result_and_last_progress,
);

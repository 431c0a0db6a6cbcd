//! Jobs that go for good.

use callboard::domain::{JobFilter, NewJob, OnParentFailure, Order, State, Verdict};
use callboard::store::verbs::delete;

use crate::support::{TestStore, at, on_every_database};

async fn only_final_jobs_can_be_deleted(b: &TestStore) {
    for state in State::ALL {
        let id = b.job_like(NewJob::new(format!("t.{state}")), state).await;
        let before = b.picture().await;
        let gone = b.delete(&[id]).await;
        if state.is_final() {
            assert_eq!(gone, [id], "{state}");
            assert_eq!(b.find(id).await, None);
        } else {
            assert!(gone.is_empty(), "{state}");
            assert_eq!(b.picture().await, before);
        }
        assert!(b.delete(&[id]).await.is_empty(), "twice");
    }
}

async fn everything_goes_with_the_job(b: &TestStore) {
    let parent = b.job_like(NewJob::new("p"), State::Completed).await;
    let mut new = NewJob::new("t").key("k").depends_on([parent]);
    new.tags = vec!["a".into(), "b \"quoted\"".into()];
    let id = b.enqueue(new).await;
    let claim = crate::support::claim_of(&b.claim_one("t").await);
    b.keep_step(claim, "a step").await.unwrap();
    b.signal(id, "a signal", "1").await.unwrap();
    b.finish(claim, Verdict::Fatal("no".into())).await;
    b.delete(&[id, parent]).await;
    let left = b.picture().await;
    assert!(left.steps.is_empty() && left.signals.is_empty());
    assert!(left.jobs.is_empty() && left.attempts.is_empty() && left.tags.is_empty());
    assert!(left.dependencies.is_empty() && left.counters.is_empty());
    let tagged = JobFilter { tag: vec!["a".into()], ..JobFilter::default() };
    assert!(b.list(&tagged, Order::Newest, 10).await.is_empty());
}

async fn a_parent_stays_while_a_child_may_want_its_result(b: &TestStore) {
    let parent = b.job_like(NewJob::new("p"), State::Completed).await;
    let child = b.enqueue(NewJob::new("c").depends_on([parent])).await;
    assert!(b.delete(&[parent]).await.is_empty());
    b.claim_one("c").await;
    assert!(b.delete(&[parent]).await.is_empty());
    let claim = crate::support::claim_of(&b.job(child).await);
    b.finish(claim, Verdict::Success(None)).await;
    assert_eq!(b.delete(&[parent]).await, [parent]);
    // The child remembers whom it waited for, and can be run again.
    assert_eq!(b.job(child).await.depends_on, [parent]);
    assert_eq!(b.retry(child).await.unwrap(), State::Pending);
}

async fn a_deleted_parent_is_unknown_to_new_children(b: &TestStore) {
    let parent = b.job_like(NewJob::new("p"), State::Completed).await;
    b.delete(&[parent]).await;
    let mut job = NewJob::new("c").depends_on([parent]);
    job.on_parent_failure = OnParentFailure::Run;
    assert!(b.try_enqueue(job).await.is_err());
}

async fn a_child_that_lost_one_parent_still_waits_for_the_other(b: &TestStore) {
    let gone = b.job_like(NewJob::new("p"), State::Completed).await;
    let open = b.enqueue(NewJob::new("q")).await;
    let child = b.enqueue(NewJob::new("c").depends_on([gone, open])).await;
    b.cancel(child).await.unwrap();
    assert_eq!(b.delete(&[gone]).await, [gone]);
    assert_eq!(b.retry(child).await.unwrap(), State::Blocked);
    b.run_one("q", Verdict::Success(None)).await;
    assert_eq!(b.state(child).await, State::Pending);
}

async fn the_old_are_found_by_state_and_age_in_chunks(b: &TestStore) {
    let mut expected = Vec::new();
    for i in 0..20 {
        let state = [State::Completed, State::Cancelled, State::Failed, State::Completed][i % 4];
        let id = b.job_like(NewJob::new("t"), state).await;
        if state == State::Completed && b.now() < at(1015) {
            expected.push(id);
        }
        b.pass(1);
    }
    let before = at(1015);
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = b.write(move |tx| delete::old(tx, State::Completed, before, after, 3)).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(*last);
        found.extend(page.iter().map(|(_, id)| *id));
    }
    assert_eq!(found, expected);
    assert_eq!(b.delete(&found).await, expected);
}

async fn old_statistics_go_and_young_ones_stay(b: &TestStore) {
    b.enqueue(NewJob::new("t")).await;
    b.pass(1000);
    b.enqueue(NewJob::new("t")).await;
    let before = b.now().minus(std::time::Duration::from_secs(500));
    assert_eq!(b.write(move |tx| delete::old_stats(tx, before)).await.unwrap(), 1);
    assert_eq!(b.picture().await.stats.len(), 1);
}

on_every_database!(
    only_final_jobs_can_be_deleted,
    everything_goes_with_the_job,
    a_parent_stays_while_a_child_may_want_its_result,
    a_deleted_parent_is_unknown_to_new_children,
    a_child_that_lost_one_parent_still_waits_for_the_other,
    the_old_are_found_by_state_and_age_in_chunks,
    old_statistics_go_and_young_ones_stay,
);

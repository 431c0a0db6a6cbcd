//! Jobs that wait for jobs.

use callboard::domain::{NewJob, OnParentFailure, State, Verdict};

use crate::support::{TestStore, claim_of, on_every_database};

fn fatal() -> Verdict {
    Verdict::Fatal("no".into())
}

fn child_of(parents: &[i64], policy: OnParentFailure) -> NewJob {
    let mut job = NewJob::new("child").depends_on(parents.iter().copied());
    job.on_parent_failure = policy;
    job
}

async fn a_child_waits_for_its_last_parent(b: &TestStore) {
    let parents = [b.enqueue(NewJob::new("p")).await, b.enqueue(NewJob::new("p")).await];
    let child = b.enqueue(child_of(&parents, OnParentFailure::Cancel)).await;
    assert_eq!(b.state(child).await, State::Blocked);
    assert!(b.claim("child", 1).await.is_empty());
    b.run_one("p", Verdict::Success(None)).await;
    assert_eq!(b.state(child).await, State::Blocked);
    b.told();
    b.run_one("p", Verdict::Success(None)).await;
    assert_eq!(b.state(child).await, State::Pending);
    // In the same commit as its parent's end, and its worker is woken.
    let told = b.told();
    let commit = told.last().unwrap();
    assert_eq!(commit.events.iter().map(|e| e.job_id).collect::<Vec<_>>(), [parents[1], child]);
    assert!(commit.ready.iter().any(|t| &**t == "child"));
    assert_eq!(b.claim_one("child").await.depends_on, parents);
}

async fn every_end_of_a_parent_under_both_policies(b: &TestStore) {
    for policy in [OnParentFailure::Cancel, OnParentFailure::Run] {
        for end in State::FINAL {
            let first = b.enqueue(NewJob::new("p")).await;
            let second = b.enqueue(NewJob::new("q")).await;
            let child = b.enqueue(child_of(&[first, second], policy)).await;
            match end {
                State::Completed => drop(b.run_one("p", Verdict::Success(None)).await),
                State::Failed => drop(b.run_one("p", fatal()).await),
                _ => assert!(b.cancel(first).await.unwrap()),
            }
            let stops = end != State::Completed && policy == OnParentFailure::Cancel;
            let job = b.job(child).await;
            assert_eq!(job.state, if stops { State::Cancelled } else { State::Blocked }, "{policy:?} {end}");
            if stops {
                assert_eq!(job.error, Some(format!("its parent, job {first}, is {end}")));
            }
            b.run_one("q", Verdict::Success(None)).await;
            let after = if stops { State::Cancelled } else { State::Pending };
            assert_eq!(b.state(child).await, after, "{policy:?} {end}");
        }
    }
}

async fn a_new_child_of_parents_that_have_ended(b: &TestStore) {
    for policy in [OnParentFailure::Cancel, OnParentFailure::Run] {
        for end in State::FINAL {
            let parent = b.job_like(NewJob::new(format!("{policy:?}.{end}")), end).await;
            let child = b.job(b.enqueue(child_of(&[parent], policy)).await).await;
            if end != State::Completed && policy == OnParentFailure::Cancel {
                assert_eq!(child.state, State::Cancelled);
                assert_eq!(child.error, Some(format!("its parent, job {parent}, is {end}")));
                assert_eq!(child.completed_at, Some(b.now()));
            } else {
                assert_eq!((child.state, child.error), (State::Pending, None), "{policy:?} {end}");
            }
        }
    }
}

async fn a_fan_in_of_five_hundred(b: &TestStore) {
    let jobs = (0..500).map(|_| NewJob::new("p")).collect();
    let parents: Vec<i64> = b.try_enqueue_all(jobs, true).await.unwrap().iter().map(|s| s.id).collect();
    let child = b.enqueue(child_of(&parents, OnParentFailure::Cancel)).await;
    let claimed = b.claim("p", 1000).await;
    assert_eq!(claimed.len(), 500);
    let (last, rest) = claimed.split_last().unwrap();
    for job in rest {
        b.finish(claim_of(job), Verdict::Success(None)).await;
    }
    assert_eq!(b.state(child).await, State::Blocked);
    b.finish(claim_of(last), Verdict::Success(None)).await;
    assert_eq!(b.state(child).await, State::Pending);
    let view = move |conn: &mut _| callboard::store::views::job::parent_results(conn, &parents);
    assert_eq!(b.store.read(view).await.unwrap().len(), 500);
}

async fn cancelling_goes_down_to_the_grandchildren(b: &TestStore) {
    let top = b.enqueue(NewJob::new("p")).await;
    let left = b.enqueue(child_of(&[top], OnParentFailure::Cancel)).await;
    let right = b.enqueue(child_of(&[top], OnParentFailure::Cancel)).await;
    let bottom = b.enqueue(child_of(&[left, right], OnParentFailure::Cancel)).await;
    let anyway = b.enqueue(child_of(&[left, right], OnParentFailure::Run)).await;
    b.run_one("p", fatal()).await;
    for id in [left, right, bottom] {
        assert_eq!(b.state(id).await, State::Cancelled);
    }
    assert_eq!(b.state(anyway).await, State::Pending);
    let reason = b.job(bottom).await.error.unwrap();
    assert!(reason.contains(&left.to_string()) || reason.contains(&right.to_string()), "{reason}");
}

async fn a_chain_of_a_thousand_is_called_off_at_once(b: &TestStore) {
    let mut last = b.enqueue(NewJob::new("p")).await;
    let top = last;
    for _ in 0..1000 {
        last = b.enqueue(child_of(&[last], OnParentFailure::Cancel)).await;
    }
    b.cancel(top).await.unwrap();
    assert_eq!(b.state(last).await, State::Cancelled);
}

async fn a_retried_parent_is_waited_for_again(b: &TestStore) {
    let first = b.enqueue(NewJob::new("p")).await;
    let second = b.enqueue(NewJob::new("q")).await;
    let child = b.enqueue(child_of(&[first, second], OnParentFailure::Run)).await;
    b.run_one("p", fatal()).await;
    assert_eq!(b.retry(first).await.unwrap(), State::Pending);
    b.run_one("q", Verdict::Success(None)).await;
    assert_eq!(b.state(child).await, State::Blocked);
    b.run_one("p", Verdict::Success(None)).await;
    assert_eq!(b.state(child).await, State::Pending);
}

/// A parent that is run again leaves children alone that have started, ended or been called off.
async fn a_parent_that_ends_again_moves_blocked_children_only(b: &TestStore) {
    for verdict in [Verdict::Success(None), fatal()] {
        for state in State::ALL.into_iter().filter(|state| *state != State::Blocked) {
            let parent_type = format!("p.{state}.{:?}", verdict.outcome());
            let parent = b.job_like(NewJob::new(parent_type.as_str()), State::Completed).await;
            let like = NewJob::new(format!("c.{state}.{:?}", verdict.outcome())).depends_on([parent]);
            let child = b.job_like(like, state).await;
            let before = b.job(child).await;
            b.retry(parent).await.unwrap();
            b.run_one(&parent_type, verdict.clone()).await;
            assert_eq!(b.job(child).await, before, "{state} after {verdict:?}");
        }
    }
}

async fn a_child_is_scheduled_when_its_time_is_still_to_come(b: &TestStore) {
    let parent = b.enqueue(NewJob::new("p")).await;
    let due = b.now().plus(std::time::Duration::from_secs(60));
    let child = b.enqueue(NewJob::new("child").depends_on([parent]).run_at(due)).await;
    assert_eq!(b.state(child).await, State::Blocked);
    b.told();
    b.run_one("p", Verdict::Success(None)).await;
    assert_eq!(b.state(child).await, State::Scheduled);
    assert!(b.told().iter().any(|commit| commit.due == Some(due)));
    b.pass(60);
    assert_eq!(b.promote(10).await.jobs, 1);
}

async fn a_retried_child_waits_for_parents_that_are_not_final(b: &TestStore) {
    let parent = b.enqueue(NewJob::new("p")).await;
    let child = b.enqueue(child_of(&[parent], OnParentFailure::Cancel)).await;
    b.cancel(child).await.unwrap();
    assert_eq!(b.retry(child).await.unwrap(), State::Blocked);
    b.run_one("p", fatal()).await;
    assert_eq!(b.state(child).await, State::Cancelled);
    // The parent is final now, so by hand it may run all the same.
    assert_eq!(b.retry(child).await.unwrap(), State::Pending);
}

async fn a_parent_named_twice_counts_once(b: &TestStore) {
    let parent = b.enqueue(NewJob::new("p")).await;
    let mut job = NewJob::new("child").depends_on([parent, parent]);
    job.parent_job_id = Some(parent);
    let child = b.enqueue(job).await;
    assert_eq!(b.job(child).await.depends_on, [parent]);
    b.run_one("p", Verdict::Success(None)).await;
    assert_eq!(b.state(child).await, State::Pending);
}

async fn parents_results_are_there_for_the_child(b: &TestStore) {
    use callboard::domain::Json;
    let parent = b.enqueue(NewJob::new("p")).await;
    let failed = b.job_like(NewJob::new("q"), State::Failed).await;
    let child = b.enqueue(child_of(&[parent, failed], OnParentFailure::Run)).await;
    b.run_one("p", Verdict::Success(Some(Json::checked("[1]").unwrap()))).await;
    let parents = b.job(child).await.depends_on;
    let view = move |conn: &mut _| callboard::store::views::job::parent_results(conn, &parents);
    let results = b.store.read(view).await.unwrap();
    let seen: Vec<_> = results.iter().map(|r| (r.id, r.state, r.result.as_ref().map(Json::as_str))).collect();
    assert_eq!(seen, [(parent, State::Completed, Some("[1]")), (failed, State::Failed, None)]);
}

on_every_database!(
    a_child_waits_for_its_last_parent,
    every_end_of_a_parent_under_both_policies,
    a_new_child_of_parents_that_have_ended,
    a_fan_in_of_five_hundred,
    cancelling_goes_down_to_the_grandchildren,
    a_chain_of_a_thousand_is_called_off_at_once,
    a_retried_parent_is_waited_for_again,
    a_parent_that_ends_again_moves_blocked_children_only,
    a_child_is_scheduled_when_its_time_is_still_to_come,
    a_retried_child_waits_for_parents_that_are_not_final,
    a_parent_named_twice_counts_once,
    parents_results_are_there_for_the_child,
);

//! Jobs that are added to a workflow while it runs.

use callboard::domain::{Claim, NewJob, Node, OnParentFailure, State, Verdict, Workflow};
use callboard::store::verbs::workflows::Adder;
use callboard::store::{StoreError, StoreResult};

use crate::support::{TestStore, claim_of, error, on_every_database};

/// `collect` waits for `split`, and `after` for `collect`.
fn funnel() -> Workflow {
    Workflow::new("funnel")
        .job("split", NewJob::new("split"))
        .job("collect", NewJob::new("collect"))
        .after(["split"])
        .job("after", NewJob::new("after"))
        .after(["collect"])
        .callback(NewJob::new("callback"))
}

fn parts(n: usize) -> Vec<Node> {
    (0..n).map(|i| Node::new(format!("p{i}"), NewJob::new("part"))).collect()
}

fn refused<T: std::fmt::Debug>(answer: StoreResult<T>) -> String {
    match answer {
        Err(StoreError::Refused(why)) => why.to_string(),
        other => panic!("{other:?}"),
    }
}

async fn who_waits_for_a_job_waits_for_what_it_adds(b: &TestStore) {
    let id = b.start(funnel()).await;
    let split = b.claim_one("split").await;
    assert_eq!(b.fan_out(claim_of(&split), parts(2)).await, 0);
    assert_eq!(b.states(id).await, "split:running collect:blocked after:blocked p0:blocked p1:blocked");
    assert_eq!(b.node(id, "collect").await.depends_on, ["split", "p0", "p1"]);
    assert_eq!(b.node(id, "p0").await.depends_on, ["split"]);
    b.finish(claim_of(&split), Verdict::Success(None)).await;
    b.run_one("part", Verdict::Success(None)).await;
    assert_eq!(b.node(id, "collect").await.state, State::Blocked);
    b.run_one("part", Verdict::Success(None)).await;
    let collect = b.claim_one("collect").await;
    assert_eq!(collect.depends_on.len(), 3, "it can read all results");
    b.finish(claim_of(&collect), Verdict::Success(None)).await;
    b.run_one("after", Verdict::Success(None)).await;
    assert_eq!(b.workflow(id).await.unwrap().info.counts[&State::Completed], 5);
}

async fn one_that_was_added_may_add_more(b: &TestStore) {
    let id = b.start(funnel()).await;
    let split = b.claim_one("split").await;
    b.fan_out(claim_of(&split), parts(1)).await;
    b.finish(claim_of(&split), Verdict::Success(None)).await;
    let part = b.claim_one("part").await;
    b.fan_out(claim_of(&part), vec![Node::new("deep", NewJob::new("deep"))]).await;
    b.finish(claim_of(&part), Verdict::Success(None)).await;
    assert_eq!(b.states(id).await, "split:completed collect:blocked after:blocked p0:completed deep:pending");
    b.run_one("deep", Verdict::Success(None)).await;
    assert_eq!(b.node(id, "collect").await.state, State::Pending);
}

async fn a_second_attempt_adds_nothing_twice(b: &TestStore) {
    let id = b.start(funnel()).await;
    let first = b.claim_one("split").await;
    b.fan_out(claim_of(&first), parts(2)).await;
    b.lose(claim_of(&first)).await;
    let second = b.claim_one("split").await;
    assert!(refused(b.try_add(parts(3), Adder::Claim(claim_of(&first)), true).await).contains("taken away"));
    // The third is new, and may wait for the others by name.
    let mut three = parts(3);
    three[2] = three[2].clone().after(["p0", "p1"]);
    assert_eq!(b.fan_out(claim_of(&second), three).await, 2);
    assert_eq!(b.node(id, "p2").await.depends_on, ["split", "p0", "p1"]);
    assert_eq!(b.node(id, "collect").await.depends_on, ["split", "p0", "p1", "p2"]);
    b.finish(claim_of(&second), Verdict::Success(None)).await;
    assert_eq!(b.claim("part", 9).await.len(), 2);
}

async fn a_failure_takes_what_it_added_along(b: &TestStore) {
    let id = b.start(funnel()).await;
    let split = b.claim_one("split").await;
    b.fan_out(claim_of(&split), parts(2)).await;
    b.finish(claim_of(&split), Verdict::Fatal("no".into())).await;
    assert_eq!(
        b.states(id).await,
        "split:failed collect:cancelled after:cancelled p0:cancelled p1:cancelled"
    );
    assert_eq!(b.retry_workflow(id, None).await.unwrap(), 5);
    let again = b.claim_one("split").await;
    assert_eq!(b.fan_out(claim_of(&again), parts(2)).await, 2);
    b.finish(claim_of(&again), Verdict::Success(None)).await;
    assert_eq!(b.claim("part", 9).await.len(), 2);
}

async fn one_failed_part_stops_the_collector_or_not(b: &TestStore) {
    for (policy, state) in
        [(OnParentFailure::Cancel, State::Cancelled), (OnParentFailure::Run, State::Pending)]
    {
        let collect = NewJob { on_parent_failure: policy, ..NewJob::new("collect") };
        let flow =
            Workflow::new("w").job("split", NewJob::new("split")).job("collect", collect).after(["split"]);
        let id = b.start(flow).await;
        let split = b.claim_one("split").await;
        b.fan_out(claim_of(&split), parts(2)).await;
        b.finish(claim_of(&split), Verdict::Success(None)).await;
        b.run_one("part", Verdict::Fatal("no".into())).await;
        b.run_one("part", Verdict::Success(None)).await;
        assert_eq!(b.node(id, "collect").await.state, state);
        b.claim("collect", 1).await;
    }
}

async fn a_part_that_is_over_at_once(b: &TestStore) {
    let dead = b.job_in(State::Failed).await;
    let flow = funnel().job("bad", NewJob::new("bad"));
    let id = b.start(flow).await;
    b.run_one("bad", Verdict::Fatal("no".into())).await;
    let split = b.claim_one("split").await;
    b.fan_out(claim_of(&split), vec![Node::new("p", NewJob::new("part")).after(["bad"])]).await;
    let states = b.states(id).await;
    assert_eq!(states, "split:running collect:cancelled after:cancelled bad:failed p:cancelled");
    b.finish(claim_of(&split), error("x")).await;
    assert_eq!(b.state(dead).await, State::Failed);
}

async fn from_outside(b: &TestStore) {
    let id = b.start(funnel()).await;
    let caller = |by: Option<&str>| Adder::Caller(id, by.map(Into::into));
    let x = || vec![Node::new("x", NewJob::new("x")).after(["split"])];
    assert_eq!(b.try_add(x(), caller(None), true).await.unwrap().1, 0);
    assert_eq!(b.node(id, "collect").await.depends_on, ["split"]);
    assert!(refused(b.try_add(x(), caller(None), true).await).contains("is the name of job"));
    let by_split = || vec![Node::new("y", NewJob::new("y"))];
    assert_eq!(b.try_add(by_split(), caller(Some("split")), true).await.unwrap().1, 0);
    assert_eq!(b.try_add(by_split(), caller(Some("split")), true).await.unwrap().1, 1);
    assert_eq!(b.node(id, "collect").await.depends_on, ["split", "y"]);
    let aside = vec![Node::new("z", NewJob::new("z"))];
    b.try_add(aside, caller(Some("split")), false).await.unwrap();
    assert_eq!(b.node(id, "collect").await.depends_on, ["split", "y"]);
    let round = vec![Node::new("r", NewJob::new("r")).after(["after"])];
    assert!(refused(b.try_add(round.clone(), caller(Some("split")), true).await).contains("circle"));
    b.try_add(round, caller(Some("split")), false).await.unwrap();
    let lost = vec![Node::new("l", NewJob::new("l")).after(["nowhere"])];
    assert!(refused(b.try_add(lost, caller(None), true).await).contains("no job \"nowhere\""));
    assert!(refused(b.try_add(parts(1), caller(Some("q")), true).await).contains("no job \"q\""));
    assert!(refused(b.try_add(parts(1), Adder::Caller(99, None), true).await).contains("workflow 99"));
    let taken = vec![Node::new("after", NewJob::new("t"))];
    assert!(refused(b.try_add(taken, caller(Some("split")), true).await).contains("is the name of job"));
}

async fn not_once_it_is_over(b: &TestStore) {
    let id = b.start(funnel()).await;
    let lonely = b.enqueue(NewJob::new("lonely")).await;
    let claim = claim_of(&b.claim_one("lonely").await);
    assert_eq!(claim, Claim { job_id: lonely, ..claim });
    assert!(refused(b.try_add(parts(1), Adder::Claim(claim), true).await).contains("is in no workflow"));
    let split = b.claim_one("split").await;
    b.cancel_workflow(id).await.unwrap();
    let by = Adder::Claim(claim_of(&split));
    assert!(refused(b.try_add(parts(1), by, true).await).contains("is being cancelled"));
    b.finish(claim_of(&split), Verdict::Success(None)).await;
    let caller = |by: Option<&str>| Adder::Caller(id, by.map(Into::into));
    assert!(refused(b.try_add(parts(1), caller(None), true).await).contains("cancelled already"));
    b.retry_workflow(id, None).await.unwrap();
    b.run_one("split", Verdict::Success(None)).await;
    assert!(refused(b.try_add(parts(1), caller(Some("split")), true).await).contains("adds no more jobs"));
}

on_every_database!(
    who_waits_for_a_job_waits_for_what_it_adds,
    one_that_was_added_may_add_more,
    a_second_attempt_adds_nothing_twice,
    a_failure_takes_what_it_added_along,
    one_failed_part_stops_the_collector_or_not,
    a_part_that_is_over_at_once,
    from_outside,
    not_once_it_is_over,
);

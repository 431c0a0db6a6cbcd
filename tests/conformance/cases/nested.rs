//! Workflows that are nodes of others.

use callboard::domain::{NewJob, Node, OnParentFailure, State, Verdict, Workflow};
use callboard::store::verbs::workflows::{Mark, expire};

use crate::support::{TestStore, claim_of, on_every_database};

fn fatal() -> Verdict {
    Verdict::Fatal("no".into())
}

/// `sub`, of `x` and then `y`, waits for `a`; `z` waits for `sub`.
fn outer() -> Workflow {
    let inner = Workflow::new("inner")
        .job("x", NewJob::new("x"))
        .job("y", NewJob::new("y"))
        .after(["x"])
        .callback(NewJob::new("inner_callback"));
    Workflow::new("outer")
        .job("a", NewJob::new("a"))
        .workflow("sub", inner)
        .after(["a"])
        .job("z", NewJob::new("z"))
        .after(["sub"])
        .callback(NewJob::new("callback"))
}

async fn inner_of(b: &TestStore, id: i64) -> i64 {
    b.node(id, "sub").await.child_workflow_id.expect("a workflow")
}

async fn it_runs_in_its_place(b: &TestStore) {
    let id = b.start(outer()).await;
    let inner = inner_of(b, id).await;
    assert_eq!(b.states(inner).await, "x:blocked y:blocked");
    b.told();
    b.run_one("a", Verdict::Success(None)).await;
    assert_eq!(b.states(id).await, "a:completed sub:running z:blocked");
    assert_eq!(b.states(inner).await, "x:pending y:blocked");
    assert!(b.told().pop().unwrap().ready.iter().any(|t| &**t == "x"), "its worker is woken");
    b.run_one("x", Verdict::Success(None)).await;
    b.run_one("y", Verdict::Success(None)).await;
    assert_eq!(b.states(id).await, "a:completed sub:completed z:pending");
    assert_eq!(b.claim("inner_callback", 9).await.len(), 1);
    let sub = b.job(b.node(id, "sub").await.id).await;
    assert_eq!(sub.result.unwrap().at_path("workflow_id").unwrap().as_str(), inner.to_string());
    assert_eq!((sub.attempt, sub.worker_id, sub.attempts.unwrap().len()), (1, None, 1));
    b.run_one("z", Verdict::Success(None)).await;
    assert_eq!(b.workflow(id).await.unwrap().info.state, State::Completed);
    assert_eq!(b.workflow(inner).await.unwrap().info.parent_job_id, Some(sub.id));
}

async fn one_that_waits_for_nothing_begins_at_once(b: &TestStore) {
    let inner = || Workflow::new("inner").job("x", NewJob::new("x"));
    let deep = Workflow::new("middle").workflow("deep", inner()).workflow("beside", inner());
    let id = b.start(Workflow::new("outer").workflow("sub", deep)).await;
    assert_eq!(b.states(inner_of(b, id).await).await, "deep:running beside:running");
    b.run_one("x", Verdict::Success(None)).await;
    assert_eq!(b.node(id, "sub").await.state, State::Running);
    b.run_one("x", Verdict::Success(None)).await;
    assert_eq!(b.workflow(id).await.unwrap().info.state, State::Completed);
}

async fn its_failure_is_the_nodes(b: &TestStore) {
    let id = b.start(outer()).await;
    b.run_one("a", Verdict::Success(None)).await;
    b.run_one("x", fatal()).await;
    assert_eq!(b.states(id).await, "a:completed sub:failed z:cancelled");
    let inner = inner_of(b, id).await;
    let error = b.job(b.node(id, "sub").await.id).await.error.unwrap();
    assert_eq!(error, format!("1 jobs of workflow {inner} failed"));
    // Another go goes down into it.
    assert_eq!(b.retry_workflow(id, None).await.unwrap(), 2);
    assert_eq!(b.states(id).await, "a:completed sub:running z:blocked");
    assert_eq!(b.states(inner).await, "x:pending y:blocked");
    b.run_one("x", Verdict::Success(None)).await;
    b.run_one("y", Verdict::Success(None)).await;
    b.run_one("z", Verdict::Success(None)).await;
    assert_eq!(b.workflow(id).await.unwrap().info.state, State::Completed);
    assert_eq!(b.job(b.node(id, "sub").await.id).await.attempts.unwrap().len(), 2);
    // When all is well, all of it runs again.
    b.retry_workflow(id, Some("a")).await.unwrap();
    assert_eq!(b.states(inner).await, "x:completed y:completed", "not before its turn");
    b.run_one("a", Verdict::Success(None)).await;
    assert_eq!(b.states(inner).await, "x:pending y:blocked");
}

async fn one_that_has_no_turn_is_called_off(b: &TestStore) {
    let id = b.start(outer()).await;
    b.run_one("a", fatal()).await;
    assert_eq!(b.states(id).await, "a:failed sub:cancelled z:cancelled");
    let inner = inner_of(b, id).await;
    assert_eq!(b.states(inner).await, "x:cancelled y:cancelled");
    b.retry_workflow(id, None).await.unwrap();
    assert_eq!(b.states(inner).await, "x:cancelled y:cancelled");
    b.run_one("a", Verdict::Success(None)).await;
    assert_eq!(b.states(inner).await, "x:pending y:blocked");
}

async fn cancel_goes_down(b: &TestStore) {
    let id = b.start(outer()).await;
    b.run_one("a", Verdict::Success(None)).await;
    let x = b.claim_one("x").await;
    assert!(!b.cancel_workflow(id).await.unwrap());
    let inner = inner_of(b, id).await;
    assert_eq!(b.states(inner).await, "x:running y:cancelled");
    assert_eq!(b.states(id).await, "a:completed sub:running z:cancelled");
    assert_eq!(b.told().pop().unwrap().stop, [claim_of(&x)]);
    b.finish(claim_of(&x), Verdict::Cancelled).await;
    assert_eq!(b.states(id).await, "a:completed sub:cancelled z:cancelled");
    assert_eq!(b.workflow(id).await.unwrap().info.state, State::Cancelled);
    // The node alone, while nothing in it runs: all is over at once, and the answer says that it was told.
    let id = b.start(outer()).await;
    b.run_one("a", Verdict::Success(None)).await;
    assert!(!b.cancel(b.node(id, "sub").await.id).await.unwrap());
    assert_eq!(b.states(id).await, "a:completed sub:cancelled z:cancelled");
    // And before its turn.
    let id = b.start(outer()).await;
    assert!(b.cancel(b.node(id, "sub").await.id).await.unwrap());
    assert_eq!(b.states(inner_of(b, id).await).await, "x:cancelled y:cancelled");
}

async fn a_retry_inside_takes_the_node_up_again(b: &TestStore) {
    let id = b.start(outer()).await;
    b.run_one("a", Verdict::Success(None)).await;
    b.run_one("x", fatal()).await;
    let inner = inner_of(b, id).await;
    assert_eq!(b.retry_workflow(inner, None).await.unwrap(), 2);
    assert_eq!(b.states(id).await, "a:completed sub:running z:cancelled");
    assert_eq!(b.workflow(id).await.unwrap().info.state, State::Running);
    b.run_one("x", Verdict::Success(None)).await;
    b.run_one("y", Verdict::Success(None)).await;
    assert_eq!(b.states(id).await, "a:completed sub:completed z:cancelled");
}

async fn no_node_can_lose_it(b: &TestStore) {
    let id = b.start(Workflow::new("w").workflow("sub", Workflow::new("i").job("x", NewJob::new("x")))).await;
    let claims = b.write(|tx| callboard::store::verbs::rescue::claims(tx, 0, 0, 10)).await.unwrap();
    for claim in claims {
        assert_eq!(b.lose(claim).await, None);
    }
    assert_eq!(b.states(id).await, "sub:running");
}

async fn it_is_added_at_run_time_too(b: &TestStore) {
    let flow =
        Workflow::new("w").job("split", NewJob::new("split")).job("end", NewJob::new("end")).after(["split"]);
    let id = b.start(flow).await;
    let split = b.claim_one("split").await;
    let sub = Node::workflow("sub", Workflow::new("i").job("x", NewJob::new("x")));
    b.fan_out(claim_of(&split), vec![sub]).await;
    b.finish(claim_of(&split), Verdict::Success(None)).await;
    assert_eq!(b.states(id).await, "split:completed end:blocked sub:running");
    b.run_one("x", Verdict::Success(None)).await;
    assert_eq!(b.states(id).await, "split:completed end:pending sub:completed");
}

async fn policies_hold_for_it(b: &TestStore) {
    let mut sub = Node::workflow("sub", Workflow::new("i").job("x", NewJob::new("x"))).after(["a"]);
    sub.job.on_parent_failure = OnParentFailure::Run;
    let mut flow = Workflow::new("w").job("a", NewJob::new("a"));
    flow.nodes.push(sub);
    let id = b.start(flow).await;
    b.run_one("a", fatal()).await;
    assert_eq!(b.states(id).await, "a:failed sub:running");
}

async fn it_goes_after_the_one_that_it_is_part_of(b: &TestStore) {
    let id = b.start(outer()).await;
    for name in ["a", "x", "y", "z"] {
        b.run_one(name, Verdict::Success(None)).await;
    }
    let inner = inner_of(b, id).await;
    b.pass(100);
    let (mut mark, mut gone) = (Some(Mark::default()), 0);
    while let Some(from) = mark {
        let now = b.now();
        let step = b.write(move |tx| expire(tx, State::Completed, now, from, 99)).await.unwrap();
        gone += step.gone.len();
        mark = step.next;
    }
    assert_eq!(b.workflow(id).await, None);
    if b.workflow(inner).await.is_some() {
        let now = b.now();
        let step = b.write(move |tx| expire(tx, State::Completed, now, Mark::default(), 99)).await.unwrap();
        gone += step.gone.len();
    }
    assert_eq!((gone, b.workflow(inner).await), (5, None));
}

on_every_database!(
    it_runs_in_its_place,
    one_that_waits_for_nothing_begins_at_once,
    its_failure_is_the_nodes,
    one_that_has_no_turn_is_called_off,
    cancel_goes_down,
    a_retry_inside_takes_the_node_up_again,
    no_node_can_lose_it,
    it_is_added_at_run_time_too,
    policies_hold_for_it,
    it_goes_after_the_one_that_it_is_part_of,
);

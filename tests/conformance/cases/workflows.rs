//! Jobs that belong together.

use callboard::domain::{NewJob, OnParentFailure, State, Verdict, Workflow};
use callboard::store::StoreError;
use callboard::store::verbs::workflows::{Mark, expire};

use crate::support::{TestStore, at, claim_of, on_every_database};

fn fatal() -> Verdict {
    Verdict::Fatal("no".into())
}

fn anyway(job_type: &str) -> NewJob {
    NewJob { on_parent_failure: OnParentFailure::Run, ..NewJob::new(job_type) }
}

/// Each node's job type is its name. `d` waits for `b` and `c`, which wait for `a`.
fn diamond() -> Workflow {
    Workflow::new("diamond")
        .job("d", NewJob::new("d"))
        .after(["b", "c"])
        .job("a", NewJob::new("a"))
        .job("b", NewJob::new("b"))
        .after(["a"])
        .job("c", NewJob::new("c"))
        .after(["a"])
        .callback(NewJob::new("callback"))
}

fn refused(answer: Result<impl std::fmt::Debug, StoreError>) -> String {
    match answer {
        Err(StoreError::Refused(why)) => why.to_string(),
        other => panic!("{other:?}"),
    }
}

async fn a_diamond_from_end_to_end(b: &TestStore) {
    let id = b.start(diamond()).await;
    assert_eq!(b.states(id).await, "d:blocked a:pending b:blocked c:blocked");
    assert_eq!(b.node(id, "d").await.depends_on, ["b", "c"]);
    b.run_one("a", Verdict::Success(None)).await;
    b.run_one("c", Verdict::Success(None)).await;
    assert_eq!(b.states(id).await, "d:blocked a:completed b:pending c:completed");
    b.run_one("b", Verdict::Success(None)).await;
    let running = b.workflow(id).await.unwrap().info;
    assert_eq!(
        (running.state, running.completed_at, running.counts[&State::Completed]),
        (State::Running, None, 3)
    );
    assert!(b.claim("callback", 1).await.is_empty());
    b.told();
    b.pass(5);
    let d = b.run_one("d", Verdict::Success(None)).await;
    assert_eq!((d.workflow_id, d.name.as_deref()), (Some(id), Some("d")));
    let done = b.workflow(id).await.unwrap().info;
    assert_eq!((done.state, done.completed_at), (State::Completed, Some(b.now())));
    // The callback comes with the very commit of the last end.
    let callback = done.callback_job_id.unwrap();
    let last = b.told().pop().unwrap();
    assert_eq!(last.events.iter().map(|e| e.job_id).collect::<Vec<_>>(), [d.id, callback]);
    assert!(last.ready.iter().any(|t| &**t == "callback"));
    let callback = b.job(callback).await;
    assert_eq!((callback.workflow_id, callback.state), (None, State::Pending));
    assert_eq!(callback.metadata.at_path("workflow.id").unwrap().as_str(), id.to_string());
    assert_eq!(callback.metadata.at_path("workflow.counts.completed").unwrap().as_str(), "4");
}

async fn a_failure_goes_its_way_by_the_policies(b: &TestStore) {
    let id = b
        .start(
            Workflow::new("w")
                .job("a", NewJob::new("a"))
                .job("b", NewJob::new("b"))
                .after(["a"])
                .job("c", NewJob::new("c"))
                .after(["b"])
                .job("mop", anyway("mop"))
                .after(["c"])
                .callback(NewJob::new("callback")),
        )
        .await;
    b.run_one("a", fatal()).await;
    assert_eq!(b.states(id).await, "a:failed b:cancelled c:cancelled mop:pending");
    assert_eq!(b.workflow(id).await.unwrap().info.state, State::Running);
    b.run_one("mop", Verdict::Success(None)).await;
    let over = b.workflow(id).await.unwrap().info;
    assert_eq!(over.state, State::Failed);
    assert_eq!((over.counts[&State::Failed], over.counts[&State::Cancelled]), (1, 2));
    let callback = b.claim_one("callback").await;
    assert_eq!(callback.metadata.at_path("workflow.state").unwrap().as_str(), "\"failed\"");
}

async fn one_that_is_over_at_once(b: &TestStore) {
    let dead = b.job_in(State::Failed).await;
    let id = b.start(Workflow::new("w").job("a", NewJob::new("a").depends_on([dead]))).await;
    assert_eq!(b.states(id).await, "a:cancelled");
    assert_eq!(b.workflow(id).await.unwrap().info.state, State::Cancelled);
}

async fn a_duplicate_in_it_keeps_out_all(b: &TestStore) {
    b.enqueue(NewJob::new("x").key("taken")).await;
    b.enqueue(NewJob::new("x").target_id("film")).await;
    let before = b.picture().await;
    let with = |job: NewJob| Workflow::new("w").job("a", NewJob::new("a")).job("b", job);
    assert!(refused(b.try_start(with(NewJob::new("b").key("taken"))).await).contains("jobs[1].key"));
    assert!(refused(b.try_start(with(NewJob::new("x").target_id("film"))).await).contains("jobs[1].unique"));
    let twice = with(NewJob::new("b").key("k")).job("c", NewJob::new("c").key("k"));
    assert!(refused(b.try_start(twice).await).contains("jobs[2].key"));
    assert!(refused(b.try_start(with(NewJob::new("b").depends_on([99]))).await).contains("no job 99"));
    assert_eq!(b.picture().await, before);
}

async fn the_whole_is_called_off(b: &TestStore) {
    let id = b.start(diamond().job("e", NewJob::new("e"))).await;
    let outside = b.enqueue(NewJob::new("o").depends_on([b.node(id, "d").await.id])).await;
    let running = b.claim_one("a").await;
    assert!(!b.cancel_workflow(id).await.unwrap());
    assert_eq!(b.states(id).await, "d:cancelled a:running b:cancelled c:cancelled e:cancelled");
    assert_eq!(b.told().pop().unwrap().stop, [claim_of(&running)]);
    assert_eq!(b.state(outside).await, State::Cancelled);
    assert!(b.workflow(id).await.unwrap().info.cancel_requested_at.is_some());
    assert!(refused(b.retry_workflow(id, None).await).contains("is being cancelled"));
    b.finish(claim_of(&running), fatal()).await;
    let over = b.workflow(id).await.unwrap().info;
    assert_eq!((over.state, over.counts[&State::Cancelled]), (State::Cancelled, 5));
    assert_eq!(b.claim("callback", 9).await.len(), 1);
    assert!(refused(b.cancel_workflow(id).await).contains("cancelled already"));
    assert!(refused(b.cancel_workflow(99).await).contains("workflow 99"));
}

async fn a_success_that_came_first_wins(b: &TestStore) {
    let id = b.start(Workflow::new("w").job("a", NewJob::new("a")).job("b", NewJob::new("b"))).await;
    b.run_one("a", Verdict::Success(None)).await;
    b.run_one("b", fatal()).await;
    assert!(refused(b.cancel_workflow(id).await).contains("failed already"));
    let id = b.start(Workflow::new("w").job("a", NewJob::new("a")).job("b", NewJob::new("b"))).await;
    b.run_one("a", Verdict::Success(None)).await;
    assert!(b.cancel_workflow(id).await.unwrap());
    assert_eq!(b.states(id).await, "a:completed b:cancelled");
    assert_eq!(b.workflow(id).await.unwrap().info.state, State::Cancelled);
}

async fn failures_and_what_comes_after_them_run_again(b: &TestStore) {
    let id = b.start(diamond().job("mop", anyway("mop")).after(["b"])).await;
    b.run_one("a", Verdict::Success(None)).await;
    b.run_one("c", Verdict::Success(None)).await;
    b.run_one("b", fatal()).await;
    b.run_one("mop", Verdict::Success(None)).await;
    assert_eq!(b.states(id).await, "d:cancelled a:completed b:failed c:completed mop:completed");
    assert_eq!(b.claim("callback", 9).await.len(), 1);
    assert_eq!(b.retry_workflow(id, None).await.unwrap(), 3);
    assert_eq!(b.states(id).await, "d:blocked a:completed b:pending c:completed mop:blocked");
    let again = b.workflow(id).await.unwrap().info;
    assert_eq!((again.state, again.completed_at), (State::Running, None));
    assert!(refused(b.retry_workflow(id, None).await).contains("nothing in it has failed"));
    for name in ["b", "mop", "d"] {
        b.run_one(name, Verdict::Success(None)).await;
    }
    assert_eq!(b.workflow(id).await.unwrap().info.state, State::Completed);
    // Each end has a callback of its own.
    assert_eq!(b.claim("callback", 9).await.len(), 1);
}

async fn one_that_completed_runs_again_as_a_whole(b: &TestStore) {
    let id = b.start(diamond()).await;
    for round in 1..=2 {
        for name in ["a", "b", "c", "d"] {
            assert_eq!(b.run_one(name, Verdict::Success(None)).await.attempt, round);
        }
        assert_eq!(b.claim("callback", 9).await.len(), 1);
        if round == 1 {
            assert_eq!(b.retry_workflow(id, None).await.unwrap(), 4);
            assert_eq!(b.states(id).await, "d:blocked a:pending b:blocked c:blocked");
        }
    }
}

async fn from_one_node_on(b: &TestStore) {
    let id = b.start(diamond()).await;
    for name in ["a", "b", "c", "d"] {
        b.run_one(name, Verdict::Success(None)).await;
    }
    assert!(refused(b.retry_workflow(id, Some("x")).await).contains("there is no job \"x\""));
    assert_eq!(b.retry_workflow(id, Some("c")).await.unwrap(), 2);
    assert_eq!(b.states(id).await, "d:blocked a:completed b:completed c:pending");
    assert!(refused(b.retry_workflow(id, Some("a")).await).contains("is pending"));
    assert!(refused(b.retry_workflow(id, Some("d")).await).contains("waits for others"));
    // One that waits for what runs again waits for it too, and is not counted twice.
    assert_eq!(b.retry_workflow(id, Some("b")).await.unwrap(), 1);
    for name in ["c", "b", "d"] {
        b.run_one(name, Verdict::Success(None)).await;
    }
    assert_eq!(b.workflow(id).await.unwrap().info.state, State::Completed);
}

async fn a_retry_of_one_job_takes_the_workflow_up_again(b: &TestStore) {
    let id = b.start(diamond()).await;
    b.run_one("a", fatal()).await;
    assert_eq!(b.workflow(id).await.unwrap().info.state, State::Failed);
    b.retry(b.node(id, "a").await.id).await.unwrap();
    let again = b.workflow(id).await.unwrap().info;
    assert_eq!((again.state, again.completed_at), (State::Running, None));
    b.run_one("a", Verdict::Success(None)).await;
    assert_eq!(b.workflow(id).await.unwrap().info.state, State::Cancelled);
    assert_eq!(b.claim("callback", 9).await.len(), 2);
}

async fn two_rounds_in_one_commit(b: &TestStore) {
    let id = b.start(Workflow::new("w").job("a", NewJob::new("a")).callback(NewJob::new("callback"))).await;
    b.run_one("a", fatal()).await;
    let (a, now) = (b.node(id, "a").await.id, b.now());
    let both = move |tx: &mut callboard::store::Tx<'_>| {
        callboard::store::verbs::retry::retry(tx, a, now)?;
        callboard::store::verbs::cancel::cancel(tx, a, now)
    };
    assert!(b.write(both).await.unwrap());
    assert_eq!(b.workflow(id).await.unwrap().info.state, State::Cancelled);
    assert_eq!(b.claim("callback", 9).await.len(), 1);
}

async fn old_ones_go_as_a_whole(b: &TestStore) {
    let done = b.start(diamond()).await;
    for name in ["a", "b", "c", "d"] {
        b.run_one(name, Verdict::Success(None)).await;
    }
    let open = b.start(diamond()).await;
    b.run_one("a", Verdict::Success(None)).await;
    b.pass(100);
    let old = |before| {
        move |tx: &mut callboard::store::Tx<'_>| {
            callboard::store::verbs::delete::old(tx, State::Completed, before, None, 99)
        }
    };
    assert_eq!(b.write(old(b.now())).await.unwrap(), [], "jobs of workflows do not go one by one");
    let (mut mark, mut gone) = (Some(Mark::default()), 0);
    while let Some(from) = mark {
        let now = b.now();
        let step = b.write(move |tx| expire(tx, State::Completed, now, from, 3)).await.unwrap();
        gone += step.gone.len();
        mark = step.next;
    }
    assert_eq!(gone, 4);
    assert_eq!(b.workflow(done).await, None);
    assert_eq!(b.states(open).await, "d:blocked a:completed b:pending c:pending");
    let early = b.write(|tx| expire(tx, State::Completed, at(0), Mark::default(), 3)).await.unwrap();
    assert_eq!(early.next, None);
}

async fn one_whose_results_are_wanted_stays(b: &TestStore) {
    let id = b.start(Workflow::new("w").job("a", NewJob::new("a")).job("b", NewJob::new("b"))).await;
    let (a, open) = (b.node(id, "a").await.id, b.enqueue(NewJob::new("o")).await);
    let child = b.enqueue(NewJob::new("child").depends_on([a, open])).await;
    b.run_one("a", Verdict::Success(None)).await;
    b.run_one("b", Verdict::Success(None)).await;
    b.pass(100);
    let round = async || {
        let (mut mark, mut gone) = (Some(Mark::default()), 0);
        while let Some(from) = mark {
            let now = b.now();
            let step = b.write(move |tx| expire(tx, State::Completed, now, from, 99)).await.unwrap();
            gone += step.gone.len();
            mark = step.next;
        }
        gone
    };
    assert_eq!(round().await, 1);
    assert_eq!(b.states(id).await, "a:completed");
    b.cancel(child).await.unwrap();
    assert_eq!(round().await, 1);
    assert_eq!(b.workflow(id).await, None);
}

async fn by_hand_they_go_one_by_one_once_it_is_over(b: &TestStore) {
    let id = b.start(Workflow::new("w").job("a", NewJob::new("a")).job("b", NewJob::new("b"))).await;
    let a = b.run_one("a", fatal()).await.id;
    assert!(b.delete(&[a]).await.is_empty());
    let bb = b.run_one("b", Verdict::Success(None)).await.id;
    assert_eq!(b.delete(&[a]).await, [a]);
    let left = b.workflow(id).await.unwrap().info;
    assert_eq!((left.state, left.total()), (State::Failed, 1), "it ended as it ended");
    assert_eq!(b.delete(&[bb]).await, [bb]);
    assert_eq!(b.workflow(id).await, None);
}

async fn ten_thousand(b: &TestStore) {
    let wide = (0..9_998).fold(Workflow::new("wide").job("first", NewJob::new("first")), |w, i| {
        w.job(format!("n{i}"), NewJob::new("n")).after(["first"])
    });
    let all: Vec<String> = (0..9_998).map(|i| format!("n{i}")).collect();
    let id = b.start(wide.job("last", NewJob::new("last")).after(all)).await;
    b.run_one("first", Verdict::Success(None)).await;
    for round in 0..5 {
        let claimed = b.claim("n", 2_000).await;
        let now = b.now();
        let done: Vec<_> = claimed
            .iter()
            .map(|job| callboard::store::verbs::finish::Finished {
                claim: claim_of(job),
                verdict: Verdict::Success(None),
                progress: None,
                backoff: Default::default(),
                luck: 0.5,
            })
            .collect();
        b.write(move |tx| callboard::store::verbs::finish::finish(tx, &done, now)).await.unwrap();
        assert_eq!(b.node(id, "last").await.state == State::Pending, round == 4);
    }
    b.run_one("last", Verdict::Success(None)).await;
    let info = b.workflow(id).await.unwrap().info;
    assert_eq!((info.state, info.total()), (State::Completed, 10_000));
}

on_every_database!(
    a_diamond_from_end_to_end,
    a_failure_goes_its_way_by_the_policies,
    one_that_is_over_at_once,
    a_duplicate_in_it_keeps_out_all,
    the_whole_is_called_off,
    a_success_that_came_first_wins,
    failures_and_what_comes_after_them_run_again,
    one_that_completed_runs_again_as_a_whole,
    from_one_node_on,
    a_retry_of_one_job_takes_the_workflow_up_again,
    two_rounds_in_one_commit,
    old_ones_go_as_a_whole,
    one_whose_results_are_wanted_stays,
    by_hand_they_go_one_by_one_once_it_is_over,
    ten_thousand,
);

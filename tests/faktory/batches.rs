//! Batches: jobs that are called back about as a whole.

use std::time::Duration;

use callboard::domain::State;
use serde_json::{Value, json};

use crate::board::{Board, test};
use crate::client::Client;

/// Begins a batch with both callbacks; its id.
async fn begin(client: &mut Client, more: Value) -> String {
    let callback = |jid: &str, kind: &str| json!({"jid": jid, "jobtype": kind, "args": [], "queue": "calls"});
    let mut batch = json!({
        "description": "pictures",
        "success": callback("success1", "tell"),
        "complete": callback("complete", "count"),
    });
    batch.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let bid = client.ask(&format!("BATCH NEW {batch}")).await;
    assert!(bid.starts_with("b-"), "{bid}");
    bid
}

async fn push(client: &mut Client, bid: &str, jid: &str) {
    let job = json!({"jid": jid, "jobtype": "a", "args": [], "retry": 2, "custom": {"bid": bid}});
    client.push(&job).await;
}

async fn status(client: &mut Client, bid: &str) -> Value {
    client.ask_json(&format!("BATCH STATUS {bid}")).await
}

fn numbers(status: &Value) -> [&Value; 5] {
    ["total", "pending", "failed", "complete_st", "success_st"].map(|name| &status[name])
}

async fn done(client: &mut Client, queue: &str, jid: &str) {
    assert_eq!(client.fetch(queue).await["jid"], jid);
    assert_eq!(client.ask(&format!("ACK {{\"jid\":\"{jid}\"}}")).await, "+OK");
}

async fn nothing_in(board: &Board, client: &mut Client, queue: &str) {
    let (answer, _) = board.while_time_passes(client.ask(&format!("FETCH {queue}"))).await;
    assert_eq!(answer, "$-1");
}

#[test]
fn callbacks_come_after_the_commit_and_one_after_the_other() {
    test(async |board| {
        let mut client = board.client().await;
        let bid = begin(&mut client, json!({})).await;
        for jid in ["11111111", "22222222"] {
            push(&mut client, &bid, jid).await;
        }
        let new = status(&mut client, &bid).await;
        assert_eq!((&new["bid"], &new["description"]), (&json!(bid), &json!("pictures")));
        assert_eq!(new["created_at"], board.clock.now().to_string());
        assert!(new.get("parent_bid").is_none());
        assert_eq!(numbers(&new), [&json!(2), &json!(2), &json!(0), &json!(""), &json!("")]);
        done(&mut client, "default", "11111111").await;
        done(&mut client, "default", "22222222").await;
        nothing_in(board, &mut client, "calls").await;
        let all = status(&mut client, &bid).await;
        assert_eq!(numbers(&all), [&json!(2), &json!(0), &json!(0), &json!(""), &json!("")]);
        assert_eq!(client.ask(&format!("BATCH COMMIT {bid}")).await, "+OK");
        let called = status(&mut client, &bid).await;
        assert_eq!(numbers(&called), [&json!(2), &json!(0), &json!(0), &json!("1"), &json!("")]);
        let first = client.fetch("calls").await;
        assert_eq!((&first["jid"], &first["custom"]["_bid"]), (&json!("complete"), &json!(bid)));
        // The one for success is not made before the other one is done.
        nothing_in(board, &mut client, "calls").await;
        assert_eq!(client.ask("ACK {\"jid\":\"complete\"}").await, "+OK");
        done(&mut client, "calls", "success1").await;
        let over = status(&mut client, &bid).await;
        assert_eq!(numbers(&over), [&json!(2), &json!(0), &json!(0), &json!("2"), &json!("2")]);
        let workflow = board.callboard.workflow(1).await.unwrap();
        assert_eq!(
            (workflow.info.state, workflow.info.name.as_deref()),
            (State::Completed, Some("pictures"))
        );
        let names: Vec<_> = workflow.jobs.iter().map(|job| job.name.as_str()).collect();
        assert_eq!(names, ["11111111", "22222222", "on complete", "on success"]);
        assert!(client.ask(&format!("BATCH OPEN {bid}")).await.starts_with("-ERR"));
    });
}

#[test]
fn a_failure_counts_as_run_but_not_as_success() {
    test(async |board| {
        let mut client = board.client().await;
        let bid = begin(&mut client, json!({})).await;
        push(&mut client, &bid, "11111111").await;
        push(&mut client, &bid, "22222222").await;
        assert_eq!(client.ask(&format!("BATCH COMMIT {bid}")).await, "+OK");
        client.fetch("default").await;
        assert_eq!(client.ask("FAIL {\"jid\":\"11111111\"}").await, "+OK");
        done(&mut client, "default", "22222222").await;
        // The first one waits for another go.
        done(&mut client, "calls", "complete").await;
        let failed = status(&mut client, &bid).await;
        assert_eq!(numbers(&failed), [&json!(2), &json!(1), &json!(1), &json!("2"), &json!("")]);
        board.pass(60).await;
        done(&mut client, "default", "11111111").await;
        done(&mut client, "calls", "success1").await;
        let over = status(&mut client, &bid).await;
        assert_eq!(numbers(&over), [&json!(2), &json!(0), &json!(0), &json!("2"), &json!("2")]);
    });
}

#[test]
fn a_job_of_a_batch_adds_to_it_while_it_runs() {
    test(async |board| {
        let mut client = board.client().await;
        let bid = begin(&mut client, json!({"complete": null})).await;
        push(&mut client, &bid, "11111111").await;
        assert_eq!(client.ask(&format!("BATCH COMMIT {bid}")).await, "+OK");
        assert_eq!(client.fetch("default").await["custom"]["bid"], bid.as_str());
        assert_eq!(client.ask(&format!("BATCH OPEN {bid}")).await, bid);
        push(&mut client, &bid, "22222222").await;
        assert_eq!(client.ask("ACK {\"jid\":\"11111111\"}").await, "+OK");
        done(&mut client, "default", "22222222").await;
        nothing_in(board, &mut client, "calls").await;
        assert_eq!(client.ask(&format!("BATCH COMMIT {bid}")).await, "+OK");
        done(&mut client, "calls", "success1").await;
        let refused = json!({"jid": "33333333", "jobtype": "a", "args": [], "custom": {"bid": bid}});
        assert!(client.ask(&format!("PUSH {refused}")).await.contains("takes no more jobs"));
        let unknown = json!({"jid": "33333333", "jobtype": "a", "args": [], "custom": {"bid": "b-99"}});
        assert!(client.ask(&format!("PUSH {unknown}")).await.contains("no batch b-99"));
    });
}

#[test]
fn what_a_batch_is_part_of_waits_for_its_callbacks() {
    test(async |board| {
        let mut client = board.client().await;
        let outer = begin(&mut client, json!({})).await;
        push(&mut client, &outer, "11111111").await;
        let callback = json!({"jid": "inner-ok", "jobtype": "tell", "args": [], "queue": "inner"});
        let inner = json!({"parent_bid": outer, "success": callback, "complete": null});
        let inner = begin(&mut client, inner).await;
        push(&mut client, &inner, "22222222").await;
        for bid in [&inner, &outer] {
            assert_eq!(client.ask(&format!("BATCH COMMIT {bid}")).await, "+OK");
        }
        let told = status(&mut client, &inner).await;
        assert_eq!((&told["parent_bid"], &told["total"]), (&json!(outer), &json!(1)));
        assert_eq!(status(&mut client, &outer).await["total"], 1);
        done(&mut client, "default", "11111111").await;
        nothing_in(board, &mut client, "calls").await;
        client.fetch("default").await;
        assert_eq!(client.ask("FAIL {\"jid\":\"22222222\"}").await, "+OK");
        // All have run once, so the outer one is complete, and not yet a success.
        done(&mut client, "calls", "complete").await;
        board.pass(60).await;
        done(&mut client, "default", "22222222").await;
        nothing_in(board, &mut client, "calls").await;
        done(&mut client, "inner", "inner-ok").await;
        done(&mut client, "calls", "success1").await;
        let workflow = board.callboard.workflow(1).await.unwrap();
        assert_eq!(workflow.info.state, State::Completed);
        assert_eq!(workflow.jobs[1].child_workflow_id, Some(2));
    });
}

#[test]
fn one_that_nobody_commits_calls_nobody_back() {
    test(async |board| {
        let mut client = board.client().await;
        let bid = begin(&mut client, json!({})).await;
        push(&mut client, &bid, "11111111").await;
        let empty = begin(&mut client, json!({})).await;
        board.clock.advance(Duration::from_secs(30 * 60));
        board.pass(6).await;
        assert_eq!(client.ask(&format!("BATCH STATUS {bid}")).await, format!("-ERR No such batch {bid}"));
        assert_eq!(client.ask(&format!("BATCH COMMIT {empty}")).await, format!("-ERR No such batch {empty}"));
        done(&mut client, "default", "11111111").await;
        nothing_in(board, &mut client, "calls").await;
        assert_eq!(board.callboard.workflow(1).await.unwrap().info.state, State::Completed);
    });
}

#[test]
fn an_empty_one_calls_back_at_once() {
    test(async |board| {
        let mut client = board.client().await;
        let bid = begin(&mut client, json!({"description": null})).await;
        assert_eq!(client.ask(&format!("BATCH COMMIT {bid}")).await, "+OK");
        board.restart().await;
        let mut client = board.client().await;
        done(&mut client, "calls", "complete").await;
        done(&mut client, "calls", "success1").await;
        assert_eq!(numbers(&status(&mut client, &bid).await)[0], &json!(0));
        board.clock.advance(Duration::from_secs(8 * 86_400));
        board.callboard.cleanup(Duration::from_secs(7 * 86_400), false).await.unwrap();
        assert!(board.callboard.workflow(1).await.is_err());
        assert_eq!(client.ask(&format!("BATCH STATUS {bid}")).await, format!("-ERR No such batch {bid}"));
    });
}

#[test]
fn jobs_that_are_done_here_count_too() {
    test(async |board| {
        let mut client = board.client().await;
        let callback = json!({"jobtype": "noop", "args": [{}]});
        let batch = json!({"success": callback});
        let bid = client.ask(&format!("BATCH NEW {batch}")).await;
        let job = json!({"jid": "11111111", "jobtype": "noop", "args": [{}], "custom": {"bid": bid}});
        client.push(&job).await;
        assert_eq!(client.ask(&format!("BATCH COMMIT {bid}")).await, "+OK");
        for id in [1, 2] {
            board.callboard.job_at_end(id, Duration::from_secs(60)).await.unwrap();
        }
        assert_eq!(board.callboard.workflow(1).await.unwrap().info.state, State::Completed);
        assert_eq!(status(&mut client, &bid).await["success_st"], "2");
    });
}

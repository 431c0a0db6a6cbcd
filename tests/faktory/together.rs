//! Jobs of theirs that are done here, and of ours that are done there.

use callboard::NewJob;
use callboard::domain::State;
use callboard::runtime::hub::Wish;
use futures_util::StreamExt;
use serde_json::json;

use crate::board::test;

#[test]
fn a_job_of_ours_waits_for_a_worker_elsewhere() {
    test(async |board| {
        let job = NewJob::new("elsewhere").args(&json!({"url": "x"})).unwrap();
        let id = board.callboard.enqueue(job).await.unwrap().job.id;
        let waits =
            serde_json::to_value(board.callboard.job(id).await.unwrap()).unwrap()["waiting_for"].clone();
        assert_eq!(waits["reason"], "no_worker");
        assert!(waits["detail"].as_str().unwrap().contains("remote worker"), "{waits}");
        let mut worker = board.worker("w1").await;
        let fetched = worker.fetch("default").await;
        assert_eq!(fetched["jid"], format!("callboard-{id}"));
        assert_eq!((&fetched["args"], &fetched["retry"]), (&json!([{"url": "x"}]), &json!(3)));
        assert_eq!(board.callboard.job(id).await.unwrap().worker_id.as_deref(), Some("remote/w1"));
        assert_eq!(worker.ask(&format!("FAIL {{\"jid\":\"callboard-{id}\"}}")).await, "+OK");
        let failed = board.callboard.job(id).await.unwrap();
        assert_eq!((failed.state, failed.retry_count), (State::Retrying, 1));
        // By our rules: a second, not fifteen.
        assert!(failed.run_at.unwrap().since(board.clock.now()).as_secs() < 3);
    });
}

#[test]
fn a_job_of_theirs_is_done_here_when_there_is_a_worker() {
    test(async |board| {
        let mut events = board
            .callboard
            .hub()
            .subscribe(Wish::all(callboard::domain::JobFilter::default()))
            .await
            .unwrap();
        let mut client = board.client().await;
        client.push(&json!({"jid": "12345678", "jobtype": "sleep", "args": [{"secs": 0}]})).await;
        while events.next().await.unwrap().state().is_none_or(|(state, _)| state != State::Completed) {}
        let (nothing, _) = board.while_time_passes(client.ask("FETCH default")).await;
        assert_eq!(nothing, "$-1");
        assert_eq!(client.ask_json("TRACK GET 12345678").await["state"], "success");
    });
}

#[test]
fn a_cancel_is_heeded_with_the_report() {
    test(async |board| {
        let mut worker = board.client().await;
        worker.push(&json!({"jid": "12345678", "jobtype": "a", "args": []})).await;
        worker.fetch("default").await;
        assert!(!board.callboard.cancel(1).await.unwrap().at_once);
        assert_eq!(worker.ask("FAIL {\"jid\":\"12345678\"}").await, "+OK");
        assert_eq!(board.callboard.job(1).await.unwrap().state, State::Cancelled);
    });
}

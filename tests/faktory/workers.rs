//! Workers: signs of life, quiet and terminate.

use std::time::Duration;

use callboard::metrics::Format;
use callboard::runtime::remote::Asked;
use serde_json::json;

use crate::board::{Board, test};
use crate::client::Client;

#[test]
fn a_worker_is_told_to_be_quiet_and_to_end() {
    test(async |board| {
        let mut worker = board.worker("w1").await;
        assert_eq!(worker.ask("BEAT {\"wid\":\"w1\",\"rss_kb\":54176}").await, "+OK");
        let known = board.callboard.remote_workers().list();
        assert_eq!((known[0].wid.as_str(), known[0].pid, known[0].rss_kb), ("w1", Some(7), Some(54_176)));
        assert_eq!(known[0].labels, ["l"]);
        board.callboard.remote_workers().ask(Some("w1"), Asked::Quiet);
        assert_eq!(worker.ask("BEAT {\"wid\":\"w1\"}").await, "{\"state\":\"quiet\"}");
        worker.push(&json!({"jid": "12345678", "jobtype": "a", "args": []})).await;
        let (answer, passed) = board.while_time_passes(worker.ask("FETCH default")).await;
        assert_eq!((answer.as_str(), passed >= Duration::from_secs(2)), ("$-1", true));
        let said = "BEAT {\"wid\":\"w1\",\"current_state\":\"terminate\"}";
        assert_eq!(worker.ask(said).await, "{\"state\":\"terminate\"}");
        assert_eq!(
            worker.ask("BEAT {\"wid\":\"w1\",\"current_state\":\"quiet\"}").await,
            "{\"state\":\"terminate\"}"
        );
    });
}

#[test]
fn a_silent_worker_is_sent_away_and_what_it_held_goes_back() {
    test(async |board| {
        let (mut silent, mut producer) = (board.worker("w1").await, board.client().await);
        producer.push(&json!({"jid": "12345678", "jobtype": "a", "args": []})).await;
        silent.fetch("default").await;
        let (again, _) = board
            .while_time_passes(async {
                loop {
                    let answer = producer.ask("FETCH default").await;
                    if answer != "$-1" {
                        return answer;
                    }
                }
            })
            .await;
        assert!(again.contains("12345678"));
        assert_eq!(silent.read().await, "closed");
        let job = board.callboard.job(1).await.unwrap();
        assert_eq!((job.attempt, job.crash_count, job.retry_count), (2, 1, 0));
        assert!(board.callboard.remote_workers().list().is_empty());
    });
}

#[test]
fn a_closed_connection_keeps_its_jobs() {
    test(async |board| {
        let mut worker = board.worker("w1").await;
        worker.push(&json!({"jid": "12345678", "jobtype": "a", "args": []})).await;
        worker.fetch("default").await;
        drop(worker);
        while !board.callboard.remote_workers().list().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(board.callboard.job(1).await.unwrap().state.as_str(), "running");
        assert_eq!(board.client().await.ask("ACK {\"jid\":\"12345678\"}").await, "+OK");
        assert_eq!(board.callboard.job(1).await.unwrap().state.as_str(), "completed");
    });
}

#[test]
fn progress_is_told_and_lengthens_a_reservation() {
    test(async |board| {
        let mut worker = board.client().await;
        worker.push(&json!({"jid": "12345678", "jobtype": "a", "args": [], "reserve_for": 60})).await;
        assert_eq!(worker.ask_json("TRACK GET 12345678").await["state"], "enqueued");
        worker.fetch("default").await;
        let until = board.clock.now().plus(Duration::from_secs(600));
        let set = json!({"jid": "12345678", "percent": 40, "desc": "half", "reserve_until": until});
        assert_eq!(worker.ask(&format!("TRACK SET {set}")).await, "+OK");
        let told = worker.ask_json("TRACK GET 12345678").await;
        assert_eq!(
            (&told["state"], &told["percent"], &told["desc"]),
            (&json!("working"), &json!(40.0), &json!("half"))
        );
        board.pass(70).await;
        let job = board.callboard.job(1).await.unwrap();
        assert_eq!((job.state.as_str(), job.progress.percent), ("running", 40.0));
        assert_eq!(worker.ask("ACK {\"jid\":\"12345678\"}").await, "+OK");
        assert_eq!(worker.ask_json("TRACK GET 12345678").await["state"], "success");
        assert_eq!(worker.ask_json("TRACK GET nobodys-job").await["state"], "unknown");
        assert!(worker.ask(&format!("TRACK SET {set}")).await.starts_with("-ERR Job not found"));
    });
}

/// Writes that callers have asked of the store so far.
async fn writes(board: &Board) -> u64 {
    let text = board.callboard.metrics_text(Format::default()).await.unwrap();
    let count = text.lines().find_map(|line| line.strip_prefix("callboard_store_write_seconds_count "));
    count.unwrap().parse().unwrap()
}

#[test]
fn many_who_wait_for_nothing_are_no_work() {
    test(async |board| {
        let (mut producer, mut waiting) = (board.client().await, Vec::new());
        for _ in 0..300 {
            waiting.push(board.client().await);
        }
        // The next heartbeat, which has all of them looked for once more, comes while they wait.
        board.pass(4).await;
        for client in &mut waiting {
            client.send(b"FETCH quiet\r\n").await;
        }
        board.pass(1).await;
        let before = writes(board).await;
        for _ in 0..300 {
            producer.ask("INFO").await;
        }
        let made = writes(board).await - before;
        // On a busy machine some are heard only now, and looked for once each.
        assert!(made < 300, "{made} writes for nothing");
        let answers = futures_util::future::join_all(waiting.iter_mut().map(Client::read));
        let (answers, _) = board.while_time_passes(answers).await;
        assert!(answers.iter().all(|answer| answer == "$-1"), "{answers:?}");
    });
}

//! Limits and pauses of job types that remote workers run.

use std::time::Duration;

use callboard::domain::RateLimit;
use callboard::runtime::callboard::JobTypePatch;
use serde_json::{Value, json};

use crate::board::{Board, test, test_with};
use crate::client::Client;

async fn push(client: &mut Client, jids: &[&str]) {
    for jid in jids {
        client.push(&json!({"jid": jid, "jobtype": "Resize", "args": []})).await;
    }
}

async fn nothing(board: &Board, client: &mut Client) {
    let (answer, _) = board.while_time_passes(client.ask("FETCH default")).await;
    assert_eq!(answer, "$-1");
}

async fn waiting_for(board: &Board, id: i64) -> Value {
    serde_json::to_value(board.callboard.job(id).await.unwrap().waiting_for).unwrap()["reason"].clone()
}

#[test]
fn so_many_at_once_and_no_more() {
    test(async |board| {
        let patch = JobTypePatch { concurrency: Some(1), ..JobTypePatch::default() };
        let changed = board.callboard.patch_job_type("Resize", patch).await.unwrap();
        assert_eq!((changed.concurrency, changed.available), (1, true));
        board.restart().await;
        let mut worker = board.worker("w1").await;
        push(&mut worker, &["11111111", "22222222"]).await;
        assert_eq!(waiting_for(board, 1).await, "no_worker");
        assert_eq!(worker.fetch("default").await["jid"], "11111111");
        assert_eq!(waiting_for(board, 2).await, "concurrency");
        nothing(board, &mut worker).await;
        let (second, ack) = (worker.ask("FETCH default"), async {
            let mut other = board.client().await;
            assert_eq!(other.ask("ACK {\"jid\":\"11111111\"}").await, "+OK");
        });
        let (second, ()) = futures_util::future::join(second, ack).await;
        assert!(second.contains("22222222"), "{second}");
        let known = board.callboard.plain_job_types().await.unwrap();
        let resize = known.iter().find(|info| info.name == "Resize").unwrap();
        assert_eq!((resize.running, resize.concurrency), (1, 1));
    });
}

#[test]
fn so_many_starts_in_a_span_of_time() {
    test(async |board| {
        let limit = RateLimit { limit: 1, per_secs: 30.0, key: None };
        let patch = JobTypePatch { rate_limit: Some(Some(limit)), ..JobTypePatch::default() };
        board.callboard.patch_job_type("Resize", patch).await.unwrap();
        let mut worker = board.worker("w1").await;
        push(&mut worker, &["11111111", "22222222"]).await;
        worker.fetch("default").await;
        nothing(board, &mut worker).await;
        assert_eq!(waiting_for(board, 2).await, "rate_limit");
        let (second, passed) = board
            .while_time_passes(async {
                loop {
                    let answer = worker.ask("FETCH default").await;
                    if answer != "$-1" {
                        return answer;
                    }
                }
            })
            .await;
        // A busy machine answers late on a clock that runs a hundred times as fast.
        assert!(
            second.contains("22222222") && passed < Duration::from_secs(120),
            "{second} after {passed:?}"
        );
    });
}

#[test]
fn what_is_paused_is_not_handed_out() {
    test(async |board| {
        let mut worker = board.worker("w1").await;
        let paused = board.callboard.pause_job_type("Resize", true).await.unwrap();
        assert!(paused.paused);
        push(&mut worker, &["11111111"]).await;
        nothing(board, &mut worker).await;
        assert_eq!(waiting_for(board, 1).await, "paused");
        board.callboard.pause_job_type("Resize", false).await.unwrap();
        assert_eq!(waiting_for(board, 1).await, Value::Null, "its worker is about to fetch it");
        assert_eq!(worker.fetch("default").await["jid"], "11111111");
        assert!(board.callboard.pause_job_type("not a type", true).await.is_err());
        assert!(board.callboard.job_type("Unheard").await.is_err());
    });
}

#[test]
fn the_configuration_limits_them_too() {
    let two = |config: &mut callboard::config::Config| {
        let said = callboard::config::JobTypeConfig { global_concurrency: Some(2), ..Default::default() };
        config.job_types.insert("Resize".into(), said);
    };
    test_with(two, async |board| {
        let mut worker = board.worker("w1").await;
        push(&mut worker, &["11111111", "22222222", "33333333"]).await;
        for _ in 0..2 {
            worker.fetch("default").await;
        }
        nothing(board, &mut worker).await;
        assert_eq!(waiting_for(board, 3).await, "concurrency");
    });
}

#[test]
fn ids_and_types_of_any_kind_come_back_as_they_were() {
    test(async |board| {
        let mut worker = board.worker("w1").await;
        let long = "j".repeat(3000);
        for (jid, kind) in [(long.as_str(), "send mail!"), ("eight\0by", "über"), ("12345678", "bulk")] {
            let job = json!({"jid": jid, "jobtype": kind, "args": [kind]});
            worker.push(&job).await;
            let held = worker.fetch("default").await;
            assert_eq!((&held["jid"], &held["jobtype"]), (&json!(jid), &json!(kind)));
            let ack = json!({ "jid": jid });
            if !jid.contains('\0') {
                assert_eq!(worker.ask_json(&format!("TRACK GET {jid}")).await["state"], "working");
            }
            assert_eq!(worker.ask(&format!("ACK {ack}")).await, "+OK");
        }
        let info = worker.ask_json("INFO").await;
        assert_eq!(info["faktory"]["total_processed"], 3);
        let at = board.clock.now().plus(Duration::from_secs(3600)).to_string();
        worker.push(&json!({"jid": long, "jobtype": "send mail!", "args": [], "at": at})).await;
        let discard = json!({"cmd": "discard", "target": "scheduled", "filter": {"jobtype": "send mail!"}});
        assert_eq!(worker.ask(&format!("MUTATE {discard}")).await, "+OK");
        assert_eq!(worker.ask_json("INFO").await["faktory"]["sets"]["scheduled"], 0);
    });
}

#[test]
fn a_beat_with_progress_makes_a_reservation_longer() {
    test(async |board| {
        let mut worker = board.worker("w1").await;
        worker.push(&json!({"jid": "12345678", "jobtype": "a", "args": [], "reserve_for": 60})).await;
        worker.fetch("default").await;
        let beat = json!({"wid": "w1", "progress": [{"jid": "12345678", "percent": 40, "desc": "half"}]});
        for _ in 0..3 {
            board.pass(40).await;
            assert_eq!(worker.ask(&format!("BEAT {beat}")).await, "+OK");
        }
        let job = board.callboard.job(1).await.unwrap();
        assert_eq!((job.state.as_str(), job.progress.percent), ("running", 40.0));
        let running = board.callboard.workers().await.unwrap();
        let its = running.iter().find(|view| view.worker_id == "remote/w1").unwrap();
        assert_eq!((its.job_id, its.attempt, its.progress.percent), (1, 1, 40.0));
        for _ in 0..2 {
            board.pass(40).await;
            assert_eq!(worker.ask("BEAT {\"wid\":\"w1\"}").await, "+OK");
        }
        assert_eq!(board.callboard.job(1).await.unwrap().retry_count, 1, "without progress it is over");
        assert_eq!(worker.ask(&format!("BEAT {beat}")).await, "+OK", "what is over needs no word");
    });
}

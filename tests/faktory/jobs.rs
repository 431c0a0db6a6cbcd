//! Pushing, fetching and reporting.

use std::time::Duration;

use serde_json::{Value, json};

use crate::board::{Board, test};

fn job(jid: &str) -> Value {
    json!({"jid": jid, "jobtype": "Resize", "args": [jid]})
}

async fn totals(board: &Board) -> (i64, i64) {
    let totals = board.callboard.remote_totals().await.unwrap();
    (totals.processed, totals.failures)
}

#[test]
fn a_job_goes_round() {
    test(async |board| {
        let mut client = board.client().await;
        let pushed = json!({
            "jid": "9Hq2bLwV0sXkT1aC", "jobtype": "Resize", "args": [17, "large", 9_007_199_254_740_993_i64],
            "custom": {"locale": "fr"}, "priority": 9, "unknown": [],
        });
        client.push(&pushed).await;
        let fetched = client.fetch("other default").await;
        for (field, expected) in [
            ("jid", json!("9Hq2bLwV0sXkT1aC")),
            ("jobtype", json!("Resize")),
            ("args", pushed["args"].clone()),
            ("queue", json!("default")),
            ("retry", json!(25)),
            ("reserve_for", json!(1800)),
            ("custom", json!({"locale": "fr"})),
        ] {
            assert_eq!(fetched[field], expected, "{field}");
        }
        assert!(fetched["created_at"].is_string() && fetched["enqueued_at"].is_string());
        assert!(fetched.get("at").is_none() && fetched.get("failure").is_none());
        assert_eq!(client.ask("ACK {\"jid\":\"9Hq2bLwV0sXkT1aC\"}").await, "+OK");
        assert_eq!(board.callboard.job(1).await.unwrap().state.as_str(), "completed");
        // A second one changes nothing.
        assert_eq!(client.ask("ACK {\"jid\":\"9Hq2bLwV0sXkT1aC\"}").await, "+OK");
        assert_eq!(totals(board).await, (1, 0));
    });
}

#[test]
fn first_in_first_out_and_queues_in_order() {
    test(async |board| {
        let mut client = board.client().await;
        let of = |jid: &str, queue: &str| json!({"jid": jid, "jobtype": format!("T{}", &jid[jid.len() - 1..]), "args": [], "queue": queue});
        let jobs = json!([of("11111111", "b"), of("22222222", "a"), of("33333333", "a"), of("x", "a")]);
        let refused = client.ask_json(&format!("PUSHB {jobs}")).await;
        assert_eq!(refused, json!({"x": "jobs must have a reasonable jid parameter"}));
        for expected in ["22222222", "33333333", "11111111"] {
            assert_eq!(client.fetch("a b").await["jid"], expected);
        }
        assert_eq!(client.ask("PUSHB []").await, "{}");
    });
}

#[test]
fn a_fetch_waits_two_seconds_on_all_its_queues() {
    test(async |board| {
        let (mut waiting, mut other) = (board.client().await, board.client().await);
        let (answer, passed) = board.while_time_passes(waiting.ask("FETCH a b")).await;
        assert_eq!(answer, "$-1");
        assert!((2_000..3_000).contains(&passed.as_millis()), "{passed:?}");
        let (fetched, ()) = futures_util::join!(waiting.fetch("a b"), async {
            other.push(&json!({"jid": "12345678", "jobtype": "t", "args": [], "queue": "b"})).await;
        });
        assert_eq!(fetched["jid"], "12345678");
    });
}

#[test]
fn the_same_id_may_be_pushed_twice() {
    test(async |board| {
        let mut client = board.client().await;
        client.push(&job("12345678")).await;
        client.push(&job("12345678")).await;
        for _ in 0..2 {
            assert_eq!(client.fetch("default").await["jid"], "12345678");
            assert_eq!(client.ask("ACK {\"jid\":\"12345678\"}").await, "+OK");
        }
        assert_eq!(totals(board).await, (2, 0));
    });
}

#[test]
fn a_time_in_the_future_is_waited_for() {
    test(async |board| {
        let mut client = board.client().await;
        let at = board.clock.now().plus(Duration::from_secs(60));
        let mut later = job("12345678");
        later["at"] = json!(at.to_string());
        client.push(&later).await;
        assert_eq!(client.ask_json("INFO").await["faktory"]["sets"]["scheduled"], 1);
        let fetched = board.while_time_passes(async {
            loop {
                match client.ask("FETCH default").await.as_str() {
                    "$-1" => {}
                    job => return serde_json::from_str::<Value>(job).unwrap(),
                }
            }
        });
        let (fetched, passed) = fetched.await;
        assert!((60..66).contains(&passed.as_secs()), "{passed:?}");
        assert_eq!(fetched["at"], json!(at.to_string().replace(".000Z", "Z")));
    });
}

#[test]
fn failures_come_back_and_tell_what_went_wrong() {
    test(async |board| {
        let mut client = board.client().await;
        let mut twice = job("12345678");
        twice["retry"] = json!(1);
        client.push(&twice).await;
        client.fetch("default").await;
        let fail = r#"FAIL {"jid":"12345678","errtype":"TypeError","message":" no ","backtrace":["a","b"]}"#;
        assert_eq!(client.ask(fail).await, "+OK");
        assert!(client.ask(fail).await.starts_with("-ERR Job not found"));
        assert_eq!(
            board.callboard.job(1).await.unwrap().error.as_deref(),
            Some("TypeError: no\n    a\n    b")
        );
        let (again, passed) = board
            .while_time_passes(async {
                loop {
                    match client.ask("FETCH default").await.as_str() {
                        "$-1" => {}
                        job => return serde_json::from_str::<Value>(job).unwrap(),
                    }
                }
            })
            .await;
        assert!((15..48).contains(&passed.as_secs()), "{passed:?}");
        let failure = &again["failure"];
        assert_eq!((&failure["retry_count"], &failure["remaining"]), (&json!(0), &json!(1)));
        assert_eq!((&failure["errtype"], &failure["message"]), (&json!("TypeError"), &json!("no")));
        assert_eq!(failure["backtrace"], json!(["a", "b"]));
        assert_eq!(client.ask("FAIL {\"jid\":\"12345678\"}").await, "+OK");
        let info = client.ask_json("INFO").await;
        assert_eq!(
            (&info["faktory"]["sets"]["dead"], &info["faktory"]["total_failures"]),
            (&json!(1), &json!(2))
        );
    });
}

#[test]
fn without_retries_a_failure_ends_it() {
    test(async |board| {
        let mut client = board.client().await;
        for (retry, dead) in [(0, 0), (-1, 1)] {
            let mut once = job("12345678");
            once["retry"] = json!(retry);
            client.push(&once).await;
            client.fetch("default").await;
            assert_eq!(client.ask("FAIL {\"jid\":\"12345678\"}").await, "+OK");
            let sets = client.ask_json("INFO").await["faktory"]["sets"].clone();
            assert_eq!(sets, json!({"scheduled": 0, "retries": 0, "dead": dead, "working": 0}));
        }
        assert!(board.callboard.job(1).await.is_err());
    });
}

#[test]
fn a_reservation_ends_and_a_late_report_changes_nothing() {
    test(async |board| {
        let (mut slow, mut other) = (board.worker("slow").await, board.worker("other").await);
        let mut short = job("12345678");
        short["reserve_for"] = json!(60);
        other.push(&short).await;
        slow.fetch("default").await;
        board.pass(50).await;
        for worker in ["slow", "other"] {
            assert_eq!(other.ask(&format!("BEAT {{\"wid\":\"{worker}\"}}")).await, "+OK");
        }
        board.pass(20).await;
        let kept = board.callboard.job(1).await.unwrap();
        assert_eq!(kept.error.as_deref(), Some("ReservationExpired: Faktory job reservation expired"));
        let (again, _) = board
            .while_time_passes(async {
                loop {
                    assert_eq!(other.ask("BEAT {\"wid\":\"slow\"}").await, "+OK");
                    assert_eq!(other.ask("BEAT {\"wid\":\"other\"}").await, "+OK");
                    match other.ask("FETCH default").await.as_str() {
                        "$-1" => {}
                        job => return serde_json::from_str::<Value>(job).unwrap(),
                    }
                }
            })
            .await;
        assert_eq!(again["failure"]["errtype"], "ReservationExpired");
        // It speaks of the attempt that it has lost.
        assert_eq!(slow.ask("ACK {\"jid\":\"12345678\"}").await, "+OK");
        assert_eq!(board.callboard.job(1).await.unwrap().state.as_str(), "running");
        assert_eq!(other.ask("ACK {\"jid\":\"12345678\"}").await, "+OK");
        let done = board.callboard.job(1).await.unwrap();
        let outcomes: Vec<_> = done.attempts.unwrap().iter().map(|a| a.outcome.unwrap().as_str()).collect();
        assert_eq!((done.state.as_str(), outcomes), ("completed", vec!["timeout", "success"]));
    });
}

#[test]
fn reservations_outlive_the_server() {
    test(async |board| {
        let mut client = board.client().await;
        for jid in ["11111111", "22222222", "33333333"] {
            client.push(&job(jid)).await;
        }
        client.fetch("default").await;
        client.fetch("default").await;
        board.restart().await;
        let mut client = board.client().await;
        assert_eq!(client.fetch("default").await["jid"], "33333333");
        assert_eq!(client.ask("ACK {\"jid\":\"11111111\"}").await, "+OK");
        assert_eq!(client.ask("FAIL {\"jid\":\"22222222\"}").await, "+OK");
        assert_eq!(totals(board).await, (2, 1));
        assert_eq!(board.callboard.recover_stale().await.unwrap(), 0);
    });
}

#[test]
fn equal_jobs_are_refused_when_they_ask_for_it() {
    test(async |board| {
        let mut client = board.client().await;
        let unique = |jid: &str, until: &str| json!({"jid": jid, "jobtype": "u", "args": [1], "custom": {"unique_for": 3600, "unique_until": until}});
        client.push(&unique("11111111", "start")).await;
        let second = unique("22222222", "start");
        assert_eq!(client.ask(&format!("PUSH {second}")).await, "-NOTUNIQUE Job not unique");
        assert_eq!(client.ask(&format!("PUSHB [{second}]")).await, "{\"22222222\":\"Job not unique\"}");
        client.fetch("default").await;
        client.push(&second).await;
    });
}

#[test]
fn what_is_too_old_is_not_handed_out() {
    test(async |board| {
        let mut client = board.client().await;
        let mut old = job("11111111");
        old["custom"] = json!({"expires_at": board.clock.now().to_string()});
        client.push(&old).await;
        client.push(&job("22222222")).await;
        assert_eq!(client.fetch("default").await["jid"], "22222222");
        assert_eq!(board.callboard.job(1).await.unwrap().state.as_str(), "cancelled");
    });
}

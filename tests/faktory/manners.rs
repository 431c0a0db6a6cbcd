//! Lines, greetings, errors and ends.

use callboard::domain::audit::{AuditFilter, Verb};
use serde_json::json;

use crate::board::{test, test_with};
use crate::client::Client;

#[test]
fn nothing_is_done_before_a_good_hello() {
    test(async |board| {
        for first in [
            "PUSH {\"jid\":\"12345678\",\"jobtype\":\"a\",\"args\":[]}",
            "HELLO []",
            "HELLO {\"v\":\"2\"}",
            "",
        ] {
            let mut client = Client::open(board.address).await;
            assert_eq!(client.read().await, "+HI {\"v\":2}");
            assert!(client.ask(first).await.starts_with("-ERR "), "{first}");
            assert_eq!(client.read().await, "closed");
        }
        assert_eq!(board.client().await.ask_json("INFO").await["faktory"]["total_enqueued"], 0);
    });
}

#[test]
fn a_password_is_asked_for() {
    test_with(
        |config| config.faktory_password = Some("sesame".into()),
        async |board| {
            let mut client = Client::open(board.address).await;
            let greeting = client.read().await;
            let asked: serde_json::Value =
                serde_json::from_str(greeting.strip_prefix("+HI ").unwrap()).unwrap();
            assert_eq!(asked["v"], 2);
            assert!(asked["i"].as_u64().unwrap() >= 4000 && asked["s"].is_string());
            assert_eq!(client.ask("HELLO {\"v\":2,\"pwdhash\":\"0\"}").await, "-ERR Invalid password");
            assert_eq!(client.read().await, "closed");
        },
    );
}

#[test]
fn wrong_passwords_are_in_the_audit_log_and_come_to_an_end() {
    test_with(
        |config| config.faktory_password = Some("sesame".into()),
        async |board| {
            // It was let in before the guessing began.
            assert!(board.client_with("sesame").await.is_ok());
            let noted = async || {
                let filter = AuditFilter { what: Some(Verb::Login), ..AuditFilter::default() };
                board.callboard.audit(filter, None, 100).await.unwrap().entries
            };
            assert!(noted().await.is_empty());
            for _ in 0..10 {
                assert_eq!(board.client_with("guess").await.err().unwrap(), "-ERR Invalid password");
            }
            let refused = board.client_with("guess").await.err().unwrap();
            assert_eq!(refused, "-ERR too many wrong passwords came from there; try again in 6 s");
            let entries = noted().await;
            assert_eq!(entries.len(), 10, "as many as were looked at");
            let entry = serde_json::to_value(&entries[0]).unwrap();
            assert_eq!((&entry["who"], &entry["via"]), (&json!(null), &json!("faktory")), "{entry}");
            assert_eq!((&entry["address"], &entry["outcome"]), (&json!("127.0.0.1"), &json!("refused")));
            assert!(!entry.to_string().contains("guess"), "{entry}");
            assert!(board.client_with("sesame").await.is_ok(), "it is known there");
        },
    );
}

#[test]
fn errors_leave_the_connection_in_step() {
    test(async |board| {
        let mut client = board.client().await;
        for (line, why) in [
            ("info", "-ERR unknown command info"),
            ("", "-ERR unknown command "),
            ("HELLO {\"v\":2}", "-ERR unknown command HELLO"),
            ("PUSH", "-ERR PUSH needs an argument"),
            ("FETCH", "-ERR must call fetch with at least one queue"),
            ("FAIL {\"jid\":\"nobodys-job\"}", "-ERR Job not found nobodys-job"),
            ("BEAT {\"wid\":\"nobody\"}", "-ERR unknown worker nobody"),
            ("BATCH NEW {}", "-ERR a batch needs a callback, success or complete"),
            (
                "PUSH {\"jid\":\"12345678\",\"jobtype\":\"a\",\"args\":[],\"queue\":\"a b\"}",
                "-ERR queue must be 1 to 100 of the characters A-Z a-z 0-9 _ . -",
            ),
        ] {
            assert_eq!(client.ask(line).await, why, "{line}");
        }
        assert_eq!(client.ask("ACK {\"jid\":\"nobodys-job\"}").await, "+OK");
        assert_eq!(client.ask_json("INFO").await["faktory"]["total_processed"], 0);
    });
}

#[test]
fn lines_come_in_any_pieces_and_many_at_once() {
    test(async |board| {
        let mut client = board.client().await;
        client.send(b"PUSH {\"jid\":\"12345678\",\"jobtype\":\"a\",\"args\":[\"\xc3").await;
        client.send(b"\xa4\"]}\nQUEUE LATENCY none\r").await;
        client.send(b"\nFETCH default\r\nEN").await;
        assert_eq!(client.read().await, "+OK");
        assert_eq!(client.read().await, "{\"none\":0.0}");
        assert!(client.read().await.contains("\"args\":[\"ä\"]"));
        client.send(b"D\r\n").await;
        assert_eq!(client.read().await, "closed");
    });
}

#[test]
fn who_sends_no_more_still_gets_answers() {
    test(async |board| {
        let mut client = board.client().await;
        client.push(&json!({"jid": "12345678", "jobtype": "t", "args": []})).await;
        client.send(b"QUEUE LATENCY a\r\nFETCH default\r\nFETCH default\r\nQUEUE LATENCY b\r\nINF").await;
        client.half_close().await;
        assert_eq!(client.read().await, "{\"a\":0.0}");
        assert!(client.read().await.contains("12345678"));
        assert_eq!(client.read().await, "$-1");
        assert_eq!(client.read().await, "{\"b\":0.0}");
        assert_eq!(client.read().await, "closed");
    });
}

#[test]
fn who_leaves_while_waiting_takes_no_job_along() {
    test(async |board| {
        let mut waiting = board.client().await;
        waiting.send(b"FETCH default\r\n").await;
        drop(waiting);
        let mut other = board.client().await;
        while board.serving.server().connections() > 1 {
            tokio::task::yield_now().await;
        }
        other.push(&json!({"jid": "12345678", "jobtype": "a", "args": []})).await;
        assert_eq!(other.fetch("default").await["jid"], "12345678");
    });
}

#[test]
fn a_shutdown_is_said() {
    test(async |board| {
        let mut client = board.client().await;
        let (_tell, hurry) = tokio::sync::watch::channel(true);
        board.callboard.shutdown_with(hurry).await;
        assert_eq!(client.ask("INFO").await, "-ERR shutdown in progress");
        assert_eq!(client.read().await, "closed");
    });
}

#[test]
fn how_things_are_has_the_fields_that_clients_read() {
    test(async |board| {
        let mut client = board.client().await;
        client.push(&json!({"jid": "12345678", "jobtype": "a", "args": [], "queue": "q"})).await;
        let info = client.ask_json("INFO").await;
        assert_eq!(info["server_utc_time"], "00:00:00 UTC");
        assert_eq!(info["faktory"]["queues"], json!({"q": 1}));
        assert_eq!(info["faktory"]["total_queues"], 1);
        assert_eq!(info["faktory"]["tasks"]["Busy"]["size"], 0);
        assert_eq!(info["server"]["connections"], 1);
        assert_eq!(info["server"]["command_count"], 2);
        assert_eq!(info["server"]["faktory_version"].as_str().unwrap().split('.').count(), 3);
    });
}

//! Queues and sets as a whole.

use std::time::Duration;

use serde_json::{Value, json};

use crate::board::test;
use crate::client::Client;

async fn push(client: &mut Client, jid: &str, more: Value) {
    let mut job = json!({"jid": jid, "jobtype": "a", "args": []});
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.push(&job).await;
}

#[test]
fn a_paused_queue_hands_nothing_out() {
    test(async |board| {
        let mut client = board.client().await;
        assert_eq!(client.ask("QUEUE PAUSE never-seen").await, "+OK");
        push(&mut client, "11111111", json!({"queue": "a"})).await;
        push(&mut client, "22222222", json!({"queue": "b"})).await;
        assert_eq!(client.ask("QUEUE PAUSE a").await, "+OK");
        board.restart().await;
        let mut client = board.client().await;
        assert_eq!(client.fetch("a b").await["jid"], "22222222");
        let (nothing, _) = board.while_time_passes(client.ask("FETCH a")).await;
        assert_eq!(nothing, "$-1");
        assert_eq!(client.ask("QUEUE RESUME *").await, "+OK");
        assert_eq!(client.fetch("a b").await["jid"], "11111111");
        let queues = board.callboard.queues().await.unwrap();
        assert!(queues.iter().all(|queue| queue.name != "never-seen"));
    });
}

#[test]
fn a_queue_is_removed_with_its_jobs() {
    test(async |board| {
        let mut client = board.client().await;
        push(&mut client, "11111111", json!({"queue": "a"})).await;
        push(&mut client, "22222222", json!({"queue": "b"})).await;
        board.clock.advance(Duration::from_secs(3));
        assert_eq!(client.ask_json("QUEUE LATENCY a none").await, json!({"a": 3.0, "none": 0.0}));
        assert_eq!(client.ask("QUEUE REMOVE a").await, "+OK");
        assert_eq!(client.ask_json("INFO").await["faktory"]["total_enqueued"], 1);
        assert!(board.callboard.job(1).await.is_err());
    });
}

#[test]
fn sets_are_changed_by_id_type_and_pattern() {
    test(async |board| {
        let mut client = board.client().await;
        let at = board.clock.now().plus(Duration::from_secs(3600)).to_string();
        for (jid, kind) in [("11111111", "a"), ("22222222", "a"), ("33333333", "b"), ("44444444", "b")] {
            push(&mut client, jid, json!({"at": at, "jobtype": kind, "custom": {"tag": jid}})).await;
        }
        let requeue = json!({"cmd": "requeue", "target": "scheduled", "filter": {"jids": ["33333333"]}});
        assert_eq!(client.ask(&format!("MUTATE {requeue}")).await, "+OK");
        assert_eq!(client.fetch("default").await["jid"], "33333333");
        let discard = json!({"cmd": "discard", "target": "scheduled", "filter": {"jobtype": "a", "regexp": "*tag*1111*"}});
        assert_eq!(client.ask(&format!("MUTATE {discard}")).await, "+OK");
        assert!(board.callboard.job(1).await.is_err());
        assert_eq!(client.ask("MUTATE {\"cmd\":\"clear\",\"target\":\"retries\"}").await, "+OK");
        assert_eq!(client.ask_json("INFO").await["faktory"]["sets"]["scheduled"], 2);
        assert_eq!(client.ask("MUTATE { \"cmd\": \"clear\", \"target\": \"scheduled\" }").await, "+OK");
        assert_eq!(client.ask_json("INFO").await["faktory"]["sets"]["scheduled"], 0);
    });
}

#[test]
fn what_is_killed_is_dead_and_can_be_brought_back() {
    test(async |board| {
        let mut client = board.client().await;
        let at = board.clock.now().plus(Duration::from_secs(3600)).to_string();
        push(&mut client, "11111111", json!({"at": at})).await;
        push(&mut client, "22222222", json!({})).await;
        client.fetch("default").await;
        let fail = r#"FAIL {"jid":"22222222","errtype":"E","message":"m"}"#;
        assert_eq!(client.ask(fail).await, "+OK");
        for target in ["scheduled", "retries"] {
            let kill = json!({"cmd": "kill", "target": target, "filter": {"regexp": "*"}});
            assert_eq!(client.ask(&format!("MUTATE {kill}")).await, "+OK");
        }
        for (id, error) in [(1, "given up by hand"), (2, "E: m")] {
            let dead = board.callboard.job(id).await.unwrap();
            assert_eq!((dead.state.as_str(), dead.error.as_deref()), ("failed", Some(error)));
        }
        assert_eq!(client.ask_json("INFO").await["faktory"]["sets"]["dead"], 2);
        let requeue = r#"MUTATE {"cmd":"requeue","target":"dead","filter":{"jids":["11111111"]}}"#;
        assert_eq!(client.ask(requeue).await, "+OK");
        assert_eq!(client.fetch("default").await["jid"], "11111111");
    });
}

#[test]
fn the_dead_are_brought_back() {
    test(async |board| {
        let mut client = board.client().await;
        push(&mut client, "11111111", json!({"retry": -1})).await;
        client.fetch("default").await;
        assert_eq!(client.ask("FAIL {\"jid\":\"11111111\"}").await, "+OK");
        assert_eq!(client.ask("MUTATE {\"cmd\":\"requeue\",\"target\":\"dead\",\"filter\":{}}").await, "+OK");
        assert_eq!(client.fetch("default").await["failure"]["retry_count"], 0);
    });
}

#[test]
fn a_flush_leaves_nothing_but_what_is_done_here() {
    test(async |board| {
        board
            .callboard
            .enqueue(callboard::NewJob::new("noop").run_at(board.clock.now().plus(Duration::from_secs(9))))
            .await
            .unwrap();
        let mut client = board.client().await;
        for jid in ["11111111", "22222222"] {
            push(&mut client, jid, json!({})).await;
        }
        client.fetch("default").await;
        assert_eq!(client.ask("FLUSH").await, "+OK");
        let faktory = client.ask_json("INFO").await["faktory"].clone();
        assert_eq!((&faktory["total_enqueued"], &faktory["sets"]["working"]), (&json!(0), &json!(0)));
        assert_eq!(client.ask("ACK {\"jid\":\"11111111\"}").await, "+OK");
        assert_eq!(faktory["sets"]["scheduled"], 1);
    });
}

//! /api/queues.

use std::time::Duration;

use serde_json::json;

use crate::server::test;

#[test]
fn each_is_shown_with_its_jobs() {
    test(async |server| {
        assert_eq!(server.get("/api/queues").await.ok(200), json!({"queues": []}));
        server.poke("/api/queues/slow/pause").await.ok(200);
        server.enqueue(json!({"queue": "slow"})).await;
        server.enqueue(json!({"delay_secs": 60})).await;
        server.clock.advance(Duration::from_millis(1250));
        let queues = server.get("/api/queues").await.ok(200)["queues"].clone();
        let (default, slow) = (&queues[0], &queues[1]);
        assert_eq!(
            (&default["name"], &default["paused"], &default["latency_secs"]),
            (&json!("default"), &json!(false), &json!(0.0))
        );
        assert_eq!(default["counts"]["scheduled"], 1);
        assert_eq!(
            (&slow["name"], &slow["paused"], &slow["latency_secs"]),
            (&json!("slow"), &json!(true), &json!(1.25))
        );
        assert_eq!(slow["counts"]["pending"], 1);
    });
}

#[test]
fn a_paused_one_holds_jobs_of_every_type_and_no_others() {
    test(async |server| {
        let paused = server.poke("/api/queues/slow/pause").await.ok(200);
        assert_eq!((&paused["name"], &paused["paused"]), (&json!("slow"), &json!(true)));
        let held = [
            server.enqueue(json!({"queue": "slow"})).await,
            server.enqueue(json!({"queue": "slow", "job_type": "doll"})).await,
        ];
        let free = server.enqueue(json!({"job_type": "doll"})).await;
        assert_eq!(server.run().await.id(), free);
        server.restart().await;
        assert_eq!(server.run().await.id(), free, "shutdown gave it back");
        for id in held {
            assert_eq!(server.job(id).await["waiting_for"]["reason"], "paused");
        }
        assert_eq!(server.poke("/api/queues/slow/resume").await.ok(200)["paused"], false);
        let mut begun = [server.run().await.id(), server.run().await.id()];
        begun.sort_unstable();
        assert_eq!(begun, held);
    });
}

#[test]
fn a_name_that_no_queue_can_have_is_refused() {
    test(async |server| {
        for call in ["pause", "resume"] {
            let answer = server.poke(&format!("/api/queues/a%20b/{call}")).await;
            assert_eq!(answer.wrong_fields(), ["queue"]);
        }
        assert_eq!(server.get("/api/queues").await.ok(200), json!({"queues": []}));
    });
}

//! GET /api/jobs/queue/status.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::test;

#[test]
fn counts_follow_what_happens() {
    test(async |server| {
        let empty = server.get("/api/jobs/queue/status").await.ok(200);
        assert_eq!((&empty["total"], &empty["oldest_pending_age_secs"]), (&json!(0), &Value::Null));
        assert_eq!(empty["last_minute"]["queue_latency_ms"], Value::Null);

        server.ended(json!({}), "completed").await;
        server.ended(json!({}), "failed").await;
        server.enqueue(json!({"delay_secs": 60})).await;
        server.enqueue(json!({})).await;
        let _run = server.run().await;
        server.poke("/api/job-types/doll/pause").await.ok(200);
        server.enqueue(json!({"job_type": "doll"})).await;
        server.clock.advance(Duration::from_millis(2500));
        for path in ["/api/jobs/queue/status", "/api/queue-status"] {
            let status = server.get(path).await.ok(200);
            let puppet = json!({
                "scheduled": 1, "blocked": 0, "pending": 0, "running": 1, "retrying": 0, "completed": 1, "failed": 1, "cancelled": 0
            });
            assert_eq!(status["by_job_type"]["puppet"], puppet);
            assert_eq!((&status["counts"]["pending"], &status["counts"]["running"]), (&json!(1), &json!(1)));
            assert_eq!((&status["total"], &status["active_workers"]), (&json!(5), &json!(1)));
            assert_eq!(status["oldest_pending_age_secs"], 2.5);
            let minute = &status["last_minute"];
            assert_eq!(
                (&minute["enqueued"], &minute["completed"], &minute["failed"]),
                (&json!(5), &json!(1), &json!(1))
            );
            assert!(
                minute["queue_latency_ms"]["p50"].is_number()
                    && minute["queue_latency_ms"]["p99"].is_number()
            );
        }
        server.clock.advance(Duration::from_secs(300));
        let later = server.get("/api/queue-status").await.ok(200);
        assert_eq!(
            (&later["last_minute"]["enqueued"], &later["last_hour"]["enqueued"]),
            (&json!(0), &json!(5))
        );
    });
}

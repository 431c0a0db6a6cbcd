//! What is answered while the server goes down.

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::server::test;

#[test]
fn reads_are_answered_and_writes_are_put_off() {
    test(async |server| {
        let doll = server.enqueue(json!({"job_type": "doll"})).await;
        let dance = server.run().await;
        server.patch("/api/job-types/puppet", json!({"concurrency": 1})).await.ok(200);
        let first = server.enqueue(json!({})).await;
        let run = server.run().await;
        let (second, third) = (server.enqueue(json!({})).await, server.enqueue(json!({})).await);
        let (mut socket, _) =
            connect_async(format!("ws://{}/api/ws?state=failed", server.address)).await.unwrap();

        let callboard = server.callboard.clone();
        let down = actix_rt::spawn(async move { callboard.shutdown().await });
        while !server.callboard.is_shutting_down() {
            tokio::task::yield_now().await;
        }
        run.succeed(Value::Null);
        server.until(first, "completed").await;

        server.get("/healthz").await.ok(200);
        assert!(server.get("/readyz").await.problem(503).contains("shutting down"));
        server.get("/api/queue-status").await.ok(200);
        // Nothing is started any more, so nothing but those before it keeps a job waiting.
        assert_eq!(server.job(second).await["waiting_for"], Value::Null);
        let waiting_for = json!({"reason": "behind", "detail": "1 job stands before it"});
        assert_eq!(server.job(third).await["waiting_for"], waiting_for);
        for refused in [
            server.post("/api/jobs", json!({"job_type": "noop"})).await,
            server.post("/api/jobs/bulk", json!({"jobs": [{"job_type": "noop"}]})).await,
            server.patch(&format!("/api/jobs/{second}"), json!({"priority": 1})).await,
            server.delete(&format!("/api/jobs/{second}")).await,
            server.poke(&format!("/api/jobs/{first}/retry")).await,
            server.post("/api/jobs/actions", json!({"action": "cancel", "ids": [second]})).await,
            server.poke("/api/dead-letters/retry?all=true").await,
            server.poke("/api/queues/default/pause").await,
            server.poke("/api/job-types/puppet/pause").await,
            server.patch("/api/job-types/puppet", json!({"concurrency": 2})).await,
            server.poke("/api/maintenance/recover-stale").await,
            server.post("/api/maintenance/cleanup", json!({"older_than_days": 0})).await,
        ] {
            assert_eq!(refused.problem(503), "the server is shutting down");
        }
        dance.succeed(Value::Null);
        down.await.unwrap();
        assert!(
            matches!(socket.next().await, Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 1001)
        );
        server.get("/healthz").await.ok(200);

        server.restart().await;
        assert_eq!(server.job(doll).await["state"], "completed");
        assert_eq!(server.run().await.id(), second);
        assert_eq!(server.job(third).await["state"], "pending");
    });
}

//! POST /api/maintenance/….

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::test;

const CLEANUP: &str = "/api/maintenance/cleanup";

#[test]
fn old_jobs_are_deleted_and_failed_ones_only_when_asked_for() {
    test(async |server| {
        let old = [
            server.ended(json!({}), "completed").await,
            server.ended(json!({}), "cancelled").await,
            server.ended(json!({}), "failed").await,
        ];
        server.clock.advance(Duration::from_secs(2 * 86_400));
        let young = server.ended(json!({}), "completed").await;
        assert_eq!(server.post(CLEANUP, json!({"older_than_days": 3})).await.ok(200), json!({"deleted": 0}));
        assert_eq!(server.post(CLEANUP, json!({"older_than_days": 1})).await.ok(200), json!({"deleted": 2}));
        server.get(&format!("/api/jobs/{}", old[0])).await.problem(404);
        assert_eq!(server.job(old[2]).await["state"], "failed");
        let with_failed = json!({"older_than_days": 1.5, "include_failed": true});
        assert_eq!(server.post(CLEANUP, with_failed).await.ok(200), json!({"deleted": 1}));
        server.clock.advance(Duration::from_millis(1));
        assert_eq!(server.job(young).await["state"], "completed");
        assert_eq!(server.post(CLEANUP, json!({"older_than_days": 0})).await.ok(200), json!({"deleted": 1}));
        assert_eq!(server.get("/api/queue-status").await.ok(200)["total"], 0);
    });
}

#[test]
fn logs_go_with_their_jobs() {
    test(async |server| {
        let id = server.enqueue(json!({})).await;
        let run = server.run().await;
        run.ctx.log.info("hello");
        let log = server.callboard.logs().path(id, 1, callboard::logs::Stream::Log);
        run.succeed(Value::Null);
        server.until(id, "completed").await;
        assert!(log.exists());
        server.clock.advance(Duration::from_millis(1));
        server.post(CLEANUP, json!({"older_than_days": 0})).await.ok(200);
        assert!(!log.exists());
    });
}

#[test]
fn attempts_that_run_here_are_not_stale() {
    test(async |server| {
        let id = server.enqueue(json!({})).await;
        let run = server.run().await;
        assert_eq!(server.poke("/api/maintenance/recover-stale").await.ok(200), json!({"recovered": 0}));
        run.succeed(Value::Null);
        server.until(id, "completed").await;
    });
}

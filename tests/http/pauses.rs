//! Pausing and draining everything, a queue, a job type.

use std::time::Duration;

use serde_json::json;

use crate::server::{test, test_with};

#[test]
fn everything_is_paused_over_restarts_and_resumed() {
    test(async |server| {
        let running = server.enqueue(json!({})).await;
        let run = server.run().await;
        let paused = server.poke("/api/pause").await.ok(200);
        assert_eq!(paused, json!({"all": true, "job_types": [], "queues": [], "running": 1}));
        let held = server.enqueue(json!({"job_type": "doll"})).await;
        let waits = server.job(held).await["waiting_for"].clone();
        assert_eq!(waits, json!({"reason": "paused", "detail": "everything is paused"}));
        run.succeed(json!(1));
        server.until(running, "completed").await;
        server.restart().await;
        assert_eq!(server.get("/api/pauses").await.ok(200)["all"], true);
        assert!(server.get("/").await.text.contains("Everything is paused, and nothing runs."));
        assert_eq!(server.job(held).await["state"], "pending");
        server.poke("/api/job-types/doll/pause").await.ok(200);
        let resumed = server.poke("/api/resume").await.ok(200);
        assert_eq!(resumed, json!({"all": false, "job_types": ["doll"], "queues": [], "running": 0}));
        let other = server.enqueue(json!({})).await;
        assert_eq!(server.run().await.id(), other, "what is paused by itself stays so");
        server.poke("/api/job-types/doll/resume").await.ok(200);
        assert_eq!(server.run().await.id(), held);
    });
}

#[test]
fn a_drain_waits_for_what_runs() {
    test(async |server| {
        for path in ["/api/drain", "/api/queues/default/drain", "/api/job-types/puppet/drain"] {
            let id = server.enqueue(json!({})).await;
            let run = server.run().await;
            let at_once = server.poke(path).await.ok(200);
            assert_eq!(at_once, json!({"paused": true, "running": 1, "drained": false}), "{path}");
            let held = server.enqueue(json!({})).await;
            let waiting = format!("{path}?wait_secs=60");
            let (drained, ()) = futures_util::join!(server.poke(&waiting), async {
                server.clock.advance(Duration::from_secs(30));
                run.succeed(json!(1));
            });
            assert_eq!(drained.ok(200), json!({"paused": true, "running": 0, "drained": true}), "{path}");
            assert_eq!(server.job(id).await["state"], "completed");
            server.poke(&path.replace("drain", "resume")).await.ok(200);
            server.run().await.succeed(json!(2));
            server.until(held, "completed").await;
        }
    });
}

#[test]
fn a_drain_waits_for_its_own_only_and_no_longer_than_it_may() {
    test(async |server| {
        let _doll = server.enqueue(json!({"job_type": "doll", "queue": "other"})).await;
        let _run = server.run().await;
        for path in ["/api/queues/default/drain", "/api/job-types/puppet/drain"] {
            assert_eq!(server.poke(path).await.ok(200)["drained"], true, "{path}");
        }
        let (answer, ()) = futures_util::join!(server.poke("/api/drain?wait_secs=5"), async {
            while !server.callboard.is_paused() {
                tokio::task::yield_now().await;
            }
            server.clock.advance(Duration::from_secs(5));
        });
        assert_eq!(answer.ok(200), json!({"paused": true, "running": 1, "drained": false}));
        for bad in ["wait_secs=61", "wait_secs=-1", "wait_secs=x"] {
            assert_eq!(server.poke(&format!("/api/drain?{bad}")).await.wrong_fields(), ["wait_secs"]);
        }
        server.poke("/api/job-types/nobody/drain").await.problem(404);
    });
}

#[test]
fn a_job_that_is_a_workflow_holds_up_no_drain() {
    test_with(
        |_| (),
        async |server| {
            server.poke("/api/job-types/doll/pause").await.ok(200);
            let inner = json!({"jobs": [{"name": "b", "job_type": "doll"}]});
            let workflow = json!({"jobs": [{"name": "a", "workflow": inner}]});
            server.post("/api/workflows", workflow).await.ok(201);
            assert_eq!(server.poke("/api/drain").await.ok(200)["drained"], true);
        },
    );
}

//! PATCH /api/jobs/{id}.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Server, test};

async fn patch(server: &Server, id: i64, change: Value) -> Value {
    server.patch(&format!("/api/jobs/{id}"), change).await.ok(200)
}

#[test]
fn each_field_is_changed_and_no_other() {
    test(async |server| {
        let id = server.enqueue(json!({"delay_secs": 60, "tags": ["old"], "args": {"a": 1}})).await;
        let mut before = server.job(id).await;
        for (field, value) in [
            ("priority", json!(1)),
            ("run_at", json!("2031-01-01T00:00:00.000Z")),
            ("args", json!([1, 2])),
            ("max_retries", json!(0)),
            ("timeout_secs", json!(1.5)),
            ("tags", json!(["new", "tags"])),
            ("metadata", json!({"m": 1})),
            ("queue", json!("slow")),
        ] {
            let after = patch(server, id, json!({field: value})).await;
            assert_eq!(after[field], value, "{field}");
            before[field] = value;
            let mut read = server.job(id).await;
            // Its detail names the time.
            read["waiting_for"] = before["waiting_for"].clone();
            assert_eq!(read, before, "{field}");
        }
        let found = server.get("/api/jobs?tag=new&queue=slow").await.ok(200);
        assert_eq!(found["jobs"][0]["id"], id);
        assert_eq!(server.get("/api/jobs?tag=old").await.ok(200)["jobs"], json!([]));
        assert_eq!(patch(server, id, json!({})).await["priority"], 1);
    });
}

#[test]
fn null_clears_what_can_be_null() {
    test(async |server| {
        let id = server.enqueue(json!({"delay_secs": 60, "timeout_secs": 5})).await;
        let job = patch(server, id, json!({"timeout_secs": null})).await;
        assert_eq!(job["timeout_secs"], Value::Null);
        for field in ["priority", "args", "max_retries", "tags", "metadata", "queue"] {
            let answer = server.patch(&format!("/api/jobs/{id}"), json!({field: null})).await;
            assert_eq!(answer.wrong_fields(), [field]);
        }
        server.poke("/api/job-types/puppet/pause").await.ok(200);
        let job = patch(server, id, json!({"run_at": null})).await;
        assert_eq!((&job["state"], &job["run_at"]), (&json!("pending"), &Value::Null));
        server.poke("/api/job-types/puppet/resume").await.ok(200);
        assert_eq!(server.run().await.id(), id);
    });
}

#[test]
fn a_time_moves_a_job_between_pending_and_scheduled() {
    test(async |server| {
        server.poke("/api/job-types/puppet/pause").await.ok(200);
        let id = server.enqueue(json!({})).await;
        assert_eq!(patch(server, id, json!({"run_at": "2030-01-01T12:00:10Z"})).await["state"], "scheduled");
        assert_eq!(patch(server, id, json!({"run_at": "2030-01-01T12:00:00Z"})).await["state"], "pending");
        assert_eq!(patch(server, id, json!({"run_at": "2030-01-01T12:00:05Z"})).await["state"], "scheduled");
        server.poke("/api/job-types/puppet/resume").await.ok(200);
        server.clock.advance(Duration::from_secs(5));
        assert_eq!(server.run().await.id(), id);
    });
}

#[test]
fn a_retry_is_brought_forward() {
    test(async |server| {
        let id = server.ended(json!({"backoff": {"base_delay_secs": 3600, "jitter": 0}}), "retrying").await;
        patch(server, id, json!({"run_at": null})).await;
        let run = server.run().await;
        assert_eq!((run.id(), run.ctx.attempt()), (id, 2));
    });
}

#[test]
fn a_running_or_final_job_is_left_alone() {
    test(async |server| {
        let id = server.enqueue(json!({})).await;
        let run = server.run().await;
        let path = format!("/api/jobs/{id}");
        let answer = server.patch(&path, json!({"priority": 1})).await;
        assert!(answer.problem(409).contains("is running"), "{}", answer.text);
        run.succeed(json!(null));
        server.until(id, "completed").await;
        let answer = server.patch(&path, json!({"priority": 1})).await;
        assert!(answer.problem(409).contains("is completed"), "{}", answer.text);
        assert_eq!(server.job(id).await["priority"], 5);
        server.patch("/api/jobs/77", json!({"priority": 1})).await.problem(404);
    });
}

#[test]
fn args_must_still_suit_the_worker_and_uniqueness() {
    test(async |server| {
        let asleep = server.enqueue(json!({"job_type": "sleep", "delay_secs": 60})).await;
        let answer =
            server.patch(&format!("/api/jobs/{asleep}"), json!({"args": {"secs": "x"}, "priority": 1})).await;
        assert_eq!(answer.wrong_fields(), ["args.secs"]);
        assert_eq!(server.job(asleep).await["priority"], 5);
        let by_args = |n: i64| json!({"args": [n], "unique": true, "delay_secs": 60});
        let (one, two) = (server.enqueue(by_args(1)).await, server.enqueue(by_args(2)).await);
        let answer = server.patch(&format!("/api/jobs/{two}"), json!({"args": [1]})).await;
        assert!(answer.problem(409).contains(&format!("job {one}")), "{}", answer.text);
        patch(server, two, json!({"args": [3]})).await;
    });
}

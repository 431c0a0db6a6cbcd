//! GET /api/jobs/{id}: attempts, and what a job waits for.

use std::time::Duration;

use callboard::config::{Config, JobTypeConfig};
use callboard::domain::{PerKey, RateLimit};
use callboard::workers::Failure;
use serde_json::{Value, json};

use crate::server::{NOON, Server, test, test_with};

/// What `puppet` is configured with.
fn puppet(change: impl FnOnce(&mut JobTypeConfig)) -> impl FnOnce(&mut Config) {
    let mut puppet = JobTypeConfig::default();
    change(&mut puppet);
    move |config| drop(config.job_types.insert("puppet".into(), puppet))
}

/// The reason why a job waits, and a part of the detail that must be there.
async fn waits(server: &Server, id: i64, reason: &str, detail: &str) {
    let waiting_for = server.job(id).await["waiting_for"].clone();
    assert_eq!(waiting_for["reason"], reason, "{waiting_for}");
    assert!(waiting_for["detail"].as_str().unwrap().contains(detail), "{waiting_for}");
}

#[test]
fn who_waits_for_the_end_is_answered_then() {
    test(async |server| {
        let id = server.enqueue(json!({})).await;
        let path = format!("/api/jobs/{id}?wait_secs=30");
        let run = server.run().await;
        let waiting = server.get(&path);
        let (answer, ()) = futures_util::join!(waiting, async {
            server.clock.advance(Duration::from_secs(29));
            run.succeed(json!({"n": 1}));
        });
        assert_eq!(
            (&answer.ok(200)["state"], &answer.json()["result"]),
            (&json!("completed"), &json!({"n": 1}))
        );
        // It is final, so that nobody has to wait.
        assert_eq!(server.get(&path).await.ok(200)["state"], "completed");
        server.get("/api/jobs/999?wait_secs=1").await.problem(404);
        for bad in ["-1", "61", "x", "nan"] {
            assert_eq!(
                server.get(&format!("/api/jobs/{id}?wait_secs={bad}")).await.wrong_fields(),
                ["wait_secs"]
            );
        }
        server.get(&format!("/api/jobs/{id}?waits=1")).await.wrong_fields();
    });
}

#[test]
fn who_waits_in_vain_gets_the_job_as_it_is() {
    test(async |server| {
        let id = server.enqueue(json!({"delay_secs": 3600})).await;
        assert_eq!(server.get(&format!("/api/jobs/{id}?wait_secs=0")).await.ok(200)["state"], "scheduled");
        let path = format!("/api/jobs/{id}?wait_secs=5");
        let waiting = server.get(&path);
        let moving = async {
            loop {
                tokio::time::sleep(Duration::from_millis(20)).await;
                server.clock.advance(Duration::from_secs(1));
            }
        };
        let answer = tokio::select! {
            answer = waiting => answer,
            () = moving => unreachable!(),
        };
        assert_eq!(answer.ok(200)["state"], "scheduled");
    });
}

#[test]
fn a_result_beyond_the_limit_fails_the_job_for_good() {
    let small = |config: &mut Config| config.defaults.max_result_bytes = 1024;
    test_with(small, async |server| {
        let (fits, too_large) = (server.enqueue(json!({})).await, server.enqueue(json!({})).await);
        server.run().await.succeed(json!("x".repeat(1022)));
        server.until(fits, "completed").await;
        server.run().await.succeed(json!("x".repeat(1023)));
        server.until(too_large, "failed").await;
        let error = server.job(too_large).await["error"].as_str().unwrap().to_owned();
        assert!(error.contains("1025 bytes") && error.contains("max_result_bytes"), "{error}");
    });
}

#[test]
fn every_attempt_is_kept_with_its_outcome() {
    test(async |server| {
        let id = server.enqueue(json!({"backoff": {"jitter": 0}})).await;
        let run = server.run().await;
        server.clock.advance(Duration::from_millis(1500));
        let running = server.job(id).await;
        assert_eq!(running["attempts"].as_array().unwrap().len(), 1);
        assert_eq!(running["attempts"][0]["outcome"], Value::Null);
        assert_eq!(running["attempts"][0]["finished_at"], Value::Null);
        run.fail("the line is busy");
        server.until(id, "retrying").await;
        server.clock.advance(Duration::from_secs(1));
        server.run().await.end(Err(Failure::Snooze(Duration::from_secs(60))));
        server.until(id, "scheduled").await;
        server.clock.advance(Duration::from_secs(60));
        server.run().await.succeed(json!({"bytes": 7}));
        server.until(id, "completed").await;

        let job = server.job(id).await;
        assert_eq!(
            (&job["result"], &job["error"], &job["attempt"]),
            (&json!({"bytes": 7}), &Value::Null, &json!(3))
        );
        assert_eq!(
            (&job["retry_count"], &job["completed_at"]),
            (&json!(1), &json!("2030-01-01T12:01:02.500Z"))
        );
        assert!(!job.as_object().unwrap().contains_key("waiting_for"));
        let attempts = job["attempts"].as_array().unwrap();
        let outcomes: Vec<_> = attempts.iter().map(|a| a["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["error", "snoozed", "success"]);
        let first = &attempts[0];
        assert_eq!(first["number"], 1);
        assert_eq!(
            (&first["started_at"], &first["finished_at"]),
            (&json!(NOON), &json!("2030-01-01T12:00:01.500Z"))
        );
        assert_eq!((&first["duration_ms"], &first["error"]), (&json!(1500), &json!("the line is busy")));
        assert_eq!(first["worker_id"], job["worker_id"]);
    });
}

#[test]
fn what_is_not_there_is_not_found() {
    test(async |server| {
        assert_eq!(server.get("/api/jobs/77").await.problem(404), "there is no job 77");
    });
}

#[test]
fn it_waits_for_parents_before_all_else() {
    test(async |server| {
        let parent = server.enqueue(json!({"delay_secs": 5})).await;
        let child = server.enqueue(json!({"depends_on": [parent], "delay_secs": 60})).await;
        server.poke("/api/job-types/puppet/pause").await.ok(200);
        waits(server, child, "parents", &format!("job {parent}")).await;
        waits(server, parent, "time", "2030-01-01T12:00:05.000Z").await;
    });
}

#[test]
fn it_waits_for_its_backoff() {
    test(async |server| {
        let id = server.ended(json!({"backoff": {"jitter": 0, "base_delay_secs": 30}}), "retrying").await;
        waits(server, id, "backoff", "2030-01-01T12:00:30.000Z").await;
        waits(server, id, "backoff", "not yet").await;
    });
}

#[test]
fn it_waits_while_its_type_or_queue_is_paused() {
    test(async |server| {
        server.poke("/api/job-types/puppet/pause").await.ok(200);
        server.poke("/api/queues/slow/pause").await.ok(200);
        let by_type = server.enqueue(json!({})).await;
        let by_queue = server.enqueue(json!({"job_type": "doll", "queue": "slow"})).await;
        waits(server, by_type, "paused", "job type puppet").await;
        waits(server, by_queue, "paused", "queue slow").await;
    });
}

#[test]
fn it_waits_for_a_slot_and_says_how_many_are_before_it() {
    test_with(puppet(|puppet| puppet.concurrency = Some(1)), async |server| {
        let running = server.enqueue(json!({})).await;
        let _run = server.run().await;
        let next = server.enqueue(json!({})).await;
        let last = server.enqueue(json!({})).await;
        waits(server, next, "concurrency", "0 jobs").await;
        waits(server, last, "concurrency", "1 job").await;
        let job = server.job(running).await;
        assert_eq!((&job["state"], &job["waiting_for"]), (&json!("running"), &Value::Null));
        assert!(job.as_object().unwrap().contains_key("waiting_for"));
    });
}

#[test]
fn it_waits_for_the_rate_limit() {
    let limit = RateLimit { limit: 1, per_secs: 60.0, key: None };
    test_with(puppet(|puppet| puppet.rate_limit = Some(limit)), async |server| {
        server.ended(json!({}), "completed").await;
        let next = server.enqueue(json!({})).await;
        waits(server, next, "rate_limit", "2030-01-01T12:01:00.000Z").await;
        server.clock.advance(Duration::from_secs(60));
        assert_eq!(server.run().await.id(), next);
    });
}

#[test]
fn a_rate_limit_by_key_lets_others_start() {
    let limit = RateLimit { limit: 1, per_secs: 60.0, key: Some("args.site".parse().unwrap()) };
    test_with(puppet(|puppet| puppet.rate_limit = Some(limit)), async |server| {
        server.ended(json!({"args": {"site": "a"}}), "completed").await;
        let held = server.enqueue(json!({"args": {"site": "a"}})).await;
        let other = server.enqueue(json!({"args": {"site": "b"}})).await;
        assert_eq!(server.run().await.id(), other);
        waits(server, held, "rate_limit", "for each args.site").await;
        server.clock.advance(Duration::from_secs(60));
        assert_eq!(server.run().await.id(), held);
    });
}

#[test]
fn two_with_one_value_never_run_together() {
    let per_key = PerKey { key: "args.site".parse().unwrap(), limit: 1 };
    test_with(puppet(|puppet| puppet.per_key = Some(per_key)), async |server| {
        let first = server.enqueue(json!({"args": {"site": "a"}})).await;
        let second = server.enqueue(json!({"args": {"site": "a"}})).await;
        let other = server.enqueue(json!({"args": {"site": "b"}})).await;
        let running = server.run().await;
        assert_eq!(running.id(), first);
        assert_eq!(server.run().await.id(), other);
        waits(server, second, "concurrency", "args.site \"a\"").await;
        running.succeed(Value::Null);
        assert_eq!(server.run().await.id(), second);
    });
}

#[test]
fn a_limit_over_all_nodes_is_shown_and_changed() {
    test_with(puppet(|puppet| puppet.global_concurrency = Some(1)), async |server| {
        server.enqueue(json!({})).await;
        let next = server.enqueue(json!({})).await;
        let _running = server.run().await;
        waits(server, next, "concurrency", "on all nodes").await;
        let puppet = "/api/job-types/puppet";
        assert_eq!(server.get(puppet).await.ok(200)["global_concurrency"], 1);
        let changed = server.patch(puppet, json!({"global_concurrency": 2})).await.ok(200);
        assert_eq!(changed["global_concurrency"], 2);
        let _second = server.run().await;
        let last = server.enqueue(json!({})).await;
        waits(server, last, "concurrency", "on all nodes").await;
        let cleared = server.patch(puppet, json!({"global_concurrency": null})).await.ok(200);
        assert_eq!(cleared["global_concurrency"], Value::Null);
        assert_eq!(server.run().await.id(), last);
    });
}

#[test]
fn it_waits_for_a_worker() {
    test_with(
        |config| config.accept_unknown_job_types = true,
        async |server| {
            let id = server.enqueue(json!({"job_type": "nobody"})).await;
            waits(server, id, "no_worker", "nobody").await;
        },
    );
}

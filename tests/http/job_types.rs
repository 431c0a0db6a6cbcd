//! /api/job-types.

use std::time::Duration;

use callboard::domain::Timestamp;
use serde_json::{Value, json};

use crate::server::{NOON, test};

const PUPPET: &str = "/api/job-types/puppet";

#[test]
fn each_is_shown_with_all_there_is_to_know() {
    test(async |server| {
        server.enqueue(json!({})).await;
        let _run = server.run().await;
        let all = server.get("/api/job-types").await.ok(200);
        let types = all["job_types"].as_array().unwrap();
        let names: Vec<_> = types.iter().map(|t| t["name"].as_str().unwrap()).collect();
        assert!(names.is_sorted(), "{names:?}");
        let of = |name: &str| &types[names.iter().position(|known| *known == name).unwrap()];
        assert!(names.contains(&"doll") && names.contains(&"noop"), "{names:?}");
        let sleep = of("sleep");
        assert_eq!(sleep["description"], "Sleeps for some seconds, reporting progress.");
        assert!(sleep["args_schema"]["properties"]["secs"].is_object(), "{sleep}");
        let puppet = server.get(PUPPET).await.ok(200);
        assert_eq!(puppet, *of("puppet"));
        let mut fields: Vec<_> = puppet.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        let mut wanted = [
            "name",
            "description",
            "args_schema",
            "concurrency",
            "global_concurrency",
            "concurrency_key",
            "concurrency_per_key",
            "fairness_key",
            "rate_limit",
            "timeout_secs",
            "max_retries",
            "backoff",
            "available",
            "unavailable_reason",
            "paused",
            "running",
            "counts",
            "tools",
        ];
        wanted.sort_unstable();
        assert_eq!(fields, wanted);
        assert_eq!(
            (&puppet["concurrency"], &puppet["timeout_secs"], &puppet["max_retries"]),
            (&json!(10), &json!(1800.0), &json!(3))
        );
        assert_eq!(
            (&puppet["running"], &puppet["counts"]["running"], &puppet["paused"]),
            (&json!(1), &json!(1), &json!(false))
        );
        assert_eq!((&puppet["available"], &puppet["unavailable_reason"]), (&json!(true), &Value::Null));
    });
}

#[test]
fn an_unknown_one_is_not_found() {
    test(async |server| {
        server.get("/api/job-types/nobody").await.problem(404);
        server.patch("/api/job-types/nobody", json!({"concurrency": 1})).await.problem(404);
        server.poke("/api/job-types/nobody/pause").await.problem(404);
        server.poke("/api/job-types/nobody/resume").await.problem(404);
    });
}

#[test]
fn a_paused_one_starts_nothing_until_it_is_resumed() {
    test(async |server| {
        assert_eq!(server.poke(&format!("{PUPPET}/pause")).await.ok(200)["paused"], true);
        let held = server.enqueue(json!({})).await;
        let other = server.enqueue(json!({"job_type": "doll"})).await;
        assert_eq!(server.run().await.id(), other);
        assert_eq!(server.poke(&format!("{PUPPET}/pause")).await.ok(200)["paused"], true);
        server.restart().await;
        assert_eq!(server.get(PUPPET).await.ok(200)["paused"], true);
        let _doll_again = server.run().await;
        assert_eq!(server.job(held).await["state"], "pending");
        assert_eq!(server.poke(&format!("{PUPPET}/resume")).await.ok(200)["paused"], false);
        assert_eq!(server.run().await.id(), held);
    });
}

#[test]
fn changes_hold_at_once_and_over_a_restart() {
    test(async |server| {
        let limit = json!({"limit": 5, "per_secs": 0.5});
        let change = json!({"concurrency": 1, "timeout_secs": 2.5, "rate_limit": limit});
        let changed = server.patch(PUPPET, change.clone()).await.ok(200);
        for (field, value) in change.as_object().unwrap() {
            assert_eq!(&changed[field], value, "{field}");
        }
        let id = server.enqueue(json!({})).await;
        assert_eq!(server.job(id).await["timeout_secs"], 2.5);
        server.run().await.succeed(Value::Null);
        server.until(id, "completed").await;
        server.restart().await;
        assert_eq!(server.get(PUPPET).await.ok(200)["rate_limit"], limit);
        let cleared = server.patch(PUPPET, json!({"rate_limit": null, "timeout_secs": null})).await.ok(200);
        assert_eq!(
            (&cleared["rate_limit"], &cleared["timeout_secs"], &cleared["concurrency"]),
            (&Value::Null, &Value::Null, &json!(1))
        );
        server.restart().await;
        let kept = server.get(PUPPET).await.ok(200);
        assert_eq!(
            (&kept["rate_limit"], &kept["timeout_secs"], &kept["concurrency"]),
            (&Value::Null, &Value::Null, &json!(1))
        );
    });
}

#[test]
fn more_slots_are_filled_at_once() {
    test(async |server| {
        server.patch(PUPPET, json!({"concurrency": 1})).await.ok(200);
        let (first, second) = (server.enqueue(json!({})).await, server.enqueue(json!({})).await);
        let run = server.run().await;
        assert_eq!(run.id(), first);
        assert_eq!(server.job(second).await["waiting_for"]["reason"], "concurrency");
        server.patch(PUPPET, json!({"concurrency": 2})).await.ok(200);
        assert_eq!(server.run().await.id(), second);
    });
}

#[test]
fn a_timeout_that_was_changed_ends_attempts() {
    test(async |server| {
        server.patch(PUPPET, json!({"timeout_secs": 60})).await.ok(200);
        let id = server.enqueue(json!({"max_retries": 0})).await;
        let run = server.run().await;
        // Move the clock for as long as the timer may not have been set yet.
        while !run.ctx.is_cancelled() {
            server.clock.advance(Duration::from_secs(61));
            tokio::task::yield_now().await;
        }
        server.until(id, "failed").await;
        let job = server.job(id).await;
        assert_eq!(job["attempts"][0]["outcome"], "timeout");
        let began: Timestamp = NOON.parse().unwrap();
        assert!(server.clock.now() > began);
    });
}

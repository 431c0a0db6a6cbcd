//! POST /api/jobs and POST /api/jobs/{job_type}.

use callboard::config::{Config, JobTypeConfig};
use callboard::domain::Backoff;
use serde_json::{Value, json};

use crate::server::{NOON, Server, test, test_with};

/// The fields that every answer with a job has.
const FIELDS: [&str; 31] = [
    "id",
    "key",
    "job_type",
    "queue",
    "target_id",
    "state",
    "priority",
    "args",
    "tags",
    "metadata",
    "retry_count",
    "max_retries",
    "attempt",
    "timeout_secs",
    "unique",
    "backoff",
    "on_parent_failure",
    "cancel_requested_at",
    "crash_count",
    "progress",
    "result",
    "error",
    "parent_job_id",
    "depends_on",
    "workflow_id",
    "name",
    "worker_id",
    "run_at",
    "created_at",
    "started_at",
    "completed_at",
];

/// A job of `puppet` as stored, with these fields besides.
async fn stored(server: &Server, fields: Value) -> Value {
    let id = server.enqueue(fields).await;
    server.job(id).await
}

#[test]
fn a_job_is_made_with_the_usual_fields() {
    test(async |server| {
        let answer = server.post("/api/jobs", json!({"job_type": "puppet"})).await;
        let job = answer.ok(201);
        assert_eq!(answer.header("location"), Some(format!("/api/jobs/{}", job["id"]).as_str()));
        assert_eq!(answer.header("duplicate"), None);
        let mut names: Vec<_> = job.as_object().unwrap().keys().map(String::as_str).collect();
        let mut wanted = FIELDS;
        names.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(names, wanted);
        for (field, value) in [
            ("state", json!("pending")),
            ("queue", json!("default")),
            ("priority", json!(5)),
            ("args", json!({})),
            ("tags", json!([])),
            ("metadata", json!({})),
            ("max_retries", json!(3)),
            ("timeout_secs", json!(1800.0)),
            ("on_parent_failure", json!("cancel")),
            ("created_at", json!(NOON)),
            ("depends_on", json!([])),
            ("key", Value::Null),
            ("run_at", Value::Null),
            ("result", Value::Null),
        ] {
            assert_eq!(job[field], value, "{field}");
        }
        let read = server.get(answer.header("location").unwrap()).await.ok(200);
        assert_eq!(read["id"], job["id"]);
    });
}

#[test]
fn everything_that_is_said_is_kept() {
    test(async |server| {
        let parent = server.enqueue(json!({})).await;
        let said = json!({
            "job_type": "puppet", "args": {"url": "x", "deep": [1, {"two": null}]}, "key": "my-1", "queue": "slow",
            "target_id": "channel 7", "priority": 1, "max_retries": 0, "timeout_secs": 2.5,
            "run_at": "2031-01-01T00:00:00.000Z", "parent_job_id": parent, "depends_on": [parent],
            "on_parent_failure": "run", "tags": ["a", "b"], "metadata": {"by": "me"},
            "unique": {"by": ["args.url"], "while": ["pending"], "for_secs": 60.0, "on_conflict": "refuse"},
            "backoff": {"base_delay_secs": 5.0, "multiplier": 3.0, "max_delay_secs": 50.0, "jitter": 0.0},
        });
        let made = server.post("/api/jobs", said.clone()).await.ok(201);
        let read = server.job(made["id"].as_i64().unwrap()).await;
        for (field, value) in said.as_object().unwrap() {
            assert_eq!(&made[field], value, "{field} in the answer");
            assert_eq!(&read[field], value, "{field} when read");
        }
        assert_eq!((&made["state"], &read["state"]), (&json!("blocked"), &json!("blocked")));
    });
}

#[test]
fn numbers_are_kept_exactly() {
    test(async |server| {
        let args = r#"{"big":12345678901234567890123,"long":0.10000000000000000001,"e":1E3}"#;
        let body = format!(r#"{{"job_type":"puppet","args":{args}}}"#);
        let request = server.request(reqwest::Method::POST, "/api/jobs");
        let answer = crate::server::send(request.header("content-type", "application/json").body(body)).await;
        assert!(answer.text.contains(args), "{}", answer.text);
        let read = server.get(answer.header("location").unwrap()).await;
        assert!(read.text.contains(args), "{}", read.text);
    });
}

#[test]
fn a_job_begins_in_the_state_that_its_fields_mean() {
    test(async |server| {
        let later = stored(server, json!({"run_at": "2030-01-01T12:00:01Z"})).await;
        assert_eq!(
            (&later["state"], &later["run_at"]),
            (&json!("scheduled"), &json!("2030-01-01T12:00:01.000Z"))
        );
        let delayed = stored(server, json!({"delay_secs": 0.25})).await;
        assert_eq!(
            (&delayed["state"], &delayed["run_at"]),
            (&json!("scheduled"), &json!("2030-01-01T12:00:00.250Z"))
        );
        let child = stored(server, json!({"depends_on": [later["id"]]})).await;
        assert_eq!(child["state"], "blocked");
        let past = stored(server, json!({"job_type": "doll", "run_at": "1999-01-01T00:00:00Z"})).await;
        assert!(past["state"] == "pending" || past["state"] == "running", "{past}");
        server.run().await.end(Err(callboard::workers::Failure::fatal("broken")));
        let failed = past["id"].as_i64().unwrap();
        server.until(failed, "failed").await;
        let orphan = stored(server, json!({"depends_on": [failed]})).await;
        assert_eq!((&orphan["state"], &orphan["completed_at"]), (&json!("cancelled"), &json!(NOON)));
        assert!(orphan["error"].as_str().unwrap().contains(&format!("job {failed}, is failed")), "{orphan}");
        let brave = stored(server, json!({"depends_on": [failed], "on_parent_failure": "run"})).await;
        assert_ne!(brave["state"], "cancelled");
    });
}

#[test]
fn a_duplicate_is_found_by_key_first_then_by_uniqueness() {
    test(async |server| {
        let by_key = server.enqueue(json!({"key": "k", "delay_secs": 60})).await;
        let by_target = server.enqueue(json!({"target_id": "t", "delay_secs": 60})).await;
        for (again, id) in [
            (json!({"job_type": "doll", "key": "k", "args": [1], "priority": 1}), by_key),
            (json!({"job_type": "puppet", "key": "k", "target_id": "t"}), by_key),
            (json!({"job_type": "puppet", "key": "k", "depends_on": [99]}), by_key),
            (json!({"job_type": "puppet", "target_id": "t"}), by_target),
            (json!({"job_type": "puppet", "target_id": "t", "key": "new"}), by_target),
        ] {
            let answer = server.post("/api/jobs", again.clone()).await;
            assert_eq!(answer.ok(200)["id"], id, "{again}");
            assert_eq!(answer.header("duplicate"), Some("true"));
            assert_eq!(answer.header("location"), Some(format!("/api/jobs/{id}").as_str()));
        }
        for other in [
            json!({"job_type": "doll", "target_id": "t", "delay_secs": 60}),
            json!({"job_type": "puppet", "target_id": "t", "unique": false, "delay_secs": 60}),
            json!({"job_type": "puppet", "target_id": "T", "delay_secs": 60}),
        ] {
            assert_eq!(server.post("/api/jobs", other.clone()).await.status, 201, "{other}");
        }
        assert_eq!(server.get("/api/jobs").await.ok(200)["jobs"].as_array().unwrap().len(), 5);
    });
}

#[test]
fn uniqueness_by_args_refuses_or_replaces_when_told_to() {
    test(async |server| {
        let rule = |on_conflict: &str| json!({"by": ["args.url"], "on_conflict": on_conflict});
        let first =
            server.enqueue(json!({"args": {"url": "x"}, "delay_secs": 60, "unique": rule("return")})).await;
        let job = |unique| json!({"job_type": "puppet", "args": {"url": "x", "n": 2}, "priority": 2, "unique": unique, "delay_secs": 5});
        let refused = server.post("/api/jobs", job(rule("refuse"))).await;
        assert!(refused.problem(409).contains(&format!("job {first}")));
        assert_eq!(server.job(first).await["priority"], 5);
        let replaced = server.post("/api/jobs", job(rule("replace"))).await;
        assert_eq!(replaced.header("duplicate"), Some("true"));
        let replaced = replaced.ok(200);
        assert_eq!(
            (&replaced["id"], &replaced["priority"], &replaced["args"]["n"]),
            (&json!(first), &json!(2), &json!(2))
        );
        assert_eq!(replaced["run_at"], "2030-01-01T12:00:05.000Z");
    });
}

#[test]
fn a_parent_that_is_not_there_is_named() {
    test(async |server| {
        let there = server.enqueue(json!({})).await;
        let listed = server.post("/api/jobs", json!({"job_type": "puppet", "depends_on": [there, 77]})).await;
        assert_eq!(listed.wrong_fields(), ["depends_on"]);
        assert!(listed.text.contains("there is no job 77"));
        let alone = server.post("/api/jobs", json!({"job_type": "puppet", "parent_job_id": 78})).await;
        assert_eq!(alone.wrong_fields(), ["parent_job_id"]);
        assert_eq!(server.get("/api/queue-status").await.ok(200)["total"], 1);
    });
}

#[test]
fn an_unknown_job_type_is_refused_with_its_neighbours() {
    test(async |server| {
        let answer = server.post("/api/jobs", json!({"job_type": "pupet"})).await;
        assert_eq!(answer.wrong_fields(), ["job_type"]);
        assert!(answer.text.contains("did you mean puppet?"), "{}", answer.text);
        let far = server.post("/api/jobs/quite_something_else", json!({})).await;
        assert_eq!(far.wrong_fields(), ["job_type"]);
        assert!(far.text.contains("/api/job-types"), "{}", far.text);
        assert_eq!(server.get("/api/queue-status").await.ok(200)["total"], 0);
    });
}

#[test]
fn an_unknown_job_type_waits_where_that_is_allowed() {
    test_with(
        |config| config.accept_unknown_job_types = true,
        async |server| {
            let id = server.enqueue(json!({"job_type": "elsewhere"})).await;
            let job = server.job(id).await;
            assert_eq!(job["state"], "pending");
            assert_eq!(job["waiting_for"]["reason"], "no_worker");
        },
    );
}

#[test]
fn args_that_the_worker_cannot_read_are_refused() {
    test(async |server| {
        let answer = server.post("/api/jobs", json!({"job_type": "sleep", "args": {"secs": "long"}})).await;
        assert_eq!(answer.wrong_fields(), ["args.secs"]);
        let answer = server.post("/api/jobs/sleep", json!({"steps": -1})).await;
        assert_eq!(answer.wrong_fields(), ["args.steps"]);
        assert_eq!(server.get("/api/queue-status").await.ok(200)["total"], 0);
    });
}

#[test]
fn the_short_form_takes_args_as_body_and_the_rest_as_query() {
    test(async |server| {
        let path = "/api/jobs/puppet?queue=slow&tag=a&tag=b%20c&priority=2&max_retries=1&timeout_secs=null&delay_secs=60\
                    &key=k&target_id=null&metadata=%7B%22m%22%3A1%7D&unique=false&backoff=%7B%22jitter%22%3A0%7D";
        let answer = server.post(path, json!([1, "two"])).await;
        let job = answer.ok(201);
        assert_eq!(answer.header("location"), Some(format!("/api/jobs/{}", job["id"]).as_str()));
        for (field, value) in [
            ("job_type", json!("puppet")),
            ("args", json!([1, "two"])),
            ("queue", json!("slow")),
            ("tags", json!(["a", "b c"])),
            ("priority", json!(2)),
            ("max_retries", json!(1)),
            ("timeout_secs", Value::Null),
            ("run_at", json!("2030-01-01T12:01:00.000Z")),
            ("key", json!("k")),
            ("target_id", json!("null")),
            ("metadata", json!({"m": 1})),
            ("unique", json!(false)),
        ] {
            assert_eq!(job[field], value, "{field}");
        }
        let again = server.poke("/api/jobs/puppet?key=k").await;
        assert_eq!(
            (again.ok(200)["id"].clone(), again.header("duplicate")),
            (job["id"].clone(), Some("true"))
        );
        let bare = server.poke("/api/jobs/puppet").await.ok(201);
        assert_eq!(bare["args"], json!({}));
    });
}

#[test]
fn a_part_of_a_backoff_is_filled_from_the_job_type() {
    let retry = Backoff { base_delay_secs: 7.0, multiplier: 3.0, max_delay_secs: 70.0, jitter: 0.0 };
    let puppet = JobTypeConfig { retry: Some(retry), ..JobTypeConfig::default() };
    let change = |config: &mut Config| drop(config.job_types.insert("puppet".into(), puppet));
    test_with(change, async |server| {
        let job = stored(server, json!({"backoff": {"multiplier": 2}})).await;
        let wanted =
            json!({"base_delay_secs": 7.0, "multiplier": 2.0, "max_delay_secs": 70.0, "jitter": 0.0});
        assert_eq!(job["backoff"], wanted);
        let many = json!({"jobs": [{"job_type": "puppet", "backoff": {"jitter": 1}, "delay_secs": 1}]});
        let id = server.post("/api/jobs/bulk", many).await.ok(201)["ids"][0].as_i64().unwrap();
        assert_eq!(server.job(id).await["backoff"]["base_delay_secs"], 7.0);
        server.run().await.fail("once");
        let id = job["id"].as_i64().unwrap();
        server.until(id, "retrying").await;
        assert_eq!(server.job(id).await["run_at"], "2030-01-01T12:00:07.000Z");
    });
}

use serde_json::{Value, json};

use crate::fake::{Answer, Fake, job, job_with};
use crate::run::{json, program, run};

#[test]
fn retry_goes_through_all_ids_and_tells_of_each() {
    let server = Fake::start();
    server.on("POST /api/jobs/1/retry", Answer::json(job(1, "pending")));
    server.on("POST /api/jobs/2/retry", Answer::problem(409, "job 2 is running", json!([])));
    server.on("POST /api/jobs/3/retry", Answer::json(job(3, "blocked")));
    let ran = run(&server, &["retry", "1", "2", "3"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), "job 1 pending\njob 3 blocked\n"));
    assert_eq!(ran.err, "error: job 2 is running (409 Conflict)\n");
}

#[test]
fn cancel_tells_a_job_that_is_gone_from_one_that_was_told_to_stop() {
    let server = Fake::start();
    let told = job_with(2, "running", json!({"cancel_requested_at": "2030-01-02T03:04:05.000Z"}));
    server.on("DELETE /api/jobs/1", Answer::json(job(1, "cancelled")));
    server.on("DELETE /api/jobs/2", Answer::text(202, "application/json", told));
    let ran = run(&server, &["cancel", "1", "2"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "job 1 cancelled\njob 2 running, told to stop\n"));
}

#[test]
fn several_failures_are_counted() {
    let server = Fake::start();
    for id in 1..=2 {
        let refusal = Answer::problem(409, &format!("job {id} is completed"), json!([]));
        server.on(&format!("DELETE /api/jobs/{id}"), refusal);
    }
    server.on("DELETE /api/jobs/3", Answer::json(job(3, "cancelled")));
    let ran = run(&server, &["--json", "cancel", "1", "2", "3"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(json(&ran.out)["id"], 3);
    assert!(ran.err.contains("job 1 is completed") && ran.err.contains("job 2 is completed"), "{}", ran.err);
    assert!(ran.err.ends_with("error: 2 of 3 failed\n"), "{}", ran.err);
}

#[test]
fn dead_letters() {
    let server = Fake::start();
    let list = json!({"jobs": [job_with(4, "failed", json!({"error": "boom"}))], "next_cursor": null});
    server.on("GET /api/dead-letters?job_type=noop&order=oldest", Answer::json(&list));
    let ran = run(&server, &["dead", "list", "--job-type", "noop", "--order", "oldest"]);
    assert!(ran.out.contains("boom"), "{}", ran.out);

    // Part by part, until there is no more.
    let part = |changed: u64, next: Value| {
        Answer::json(json!({"matched": 5, "changed": changed, "next_cursor": next}))
    };
    server.on("POST /api/dead-letters/retry?tag=t&limit=1000", part(4, json!("there")));
    server.on("POST /api/dead-letters/retry?tag=t&limit=1000&cursor=there", part(3, Value::Null));
    let ran = run(&server, &["dead", "retry", "--tag", "t"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "7 of 10 failed jobs retried\n"));

    server.on("DELETE /api/dead-letters?all=true&limit=1000", part(5, Value::Null));
    let ran = run(&server, &["dead", "discard", "--all", "--json"]);
    assert_eq!((ran.code, json(&ran.out)), (Some(0), json!({"matched": 5, "changed": 5})));
}

#[test]
fn what_was_done_before_a_failure_is_told() {
    let server = Fake::start();
    let part = json!({"matched": 5, "changed": 4, "next_cursor": "there"});
    server.on("POST /api/dead-letters/retry?all=true&limit=1000", Answer::json(part));
    let full = Answer::problem(503, "the disk is full", json!([]));
    server.on("POST /api/dead-letters/retry?all=true&limit=1000&cursor=there", full);
    let ran = run(&server, &["dead", "retry", "--all"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), "4 of 5 failed jobs retried\n"));
    assert!(ran.err.contains("the disk is full"), "{}", ran.err);
}

#[test]
fn all_dead_letters_must_be_asked_for() {
    for args in [&["dead", "retry"][..], &["dead", "discard"], &["dead", "discard", "--all", "--tag", "t"]] {
        let output = program(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains("--all"), "{args:?}");
    }
}

#[test]
fn pause_and_resume() {
    let server = Fake::start();
    server.on("POST /api/job-types/a.b:c/pause", Answer::json(json!({"name": "a.b:c", "paused": true})));
    server.on("POST /api/queues/q/resume", Answer::json(json!({"name": "q", "paused": false})));
    let ran = run(&server, &["pause", "a.b:c"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "job type a.b:c paused\n"));
    let ran = run(&server, &["resume", "--queue", "q"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "queue q resumed\n"));
    for args in
        [&["pause"][..], &["pause", "a", "--queue", "q"], &["resume", "a/../b"], &["pause", "--queue", ""]]
    {
        assert_eq!(run(&server, args).code, Some(2), "{args:?}");
    }
    assert_eq!(server.lines().len(), 2);
}

#[test]
fn a_signal_goes_with_its_payload() {
    let server = Fake::start();
    let signal = json!({"name": "go on", "at": "2030-01-02T03:04:05.000Z", "bytes": 9, "until": null,
        "timed_out": false, "payload": {"n": 1}});
    let line = "POST /api/jobs/7/signals/go%20on";
    server.on(line, Answer::json(&signal)).on(line, Answer::json(&signal).header("Duplicate", "true"));
    let ran = run(&server, &["signal", "7", "go on", "{\"n\":1.0}"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "job 7 has signal \"go on\"\n"));
    assert_eq!(server.expect(line).json(), json!({"n": 1.0}));
    let again = run(&server, &["signal", "7", "go on"]);
    assert_eq!((again.code, again.out.as_str()), (Some(0), "job 7 had signal \"go on\"\n"));
    assert_eq!(server.expect(line).json(), Value::Null);
    assert_eq!(run(&server, &["signal", "7", "go", "{"]).code, Some(2));
}

#[test]
fn a_fresh_retry_says_so() {
    let server = Fake::start();
    server.on("POST /api/jobs/1/retry", Answer::json(job(1, "pending")));
    let ran = run(&server, &["retry", "1", "--fresh"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "job 1 pending\n"));
    assert_eq!(server.expect("POST /api/jobs/1/retry").json(), json!({"fresh": true}));
}

#[test]
fn a_drain_asks_until_nothing_runs() {
    let server = Fake::start();
    let still = |n| json!({"paused": true, "running": n, "drained": n == 0});
    server.on("POST /api/drain?wait_secs=30", Answer::json(still(2)));
    server.on("POST /api/drain?wait_secs=30", Answer::json(still(0)));
    let ran = run(&server, &["drain", "--all"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "everything drained\n"));
    assert!(ran.err.contains("everything paused, 2 still run"), "{}", ran.err);
    server.on("POST /api/queues/q/drain?wait_secs=0", Answer::json(still(1)));
    let ran = run(&server, &["drain", "--queue", "q", "--timeout", "0"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert!(ran.err.ends_with("error: queue q paused, but 1 still run\n"), "{}", ran.err);
    let resumed = json!({"paused": false, "running": 1, "drained": false});
    server.on("POST /api/job-types/t/drain?wait_secs=30", Answer::json(resumed));
    let ran = run(&server, &["drain", "t"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("job type t was resumed"), "{}", ran.err);
    assert_eq!(run(&server, &["drain", "t", "--all"]).code, Some(2));
    server.on("POST /api/pause", Answer::json(json!({"all": true})));
    assert_eq!(run(&server, &["pause", "--all"]).out, "everything paused\n");
    server.on("POST /api/resume", Answer::json(json!({"all": false})));
    assert_eq!(run(&server, &["resume", "--all"]).out, "everything resumed\n");
}

use serde_json::json;

use crate::fake::{Answer, Fake, job};
use crate::run::{json, program, run, run_with_input};

#[test]
fn sends_the_least_and_prints_the_id() {
    let server = Fake::start();
    server.on("POST /api/jobs", Answer::text(201, "application/json", job(17, "pending")));
    let ran = run(&server, &["enqueue", "noop"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "17\n", ""));
    assert_eq!(server.request().json(), json!({"job_type": "noop"}));
}

#[test]
fn sends_everything_that_was_given() {
    let server = Fake::start();
    server.on("POST /api/jobs", Answer::text(201, "application/json", job(17, "pending")));
    let args = [
        "enqueue",
        "noop",
        "--queue",
        "q",
        "--priority",
        "2",
        "--key",
        "k",
        "--target-id",
        "t",
        "--max-retries",
        "0",
        "--timeout-secs",
        "none",
        "--run-at",
        "2030-01-02T03:04:05+01:00",
        "--tag",
        "a,b",
        "--tag",
        "c",
        "--parent",
        "3",
        "--depends-on",
        "4,5",
        "--depends-on",
        "6",
        "--on-parent-failure",
        "run",
        "--unique",
        r#"{"by":["args.x"]}"#,
        "--metadata",
        r#"{"m":1}"#,
        "--backoff",
        r#"{"multiplier":3}"#,
        "--args",
        r#"{"x":"y"}"#,
        "--token",
        "secret",
    ];
    assert_eq!(run(&server, &args).code, Some(0));
    let request = server.request();
    assert_eq!(request.token.as_deref(), Some("Bearer secret"));
    let expected = json!({
        "job_type": "noop", "queue": "q", "priority": 2, "key": "k", "target_id": "t",
        "max_retries": 0, "timeout_secs": null, "run_at": "2030-01-02T02:04:05.000Z",
        "tags": ["a,b", "c"], "parent_job_id": 3, "depends_on": [4, 5, 6],
        "on_parent_failure": "run", "unique": {"by": ["args.x"]}, "metadata": {"m": 1},
        "backoff": {"multiplier": 3}, "args": {"x": "y"}
    });
    assert_eq!(request.json(), expected);
}

#[test]
fn keeps_numbers_exactly_both_ways() {
    let server = Fake::start();
    let number = "123456789012345678901234567890.5";
    let stored = job(17, "pending").to_string().replace("{\"n\":1}", &format!("{{\"n\":{number}}}"));
    server.on("POST /api/jobs", Answer::text(201, "application/json", &stored));
    let ran = run(&server, &["--json", "enqueue", "noop", "--args", &format!("{{\"n\": {number}}}")]);
    assert_eq!(ran.out, stored + "\n");
    assert!(server.request().body.contains(number));
}

#[test]
fn says_that_a_duplicate_was_there_already() {
    let server = Fake::start();
    server.on("POST /api/jobs", Answer::json(job(9, "running")).header("duplicate", "true"));
    let ran = run(&server, &["enqueue", "noop", "--key", "k"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "9\n"));
    assert!(ran.err.contains("job 9 is there already, running"), "{}", ran.err);
}

#[test]
fn takes_args_from_a_file_or_standard_input() {
    let server = Fake::start();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[1, 2]\n").unwrap();
    for _ in 0..2 {
        server.on("POST /api/jobs", Answer::text(201, "application/json", job(1, "pending")));
    }
    let path = file.path().to_str().unwrap();
    assert_eq!(run(&server, &["enqueue", "noop", "--args-file", path]).code, Some(0));
    assert_eq!(server.request().json()["args"], json!([1, 2]));
    let ran = run_with_input(&server, &["enqueue", "noop", "--args-file", "-"], "{\"a\": 1}\n");
    assert_eq!(ran.code, Some(0));
    assert_eq!(server.request().json()["args"], json!({"a": 1}));
}

#[test]
fn watches_when_asked_to() {
    let server = Fake::start();
    server.on("POST /api/jobs", Answer::text(201, "application/json", job(17, "pending")));
    let (answer, events) = Answer::events();
    server.on("GET /api/jobs/17/events?logs=true", answer);
    events.send(1, "snapshot", json!({"type": "snapshot", "job": job(17, "completed")})).end();
    let ran = run(&server, &["enqueue", "noop", "--watch", "--json"]);
    assert_eq!(ran.code, Some(0));
    let lines: Vec<_> = ran.out.lines().map(json).collect();
    assert_eq!(lines[0]["id"], 17);
    assert_eq!(lines[1]["type"], "snapshot");
}

#[test]
fn refuses_what_makes_no_sense_without_asking_a_server() {
    for (args, word) in [
        (&["enqueue"][..], "TYPE"),
        (&["enqueue", "noop", "--args", "{broken"], "not JSON"),
        (&["enqueue", "noop", "--args", "{}", "--args-file", "x"], "cannot be used with"),
        (&["enqueue", "noop", "--args-file", "/no/such/file"], "/no/such/file"),
        (&["enqueue", "noop", "--priority", "11"], "1..=10"),
        (&["enqueue", "noop", "--run-at", "tomorrow"], "RFC 3339"),
        (&["enqueue", "noop", "--delay-secs=-1"], "such as 30"),
        (
            &["enqueue", "noop", "--delay-secs", "1", "--run-at", "2030-01-02T03:04:05Z"],
            "cannot be used with",
        ),
        (&["enqueue", "noop", "--timeout-secs", "soon"], "seconds"),
        (&["enqueue", "noop", "--token", "a\nb"], "token"),
        (&["enqueue", "noop", "--url", "ftp://x"], "http://"),
    ] {
        let output = program(args).env("CALLBOARD_URL", "http://127.0.0.1:1").output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {err}");
        assert!(err.contains(word), "{args:?}: {err}");
    }
}

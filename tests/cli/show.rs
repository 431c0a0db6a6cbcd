use serde_json::json;

use crate::fake::{Answer, Fake, job_with};
use crate::run::{json, run};

#[test]
fn shows_a_job_with_its_attempts() {
    let server = Fake::start();
    let job = job_with(
        5,
        "retrying",
        json!({
            "target_id": "UC1", "args": {"a": "x\u{1b}[31m"}, "error": "boom\nat line 3", "depends_on": [3, 4],
            "waiting_for": {"reason": "backoff", "detail": "tries again in 4 s"},
            "attempts": [{"number": 1, "started_at": "2030-01-02T03:04:05.000Z",
                "finished_at": "2030-01-02T03:04:06.500Z", "outcome": "error", "error": "boom\nat line 3",
                "worker_id": "1/noop", "duration_ms": 1500}],
            "steps": [{"name": "fetch", "attempt": 1, "at": "2030-01-02T03:04:06.000Z", "bytes": 17}],
            "signals": [{"name": "go", "at": null, "bytes": null, "until": "2030-01-02T04:00:00.000Z",
                "timed_out": true}]
        }),
    );
    server.on("GET /api/jobs/5", Answer::json(&job)).on("GET /api/jobs/5", Answer::json(&job));
    let ran = run(&server, &["show", "5"]);
    assert_eq!(ran.code, Some(0));
    for line in [
        "job 5",
        "  state             retrying",
        "  waits because     tries again in 4 s",
        "  retries           0 of 3",
        "  timeout           30m",
        "  depends on        3, 4",
        "  error             boom at line 3",
        "ATTEMPT  OUTCOME  STARTED                       TOOK  WORKER  ERROR",
        "      1  error    2030-01-02T03:04:05.000Z  1s 500ms  1/noop  boom at line 3",
        "STEP   ATTEMPT  FINISHED                  BYTES",
        "fetch        1  2030-01-02T03:04:06.000Z     17",
        "SIGNAL  CAME         BYTES  WAITED FOR UNTIL",
        "go      not in time         2030-01-02T04:00:00.000Z",
    ] {
        assert!(ran.out.lines().any(|l| l == line), "{line:?} in\n{}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'));
    assert_eq!(json(&run(&server, &["show", "5", "--json"]).out), job);
}

#[test]
fn a_job_that_is_not_there_is_a_failure() {
    let server = Fake::start();
    server.on("GET /api/jobs/5", Answer::problem(404, "there is no job 5", json!([])));
    let ran = run(&server, &["show", "5"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert_eq!(ran.err, "error: there is no job 5 (404 Not Found)\n");
}

fn counts() -> serde_json::Value {
    json!({"scheduled": 0, "blocked": 0, "pending": 2, "running": 1, "retrying": 0, "completed": 10,
        "failed": 1, "cancelled": 0})
}

#[test]
fn stats() {
    let server = Fake::start();
    let span =
        json!({"enqueued": 5, "completed": 4, "failed": 1, "queue_latency_ms": {"p50": 2.0, "p99": 9.6}});
    let status = json!({
        "counts": counts(), "by_job_type": {"noop": counts()}, "active_workers": 1, "total": 14,
        "oldest_pending_age_secs": 75.4, "last_minute": span, "last_hour": span
    });
    server.on("GET /api/jobs/queue/status", Answer::json(&status));
    server.on("GET /api/jobs/queue/status", Answer::json(&status));
    let ran = run(&server, &["stats"]);
    let expected = "\
running now     1
stored jobs     14
oldest pending  1m 15s
last minute     5 enqueued, 4 completed, 1 failed; wait p50 2 ms, p99 10 ms
last hour       5 enqueued, 4 completed, 1 failed; wait p50 2 ms, p99 10 ms

TYPE  PENDING  RUNNING  COMPLETED  FAILED
noop        2        1         10       1
all         2        1         10       1
";
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), expected));
    assert_eq!(json(&run(&server, &["stats", "--json"]).out), status);
}

#[test]
fn types() {
    let server = Fake::start();
    let kind = |name: &str, available: bool, reason: Option<&str>, paused: bool| {
        json!({"name": name, "description": "Does it.", "args_schema": {}, "concurrency": 4, "rate_limit": null,
            "timeout_secs": null, "max_retries": 3, "backoff": {}, "available": available,
            "unavailable_reason": reason, "paused": paused, "running": 1, "counts": counts(),
            "tools": [{"name": "yt-dlp", "version": "2026.10.26", "missing": null},
                {"name": "ffmpeg", "version": null, "missing": reason}]})
    };
    let list = json!({"job_types": [kind("a", true, None, false), kind("b", true, None, true),
        kind("c", false, Some("ffmpeg is not installed"), false)]});
    server.on("GET /api/job-types", Answer::json(&list)).on("GET /api/job-types", Answer::json(&list));
    let expected = "\
NAME  STATUS       RUNNING  SLOTS  PENDING  FAILED  TOOLS                              DESCRIPTION
a     ready              1      4        2       1  yt-dlp 2026.10.26, ffmpeg          Does it.
b     paused             1      4        2       1  yt-dlp 2026.10.26, ffmpeg          Does it.
c     unavailable        1      4        2       1  yt-dlp 2026.10.26, ffmpeg missing  Does it.
c is unavailable: ffmpeg is not installed
";
    let ran = run(&server, &["types"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), expected));
    assert_eq!(json(&run(&server, &["types", "--json"]).out), list);
}

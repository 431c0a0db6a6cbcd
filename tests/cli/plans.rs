use serde_json::json;

use crate::fake::{Answer, Fake};
use crate::run::{json, run};

#[test]
fn schedules_are_listed() {
    let server = Fake::start();
    let list = json!({"schedules": [
        {"name": "nightly", "job_type": "sync", "cron": "30 4 * * *", "every_secs": null,
            "timezone": "Europe/Berlin", "paused": false, "next_runs": ["2030-01-02T03:30:00.000Z"]},
        {"name": "often", "job_type": "poll", "cron": null, "every_secs": 90.0, "timezone": "UTC",
            "paused": true, "next_runs": ["2030-01-02T03:30:00.000Z"]}
    ]});
    server.on("GET /api/schedules", Answer::json(&list)).on("GET /api/schedules", Answer::json(&list));
    let expected = "\
NAME     TYPE  WHEN                      STATUS  NEXT RUN
nightly  sync  30 4 * * * Europe/Berlin  active  2030-01-02T03:30:00.000Z
often    poll  every 1m 30s              paused
";
    let ran = run(&server, &["schedules", "list"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), expected));
    assert_eq!(json(&run(&server, &["schedules", "list", "--json"]).out), list);
}

#[test]
fn schedules_are_set() {
    let server = Fake::start();
    server.on("PUT /api/schedules/my%20plan", Answer::json(json!({"name": "my plan"})));
    let args = [
        "schedules",
        "set",
        "my plan",
        "--type",
        "sync",
        "--cron",
        "30 4 * * *",
        "--timezone",
        "Europe/Berlin",
        "--misfire",
        "skip",
        "--overlap",
        "skip",
        "--args",
        "{\"a\":1}",
        "--queue",
        "q",
        "--tag",
        "t",
    ];
    let ran = run(&server, &args);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "schedule my plan set\n"));
    let expected = json!({"job_type": "sync", "cron": "30 4 * * *", "timezone": "Europe/Berlin",
        "misfire": "skip", "overlap": "skip", "args": {"a": 1}, "queue": "q", "tags": ["t"]});
    assert_eq!(server.request().json(), expected);
    for args in [
        &["schedules", "set", "x", "--type", "sync"][..],
        &["schedules", "set", "x", "--cron", "* * * * *"],
        &["schedules", "set", "x", "--type", "sync", "--cron", "* * * * *", "--every-secs", "5"],
    ] {
        assert_eq!(run(&server, args).code, Some(2), "{args:?}");
    }
}

#[test]
fn schedules_are_created_and_edited() {
    let server = Fake::start();
    server.on("POST /api/schedules", Answer::text(201, "application/json", json!({"name": "n"})));
    let args = ["schedules", "create", "n", "--type", "sync", "--every-secs", "90", "--paused"];
    let ran = run(&server, &args);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "schedule n created\n"));
    let expected = json!({"name": "n", "job_type": "sync", "every_secs": 90.0, "paused": true});
    assert_eq!(server.request().json(), expected);
    let is = r#"{"name":"n","cron":null,"every_secs":90.0,"timezone":"UTC","description":"x","job_type":"sync",
        "args":{"n":12345678901234567890123},"timeout_secs":null,"key":null,"paused":true,"owner":"api",
        "next_runs":[],"last_run":null,"history":[]}"#;
    server.on("GET /api/schedules/n", Answer::json(is));
    server.on("PUT /api/schedules/n", Answer::json(json!({"name": "n"})));
    let ran = run(&server, &["schedules", "edit", "n", "--cron", "@daily", "--priority", "2"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "schedule n changed\n"));
    server.request();
    let body = server.request().body;
    assert!(body.contains("12345678901234567890123"), "{body}");
    let fields = ["args", "cron", "job_type", "paused", "priority", "timeout_secs", "timezone"];
    let given: serde_json::Map<_, _> = serde_json::from_str(&body).unwrap();
    assert_eq!(given.keys().collect::<Vec<_>>(), fields);
    assert_eq!((&given["cron"], &given["timeout_secs"]), (&json!("@daily"), &json!(null)));
    assert_eq!(run(&server, &["schedules", "edit", "n"]).code, Some(2));
}

#[test]
fn a_schedule_is_shown_with_its_history() {
    let server = Fake::start();
    let is = json!({"name": "n", "cron": "@daily", "every_secs": null, "timezone": "UTC",
    "description": "At 00:00.", "job_type": "sync", "args": {"a": 1}, "queue": "q", "misfire": "once",
    "overlap": "skip", "paused": false, "owner": "config",
    "next_runs": ["2030-01-02T00:00:00.000Z", "2030-01-03T00:00:00.000Z"],
    "history": [
        {"number": 2, "due_at": "2030-01-01T00:00:00.000Z", "fired_at": "2030-01-01T00:00:00.000Z",
            "trigger": "time", "outcome": "skipped", "job_id": 7, "reason": "busy", "job_state": "running"},
        {"number": 1, "due_at": "2029-12-31T12:00:00.000Z", "fired_at": "2029-12-31T12:00:00.000Z",
            "trigger": "manual", "outcome": "enqueued", "job_id": 7, "reason": null, "job_state": "running"}
    ]});
    server.on("GET /api/schedules/n", Answer::json(&is));
    let expected = "\
schedule n
  when        @daily UTC
  in words    At 00:00.
  status      active
  type        sync
  queue       q
  args        {\"a\":1}
  missed runs once
  overlap     skip
  made by     config
  next runs   2030-01-02T00:00:00.000Z, 2030-01-03T00:00:00.000Z

DUE                       OUTCOME  JOB  STATE    REASON
2030-01-01T00:00:00.000Z  skipped    7  running  busy
2029-12-31T12:00:00.000Z  by hand    7  running
";
    let ran = run(&server, &["schedules", "show", "n"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), expected));
}

#[test]
fn schedules_are_steered() {
    let server = Fake::start();
    for (verb, line, done) in [
        ("pause", "POST /api/schedules/n/pause", "paused"),
        ("resume", "POST /api/schedules/n/resume", "resumed"),
        ("delete", "DELETE /api/schedules/n", "deleted"),
    ] {
        server.on(line, Answer::text(204, "application/json", ""));
        let ran = run(&server, &["schedules", verb, "n"]);
        assert_eq!((ran.code, ran.out), (Some(0), format!("schedule n {done}\n")));
    }
    server.on("POST /api/schedules/n/run", Answer::text(201, "application/json", json!({"id": 17})));
    let ran = run(&server, &["schedules", "run", "n"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "schedule n run: job 17\n"));
    server.on("DELETE /api/schedules/n", Answer::text(204, "application/json", ""));
    let ran = run(&server, &["schedules", "delete", "n", "--json"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "{}\n"));
}

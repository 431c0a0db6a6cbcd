use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::fake::{Answer, Fake, job, job_with};
use crate::run::{end, json, line, run, start};

const EVENTS: &str = "GET /api/jobs/7/events?logs=true";

fn snapshot(job: Value) -> Value {
    json!({"type": "snapshot", "job": job})
}

fn state(state: &str, attempt: u32, error: Option<&str>) -> Value {
    json!({"type": "state", "job_id": 7, "state": state, "attempt": attempt, "error": error,
        "at": "2030-01-02T03:04:05.000Z"})
}

fn progress(percent: f64) -> Value {
    json!({"type": "progress", "job_id": 7, "attempt": 1, "percent": percent, "processed": 1, "total": 4,
        "message": "step\u{1b}[2J", "at": "2030-01-02T03:04:05.000Z"})
}

fn log(line: &str) -> Value {
    json!({"type": "log", "job_id": 7, "attempt": 1, "stream": "log", "line": line,
        "at": "2030-01-02T03:04:05.000Z"})
}

#[test]
fn shows_a_job_to_its_completion() {
    let server = Fake::start();
    let (answer, events) = Answer::events();
    server.on(EVENTS, answer);
    events.raw(": hello\n\n");
    events.send(1, "snapshot", snapshot(job_with(7, "pending", json!({"attempt": 0}))));
    events.send(2, "state", state("running", 1, None));
    events.send(3, "log", log("fetching \u{1b}]0;owned\u{7}it"));
    events.send(4, "progress", progress(25.0));
    events.send(5, "progress", progress(26.0));
    events.send(6, "state", state("completed", 1, None)).end();
    let ran = run(&server, &["watch", "7"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "fetching it\n"));
    let expected = "job 7 pending\njob 7 running, attempt 1\n25.0% 1/4 step\njob 7 completed, attempt 1\n";
    assert_eq!(ran.err, expected);
}

#[test]
fn ends_with_1_when_the_job_does() {
    for (last, error) in [("failed", Some("boom\u{7}")), ("cancelled", None)] {
        let server = Fake::start();
        let (answer, events) = Answer::events();
        server.on(EVENTS, answer);
        events.send(1, "snapshot", snapshot(job(7, "running")));
        events.send(2, "state", state("retrying", 1, Some("first")));
        events.send(3, "state", state(last, 2, error)).end();
        let ran = run(&server, &["watch", "7"]);
        assert_eq!(ran.code, Some(1));
        assert!(ran.err.contains("job 7 retrying, attempt 1: first\n"), "{}", ran.err);
        let cause = if error.is_some() { ": boom" } else { "" };
        assert!(ran.err.ends_with(&format!("\nerror: job 7 {last}{cause}\n")), "{}", ran.err);
    }
}

#[test]
fn a_job_that_is_final_already_needs_no_waiting() {
    for (state, code) in [("completed", 0), ("failed", 1)] {
        let server = Fake::start();
        let (answer, events) = Answer::events();
        server.on(EVENTS, answer);
        events.send(1, "snapshot", snapshot(job(7, state)));
        assert_eq!(run(&server, &["watch", "7"]).code, Some(code));
    }
}

#[test]
fn goes_on_where_a_lost_connection_ended() {
    let server = Fake::start();
    let (answer, first) = Answer::events();
    let (answer_again, second) = Answer::events();
    server
        .on(EVENTS, answer)
        .on(EVENTS, Answer::problem(503, "restarting", json!([])))
        .on(EVENTS, answer_again);
    let mut child = start(&server, &["watch", "7"]);
    first.send(1, "snapshot", snapshot(job(7, "running"))).send(41, "log", log("one"));
    assert_eq!(server.request().last_event_id, None);
    assert_eq!(line(&mut child), "one");
    first.cut();
    assert_eq!(server.request().last_event_id.as_deref(), Some("41"));
    assert_eq!(server.request().last_event_id.as_deref(), Some("41"));
    second.send(42, "log", log("two")).send(43, "state", state("completed", 1, None)).end();
    let ran = end(child);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "two\n"));
    assert!(ran.err.contains("lost the server"), "{}", ran.err);
}

#[test]
fn hears_what_it_missed_before_how_it_ended() {
    let server = Fake::start();
    let (answer, first) = Answer::events();
    let (answer_again, second) = Answer::events();
    server.on(EVENTS, answer).on(EVENTS, answer_again);
    let mut child = start(&server, &["watch", "7"]);
    first.send(1, "log", log("one"));
    assert_eq!(line(&mut child), "one");
    first.cut();
    let (now, end_of_it) = (snapshot(job(7, "completed")), state("completed", 1, None));
    second.send(3, "snapshot", now).send(2, "log", log("two")).send(3, "state", end_of_it).end();
    let ran = end(child);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "two\n"));
}

#[test]
fn gives_up_on_a_server_that_stays_away() {
    let server = Fake::start();
    let (answer, events) = Answer::events();
    server.on(EVENTS, answer);
    events.send(1, "log", log("one"));
    let mut child = start(&server, &["watch", "7", "--give-up-after", "0.1"]);
    assert_eq!(line(&mut child), "one");
    drop(server);
    events.cut();
    let ran = end(child);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert!(ran.err.contains("lost the server") && ran.err.contains("error: no server"), "{}", ran.err);
}

#[test]
fn a_job_that_was_deleted_meanwhile_is_a_failure() {
    let server = Fake::start();
    let (answer, events) = Answer::events();
    server.on(EVENTS, answer).on(EVENTS, Answer::problem(404, "there is no job 7", json!([])));
    events.send(1, "snapshot", snapshot(job(7, "running")));
    drop(events);
    let ran = run(&server, &["watch", "7"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("there is no job 7"), "{}", ran.err);
}

#[test]
fn asks_for_the_job_when_events_were_missed() {
    let server = Fake::start();
    let (answer, events) = Answer::events();
    server.on(EVENTS, answer).on("GET /api/jobs/7", Answer::json(job(7, "completed")));
    events.send(1, "snapshot", snapshot(job(7, "running")));
    events.send(900, "gap", json!({"type": "gap", "dropped": 12}));
    let ran = run(&server, &["watch", "7"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("12 events were missed"), "{}", ran.err);
}

#[test]
fn asks_for_the_job_when_the_end_came_without_its_state() {
    let server = Fake::start();
    let (answer, events) = Answer::events();
    server
        .on(EVENTS, answer)
        .on("GET /api/jobs/7", Answer::json(job_with(7, "failed", json!({"error": "x"}))));
    events.send(1, "snapshot", snapshot(job(7, "running"))).end();
    let ran = run(&server, &["watch", "7"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.ends_with("error: job 7 failed: x\n"), "{}", ran.err);
}

#[test]
fn passes_events_on_as_json() {
    let server = Fake::start();
    let (answer, events) = Answer::events();
    server.on(EVENTS, answer);
    let frames = [snapshot(job(7, "running")), log("\u{9b}2Jx"), state("completed", 1, None)];
    events.send(1, "snapshot", &frames[0]).send(2, "log", &frames[1]);
    events.raw("event: news\ndata: what is this\n\n").send(3, "state", &frames[2]).end();
    let ran = run(&server, &["watch", "7", "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(!ran.out.contains('\u{9b}'));
    assert_eq!(ran.out.lines().map(json).collect::<Vec<_>>(), frames);
}

#[test]
fn control_c_leaves_the_job_alone() {
    let server = Fake::start();
    let (answer, events) = Answer::events();
    server.on(EVENTS, answer);
    let child = start(&server, &["watch", "7"]);
    events.send(1, "snapshot", snapshot(job(7, "running")));
    server.request();
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    let ran = end(child);
    assert_eq!(ran.code, Some(130));
    assert!(ran.err.ends_with("interrupted; job 7 goes on\n"), "{}", ran.err);
    assert_eq!(server.lines(), Vec::<String>::new());
}

use serde_json::{Value, json};

use crate::fake::{Answer, Fake, job_with};
use crate::run::{end, json, run, start};

const EVENTS: &str = "GET /api/jobs/7/events?logs=true";

fn piece(content: &str, offset: usize, size: usize) -> Answer {
    let next = offset + content.len();
    Answer::json(json!({"content": content, "offset": offset, "next_offset": next, "size": size}))
}

fn snapshot(state: &str, attempt: u32) -> Value {
    json!({"type": "snapshot", "job": job_with(7, state, json!({"attempt": attempt}))})
}

fn state(state: &str, attempt: u32) -> Value {
    json!({"type": "state", "job_id": 7, "state": state, "attempt": attempt, "error": null,
        "at": "2030-01-02T03:04:05.000Z"})
}

fn log(attempt: u32) -> Value {
    json!({"type": "log", "job_id": 7, "attempt": attempt, "stream": "log", "line": "not shown",
        "at": "2030-01-02T03:04:05.000Z"})
}

#[test]
fn prints_all_pieces_even_where_they_cut_an_escape() {
    let server = Fake::start();
    for _ in 0..2 {
        server.on("GET /api/jobs/7/logs?stream=log", piece("a\n\u{1b}[3", 0, 11));
        server.on("GET /api/jobs/7/logs?stream=log&offset=5", piece("1mb\r\nc", 5, 11));
    }
    let ran = run(&server, &["logs", "7"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "a\nb\nc\n"));
    let ran = run(&server, &["logs", "7", "--json"]);
    let whole = json!({"content": "a\n\u{1b}[31mb\r\nc", "offset": 0, "next_offset": 11, "size": 11});
    assert_eq!(json(&ran.out), whole);
}

#[test]
fn chooses_stream_attempt_and_tail() {
    let server = Fake::start();
    server.on("GET /api/jobs/7/logs?stream=stderr&attempt=2&tail=5", piece("x\n", 90, 100));
    server.on("GET /api/jobs/7/logs?stream=stderr&attempt=2&offset=92", piece("y\n", 92, 94));
    let ran = run(&server, &["logs", "7", "--stream", "stderr", "--attempt", "2", "-n", "5"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "x\ny\n", ""));
    for args in [&["logs", "7", "--stream", "odd"][..], &["logs", "7", "--attempt", "0"], &["logs"]] {
        assert_eq!(run(&server, args).code, Some(2), "{args:?}");
    }
}

#[test]
fn a_server_that_stands_still_is_not_asked_for_ever() {
    let server = Fake::start();
    server.on("GET /api/jobs/7/logs?stream=log", piece("", 0, 10));
    server.on("GET /api/jobs/7/logs?stream=log&offset=0", piece("", 0, 10));
    let ran = run(&server, &["logs", "7"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("does not go on"), "{}", ran.err);
}

#[test]
fn follows_over_attempts_until_the_job_is_final() {
    let server = Fake::start();
    let (answer, events) = Answer::events();
    server.on(EVENTS, answer);
    let child = start(&server, &["logs", "-f", "7"]);
    server.expect(EVENTS);
    events.send(1, "snapshot", snapshot("pending", 0));

    server.on("GET /api/jobs/7/logs?stream=log&attempt=1", piece("one\n", 0, 4));
    events.send(2, "state", state("running", 1));
    server.expect("GET /api/jobs/7/logs?stream=log&attempt=1");

    let next = "GET /api/jobs/7/logs?stream=log&attempt=1&offset=4";
    server.on(next, piece("two", 4, 7));
    events.send(3, "log", log(1));
    server.expect(next);

    // The end of the first attempt is read before the second one is turned to.
    server.on("GET /api/jobs/7/logs?stream=log&attempt=1&offset=7", piece(" ends\n", 7, 13));
    server.on("GET /api/jobs/7/logs?stream=log&attempt=2&offset=0", piece("again\n", 0, 6));
    events.send(4, "state", state("running", 2));
    server.expect("GET /api/jobs/7/logs?stream=log&attempt=1&offset=7");
    server.expect("GET /api/jobs/7/logs?stream=log&attempt=2&offset=0");

    // Nothing was heard of the third attempt.
    server.on("GET /api/jobs/7/logs?stream=log&attempt=3&offset=0", piece("unheard", 0, 7));
    server.on("GET /api/jobs/7/logs?stream=log&attempt=4&offset=0", piece("last", 0, 4));
    events.send(5, "state", state("failed", 4)).end();
    let ran = end(child);
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (Some(0), "one\ntwo ends\nagain\nunheard\nlast\n", "")
    );
}

#[test]
fn following_one_attempt_ends_with_it() {
    let server = Fake::start();
    let (answer, events) = Answer::events();
    server.on(EVENTS, answer);
    server.on("GET /api/jobs/7/logs?stream=log&attempt=1&tail=1", piece("old\n", 20, 24));
    let child = start(&server, &["logs", "-f", "7", "--attempt", "1", "--tail", "1", "--json"]);
    events.send(1, "snapshot", snapshot("running", 1));
    server.expect(EVENTS);
    server.request();
    server.on("GET /api/jobs/7/logs?stream=log&attempt=1&offset=24", piece("new\n", 24, 28));
    events.send(2, "state", state("retrying", 1));
    let ran = end(child);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let pieces: Vec<_> = ran.out.lines().map(|line| json(line)["content"].clone()).collect();
    assert_eq!(pieces, [json!("old\n"), json!("new\n")]);
}

#[test]
fn following_survives_a_lost_connection() {
    let server = Fake::start();
    let (answer, first) = Answer::events();
    let (answer_again, second) = Answer::events();
    server.on(EVENTS, answer).on(EVENTS, answer_again);
    server.on("GET /api/jobs/7/logs?stream=log&attempt=1", piece("one\n", 0, 4));
    let child = start(&server, &["logs", "-f", "7"]);
    first.send(3, "snapshot", snapshot("running", 1));
    server.expect(EVENTS);
    server.expect("GET /api/jobs/7/logs?stream=log&attempt=1");
    first.cut();
    assert_eq!(server.expect(EVENTS).last_event_id.as_deref(), Some("3"));
    server.on("GET /api/jobs/7/logs?stream=log&attempt=1&offset=4", piece("two\n", 4, 8));
    second.send(4, "state", state("completed", 1)).end();
    let ran = end(child);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "one\ntwo\n"));
}

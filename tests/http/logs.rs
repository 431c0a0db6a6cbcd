//! GET /api/jobs/{id}/logs.

use callboard::logs::Stream;
use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::server::{Server, send, test};

/// A job whose two attempts have written something to every stream.
async fn told(server: &Server) -> i64 {
    let id = server.enqueue(json!({"backoff": {"base_delay_secs": 0, "jitter": 0}})).await;
    for attempt in 1..=2 {
        let run = server.run().await;
        assert_eq!((run.id(), run.ctx.attempt()), (id, attempt));
        run.ctx.log.info(format!("hello from {attempt}"));
        run.ctx
            .log
            .bytes(Stream::Stdout, format!("one {attempt}\ntwö {attempt}\nthree {attempt}\n").as_bytes());
        run.ctx.log.bytes(Stream::Stderr, b"oh\n");
        run.ctx.log.event("noted", &json!({"n": attempt}));
        run.ctx.progress(1, Some(4), Some("a quarter"));
        if attempt == 1 { run.fail("once more") } else { run.succeed(Value::Null) }
    }
    server.until(id, "completed").await;
    id
}

async fn plain(server: &Server, path: &str) -> Answer {
    send(server.request(Method::GET, path).header("accept", "text/plain")).await
}

#[test]
fn both_paths_give_each_stream_of_each_attempt() {
    test(async |server| {
        let id = told(server).await;
        for path in [format!("/api/jobs/{id}/logs"), format!("/api/jobs/logs/{id}")] {
            let log = server.get(&path).await.ok(200);
            assert!(log["content"].as_str().unwrap().contains("hello from 2"), "{log}");
            let size = log["content"].as_str().unwrap().len();
            assert_eq!(
                (&log["offset"], &log["next_offset"], &log["size"]),
                (&json!(0), &json!(size), &json!(size))
            );
            let first = server.get(&format!("{path}?attempt=1&stream=log")).await.ok(200);
            assert!(first["content"].as_str().unwrap().contains("once more"), "{first}");
            let stdout = server.get(&format!("{path}?stream=stdout&attempt=1")).await.ok(200);
            assert_eq!(stdout["content"], "one 1\ntwö 1\nthree 1\n");
            assert_eq!(server.get(&format!("{path}?stream=stderr")).await.ok(200)["content"], "oh\n");
            for (stream, field, value) in
                [("events", "n", json!(2)), ("progress", "message", json!("a quarter"))]
            {
                let answer = server.get(&format!("{path}?stream={stream}")).await.ok(200);
                let mut lines = answer["content"].as_str().unwrap().lines();
                let line: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
                assert_eq!((&line[field], lines.next()), (&value, None), "{stream}: each step is there once");
            }
        }
    });
}

#[test]
fn a_part_is_given_by_bytes_without_cutting_a_character() {
    test(async |server| {
        let path = format!("/api/jobs/{}/logs?stream=stdout", told(server).await);
        let (mut text, mut offset) = (String::new(), 0);
        loop {
            let part = server.get(&format!("{path}&offset={offset}&limit=5")).await.ok(200);
            assert_eq!((&part["offset"], &part["size"]), (&json!(offset), &json!(21)));
            text += part["content"].as_str().unwrap();
            offset = part["next_offset"].as_u64().unwrap();
            if part["content"] == "" {
                break;
            }
        }
        assert_eq!((text.as_str(), offset), ("one 2\ntwö 2\nthree 2\n", 21));
        let beyond = server.get(&format!("{path}&offset=1000")).await.ok(200);
        assert_eq!((&beyond["content"], &beyond["next_offset"]), (&json!(""), &json!(1000)));
    });
}

#[test]
fn a_tail_is_given_by_lines() {
    test(async |server| {
        let path = format!("/api/jobs/{}/logs?stream=stdout", told(server).await);
        let tail = server.get(&format!("{path}&tail=2")).await.ok(200);
        assert_eq!(
            (&tail["content"], &tail["offset"], &tail["next_offset"]),
            (&json!("twö 2\nthree 2\n"), &json!(6), &json!(21))
        );
        assert_eq!(server.get(&format!("{path}&tail=10000")).await.ok(200)["offset"], 0);
    });
}

#[test]
fn the_raw_text_comes_to_those_who_accept_it() {
    test(async |server| {
        let path = format!("/api/jobs/{}/logs?stream=stdout", told(server).await);
        let raw = plain(server, &path).await;
        assert_eq!((raw.status, raw.text.as_str()), (200, "one 2\ntwö 2\nthree 2\n"));
        assert_eq!(raw.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(raw.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(plain(server, &format!("{path}&tail=1")).await.text, "three 2\n");
        assert_eq!(plain(server, &format!("{path}&offset=6&limit=4")).await.text, "twö");
        plain(server, "/api/jobs/77/logs").await.problem(404);
    });
}

#[test]
fn a_running_attempt_is_read_while_it_writes() {
    test(async |server| {
        let id = server.enqueue(json!({})).await;
        let run = server.run().await;
        run.ctx.log.bytes(Stream::Stdout, b"half");
        let path = format!("/api/jobs/{id}/logs?stream=stdout");
        while server.get(&path).await.ok(200)["content"] != "half" {}
        run.ctx.log.bytes(Stream::Stdout, b" and half");
        run.succeed(Value::Null);
        server.until(id, "completed").await;
        assert_eq!(server.get(&format!("{path}&offset=4")).await.ok(200)["content"], " and half");
    });
}

#[test]
fn a_job_that_said_nothing_has_an_empty_log_and_an_unknown_one_none() {
    test(async |server| {
        let id = server.enqueue(json!({"delay_secs": 60})).await;
        let nothing = json!({"content": "", "offset": 0, "next_offset": 0, "size": 0});
        assert_eq!(server.get(&format!("/api/jobs/{id}/logs")).await.ok(200), nothing);
        let answer = server.get(&format!("/api/jobs/{id}/logs?attempt=1")).await;
        assert_eq!(answer.problem(404), format!("there is no attempt 1 of job {id}"));
        server.get("/api/jobs/77/logs").await.problem(404);
        server.get("/api/jobs/logs/77").await.problem(404);
    });
}

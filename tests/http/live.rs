//! WebSockets and SSE on real jobs.

use std::time::Duration;

use callboard::logs::Stream as LogStream;
use callboard::workers::Failure;
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::server::{Server, send, test};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(server: &Server, path: &str) -> Socket {
    connect_async(format!("ws://{}{path}", server.address)).await.unwrap().0
}

/// The next frame, or `{"type": "close", "code": …}`.
async fn next(socket: &mut Socket) -> Value {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
            Some(Ok(Message::Close(Some(frame)))) => {
                return json!({"type": "close", "code": u16::from(frame.code)});
            }
            Some(Ok(Message::Ping(_))) => (),
            other => panic!("{other:?}"),
        }
    }
}

/// A frame in few words.
fn words(frame: &Value) -> String {
    match frame["type"].as_str().unwrap() {
        "snapshot" => format!("snapshot {}", frame["job"]["state"].as_str().unwrap()),
        "state" => format!("state {} {}", frame["state"].as_str().unwrap(), frame["attempt"]),
        "progress" => format!("progress {}", frame["processed"]),
        "log" => format!("log {} {}", frame["stream"].as_str().unwrap(), frame["line"].as_str().unwrap()),
        "close" => format!("close {}", frame["code"]),
        other => panic!("a frame of type {other}"),
    }
}

async fn told(socket: &mut Socket, n: usize) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..n {
        told.push(words(&next(socket).await));
    }
    told
}

/// An SSE stream, read to its end: the names of its events and their data.
async fn events(server: &Server, path: &str) -> Vec<(String, Value)> {
    let answer = send(server.request(Method::GET, path)).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/event-stream")));
    let mut events = Vec::new();
    for block in answer.text.split("\n\n").filter(|block| block.contains("event: ")) {
        let field = |name: &str| {
            block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
        };
        events.push((field("event: "), serde_json::from_str(&field("data: ")).unwrap()));
    }
    events
}

#[test]
fn a_job_is_followed_through_every_state_to_its_end() {
    test(async |server| {
        let id =
            server.enqueue(json!({"delay_secs": 10, "backoff": {"base_delay_secs": 5, "jitter": 0}})).await;
        let mut socket = open(server, &format!("/api/jobs/{id}/ws")).await;
        let snapshot = next(&mut socket).await;
        assert_eq!(
            (&snapshot["job"]["id"], &snapshot["job"]["waiting_for"]["reason"]),
            (&json!(id), &json!("time"))
        );
        server.clock.advance(Duration::from_secs(10));
        server.run().await.fail("the disk is full");
        assert_eq!(told(&mut socket, 2).await, ["state pending 0", "state running 1"]);
        let failed = next(&mut socket).await;
        assert_eq!((&failed["state"], &failed["error"]), (&json!("retrying"), &json!("the disk is full")));
        assert_eq!((&failed["job_id"], &failed["at"]), (&json!(id), &json!("2030-01-01T12:00:10.000Z")));
        server.clock.advance(Duration::from_secs(5));
        server.run().await.end(Err(Failure::Snooze(Duration::from_secs(7))));
        assert_eq!(told(&mut socket, 3).await, ["state pending 1", "state running 2", "state scheduled 2"]);
        server.clock.advance(Duration::from_secs(7));
        server.run().await.succeed(Value::Null);
        let rest = told(&mut socket, 4).await;
        assert_eq!(rest, ["state pending 2", "state running 3", "state completed 3", "close 1000"]);
    });
}

#[test]
fn progress_is_throttled_and_the_last_step_comes_before_the_end() {
    test(async |server| {
        let id = server.enqueue(json!({})).await;
        let run = server.run().await;
        let mut socket = open(server, &format!("/jobs/{id}/ws")).await;
        assert_eq!(told(&mut socket, 1).await, ["snapshot running"]);
        for step in 1..=100 {
            run.ctx.progress(step, Some(100), Some("on"));
        }
        run.succeed(Value::Null);
        // The clock stands still, so that nothing lies between the first step and the end.
        let first = next(&mut socket).await;
        assert_eq!(
            (&first["type"], &first["percent"], &first["total"]),
            (&json!("progress"), &json!(1.0), &json!(100))
        );
        assert_eq!(
            (&first["message"], &first["attempt"], &first["job_id"]),
            (&json!("on"), &json!(1), &json!(id))
        );
        assert_eq!(told(&mut socket, 3).await, ["progress 100", "state completed 1", "close 1000"]);
        assert_eq!(server.job(id).await["progress"]["percent"], 100.0);
    });
}

#[test]
fn log_lines_come_to_those_who_ask() {
    test(async |server| {
        let id = server.enqueue(json!({})).await;
        let run = server.run().await;
        let mut with = open(server, &format!("/api/jobs/{id}/ws?logs=true")).await;
        let mut without = open(server, &format!("/api/jobs/{id}/ws?logs=false")).await;
        assert_eq!(told(&mut with, 1).await, told(&mut without, 1).await);
        run.ctx.log.bytes(LogStream::Stdout, b"first\nsec");
        run.ctx.log.bytes(LogStream::Stdout, b"ond\n");
        run.ctx.log.bytes(LogStream::Stderr, b"oh\n");
        run.succeed(Value::Null);
        let all =
            ["log stdout first", "log stdout second", "log stderr oh", "state completed 1", "close 1000"];
        assert_eq!(told(&mut with, 5).await, all);
        assert_eq!(told(&mut without, 2).await, all[3..]);
    });
}

#[test]
fn a_final_job_is_shown_and_closed() {
    test(async |server| {
        let id = server.ended(json!({}), "completed").await;
        let mut socket = open(server, &format!("/api/jobs/{id}/ws")).await;
        let snapshot = next(&mut socket).await;
        assert_eq!(
            (&snapshot["job"]["result"]["done"], &snapshot["job"]["attempts"][0]["outcome"]),
            (&json!(id), &json!("success"))
        );
        assert_eq!(words(&next(&mut socket).await), "close 1000");
        let sse = events(server, &format!("/api/jobs/{id}/events")).await;
        let names: Vec<_> = sse.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["snapshot", "end"]);
    });
}

#[test]
fn everything_is_narrowed_by_the_lists_filters() {
    test(async |server| {
        for (query, wanted) in [
            ("", vec!["state pending 0", "state running 1", "progress 1", "state failed 1"]),
            ("?job_type=puppet&state=failed", vec!["progress 1", "state failed 1"]),
            ("?tag=x&queue=slow", vec!["state pending 0", "state running 1", "progress 1", "state failed 1"]),
            ("?q=broken&logs=true", vec!["state failed 1"]),
        ] {
            let mut socket = open(server, &format!("/api/ws{query}")).await;
            let mut blind = open(server, "/api/ws?queue=elsewhere").await;
            let id = server.enqueue(json!({"queue": "slow", "tags": ["x"]})).await;
            let run = server.run().await;
            run.ctx.progress(1, None, None);
            run.end(Err(Failure::fatal("broken")));
            server.until(id, "failed").await;
            let mut heard = told(&mut socket, 1).await;
            while heard.last().is_some_and(|last| last != "state failed 1") {
                heard.extend(told(&mut socket, 1).await);
            }
            if query.starts_with("?q=") {
                // A text is looked for in the job as it is when the event is sent on, which may be later.
                heard.drain(..heard.len() - wanted.len());
            }
            assert_eq!(heard, wanted, "{query}");
            let elsewhere = server.enqueue(json!({"queue": "elsewhere", "delay_secs": 60})).await;
            let frame = next(&mut blind).await;
            assert_eq!(
                (&frame["job_id"], words(&frame)),
                (&json!(elsewhere), "state scheduled 0".to_owned()),
                "{query}"
            );
        }
    });
}

#[test]
fn what_is_wrong_is_said_before_the_upgrade() {
    test(async |server| {
        let id = server.enqueue(json!({"delay_secs": 60})).await;
        for (path, status) in [
            ("/api/jobs/77/ws".to_owned(), 404),
            ("/jobs/seven/ws".to_owned(), 404),
            (format!("/api/jobs/{id}/ws?state=failed"), 422),
            ("/api/ws?colour=red".to_owned(), 422),
        ] {
            let refused = connect_async(format!("ws://{}{path}", server.address)).await;
            let Err(Error::Http(response)) = refused else { panic!("{path}: {refused:?}") };
            assert_eq!(response.status().as_u16(), status, "{path}");
            assert_eq!(response.headers()["content-type"], "application/problem+json");
        }
        server.get("/api/ws").await.problem(426);
        server.get(&format!("/api/jobs/{id}/ws")).await.problem(426);
        server.get("/api/jobs/77/events").await.problem(404);
        assert_eq!(
            server.get("/api/events?last_event_id=x&limit=3").await.wrong_fields(),
            ["last_event_id", "limit"]
        );
    });
}

#[test]
fn sse_tells_the_same_and_can_be_resumed() {
    test(async |server| {
        let id = server.enqueue(json!({})).await;
        let run = server.run().await;
        let path = format!("/api/jobs/{id}/events");
        let mut first = server.request(Method::GET, &path).send().await.unwrap();
        let mut text = String::new();
        while !text.contains("event: snapshot") {
            text += std::str::from_utf8(&first.chunk().await.unwrap().unwrap()).unwrap();
        }
        drop(first);
        let last_id: u64 = text.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().parse().unwrap();
        run.ctx.progress(5, Some(10), None);
        run.succeed(json!({"ok": true}));
        server.until(id, "completed").await;
        let mut rest = events(server, &format!("{path}?last_event_id={last_id}")).await;
        // A snapshot is what is on disk: the news of its beginning may come after it.
        rest.retain(|(name, said)| name != "state" || said["state"] == "completed");
        let names: Vec<_> = rest.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["snapshot", "progress", "state", "end"]);
        assert_eq!((&rest[1].1["percent"], &rest[2].1["state"]), (&json!(50.0), &json!("completed")));
    });
}

#[test]
fn other_methods_are_told_what_is_known() {
    test(async |server| {
        for path in ["/api/ws", "/api/events", "/api/jobs/1/ws", "/jobs/1/ws", "/api/jobs/1/events"] {
            for method in [Method::POST, Method::HEAD, Method::DELETE] {
                let answer = send(server.request(method.clone(), path)).await;
                assert_eq!(
                    (answer.status, answer.header("allow")),
                    (405, Some("GET, OPTIONS")),
                    "{method} {path}"
                );
            }
        }
    });
}

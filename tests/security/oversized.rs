//! More than fits, of everything.

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::house::guarded;
use crate::server::Server;
use crate::wire::{address, ask, exchange, request, statuses};

const MIB: usize = 1024 * 1024;
const OPERATOR: &str = "Authorization: Bearer operator";

/// What is refused must not have hurt.
async fn lives(server: &Server, after: &str) {
    assert_eq!(ask(server, request("GET", "/healthz", &[], "")).await, [200], "after {after}");
}

#[tokio::test]
async fn addresses_and_headers() {
    let server = guarded("");
    let long = |n: usize| "a".repeat(n);
    let many = |n: usize| (0..n).map(|n| format!("X-{n}: a\r\n")).collect::<String>();
    let get = |target: &str, headers: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")
    };
    for (what, bytes, status) in [
        ("an address", get(&format!("/healthz?{}", long(40_000)), ""), 414),
        ("a path", get(&format!("/{}", long(40_000)), ""), 414),
        ("a header", get("/healthz", &format!("X-A: {}\r\n", long(40_000))), 431),
        ("a cookie", get("/jobs", &format!("Cookie: callboard_session={}\r\n", long(40_000))), 431),
        ("many headers", get("/healthz", &many(200)), 431),
    ] {
        assert_eq!(ask(&server, bytes).await, [status], "{what}");
    }
    // Beyond what is read at all the connection ends, with or without a word.
    for (what, bytes) in [
        ("an address", get(&format!("/healthz?{}", long(MIB)), "")),
        ("a header", get("/healthz", &format!("X-A: {}\r\n", long(4 * MIB)))),
        ("a name", get("/healthz", &format!("{}: a\r\n", long(70_000)))),
        ("a head without end", format!("GET /healthz HTTP/1.1\r\nX-A: {}", long(4 * MIB))),
    ] {
        let said = ask(&server, bytes).await;
        assert!(matches!(said[..], [400 | 431] | []), "{what}: {said:?}");
    }
    let query = get(&format!("/api/jobs?{}", "tag=a&".repeat(5_000)), &format!("{OPERATOR}\r\n"));
    assert_eq!(ask(&server, query).await, [422], "so many filters");
    lives(&server, "headers").await;
}

#[tokio::test]
async fn bodies() {
    let server = guarded("");
    let post = |path: &str, kind: &str, length: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\n{OPERATOR}\r\nConnection: close\r\n\
             Content-Type: {kind}\r\n{length}\r\n\r\n{body}"
        )
    };
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    let spaces = " ".repeat(3 * MIB);
    let chunk = format!("{:x}\r\n{spaces}\r\n0\r\n\r\n", spaces.len());
    let length = format!("Content-Length: {}", spaces.len());
    for (what, bytes) in [
        ("a job", post("/api/jobs", json, &length, &spaces)),
        ("a job of unknown length", post("/api/jobs", json, "Transfer-Encoding: chunked", &chunk)),
        ("args", post("/api/jobs/noop", json, &length, &spaces)),
        ("a form", post("/login", form, &length, &spaces)),
        ("a form of unknown length", post("/login", form, "Transfer-Encoding: chunked", &chunk)),
        ("a call without a body", post("/api/pause", json, "Transfer-Encoding: chunked", &chunk)),
        // Nothing of it has to be there.
        ("many jobs", post("/api/jobs/bulk", json, "Content-Length: 99999999999", "")),
        ("a job to come", post("/api/jobs", json, "Content-Length: 9999999", "")),
    ] {
        let said = exchange(&server, bytes).await;
        assert_eq!(statuses(&said), [413], "{what}: {said}");
    }
    lives(&server, "bodies").await;
}

#[tokio::test]
async fn json() {
    let server = guarded("");
    let job = |args: &str| format!("{{\"job_type\":\"noop\",\"delay_secs\":9,\"args\":{args}}}");
    let nested = |open: &str, close: &str, n: usize| format!("{}{}", open.repeat(n), close.repeat(n));
    let array = |n: usize| format!("[{}0]", "0,".repeat(n));
    let fields =
        |n: usize| format!("{{{}\"z\":0}}", (0..n).map(|n| format!("\"a{n}\":0,")).collect::<String>());
    for (what, path, body) in [
        ("depth", "/api/jobs", job(&nested("[", "]", 500_000))),
        ("depth of objects", "/api/jobs", job(&nested("{\"a\":", "}", 200_000).replacen('}', "0}", 1))),
        ("depth without end", "/api/jobs", "[".repeat(MIB)),
        ("args", "/api/jobs", job(&array(600_000))),
        ("a number", "/api/jobs", job(&format!("[{}]", "9".repeat(1_100_000)))),
        ("fields", "/api/jobs", fields(50_000)),
        ("tags", "/api/jobs", format!("{{\"job_type\":\"noop\",\"tags\":{}}}", array(100_000))),
        ("a name", "/api/jobs", format!("{{\"job_type\":\"{}\"}}", "a".repeat(MIB))),
        ("parents", "/api/jobs", format!("{{\"job_type\":\"noop\",\"depends_on\":{}}}", array(100_000))),
        ("jobs", "/api/jobs/bulk", format!("{{\"jobs\":{}}}", array(10_001))),
        ("a workflow", "/api/workflows", format!("{{\"name\":\"w\",\"jobs\":{}}}", array(500_000))),
        ("ids", "/api/jobs/actions", format!("{{\"action\":\"retry\",\"ids\":{}}}", array(900_000))),
    ] {
        let said = exchange(&server, request("POST", path, &[OPERATOR], &body)).await;
        let start: String = said.chars().take(1_000).collect();
        assert!(matches!(statuses(&said)[..], [400 | 413 | 422]), "{what}: {start}");
        assert!(said.len() < 64 * 1024, "{what}: the answer has {} bytes", said.len());
    }
    lives(&server, "JSON").await;
    let jobs = exchange(&server, request("GET", "/api/jobs", &[OPERATOR], "")).await;
    assert!(jobs.contains("\"jobs\":[]"), "{jobs}");
}

#[tokio::test]
async fn frames_of_a_websocket() {
    let server = guarded("");
    for (frame, code) in [
        (Message::Text("x".repeat(5_000).into()), 1009),
        (Message::Binary(vec![0; MIB].into()), 1008),
        (Message::Text("x".repeat(100).into()), 0),
    ] {
        let mut ask = format!("ws://{}/api/ws", address(&server)).into_client_request().unwrap();
        ask.headers_mut().insert("authorization", "Bearer viewer".parse().unwrap());
        let (mut socket, _) = connect_async(ask).await.unwrap();
        // It may be closed before all of it is sent.
        let _ = socket.send(frame).await;
        if code == 0 {
            socket.close(None).await.unwrap();
        }
        let said = socket.next().await;
        let closed = matches!(&said, Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == code);
        let gone = matches!(&said, Some(Err(_)) | None);
        assert!(if code == 0 { !gone } else { closed || gone }, "{code}: {said:?}");
    }
    lives(&server, "frames").await;
}

#[tokio::test]
async fn lines_of_a_remote_worker() {
    let server = Server::start("faktory_bind = \"127.0.0.1:0\"");
    let place = server.remote.as_deref().unwrap().strip_prefix("tcp://").unwrap().to_owned();
    for (hello, line) in [
        // Before and after it has said who it is.
        (false, "x".repeat(33 * MIB)),
        (true, "x".repeat(33 * MIB)),
        (true, format!("PUSH {{\"jid\":\"{}\"}}\r\n", "j".repeat(MIB))),
        (true, format!("PUSH {}\r\n", "[".repeat(MIB))),
        (true, format!("FETCH {}\r\n", (0..200_000).map(|n| format!("q{n} ")).collect::<String>())),
        (true, format!("BEAT {{\"wid\":\"{}\"}}\r\n", "w".repeat(MIB))),
    ] {
        let start: String = line.chars().take(40).collect();
        let (from, mut to) = TcpStream::connect(&place).await.unwrap().into_split();
        let mut answers = BufReader::new(from).lines();
        assert!(answers.next_line().await.unwrap().unwrap().starts_with("+HI"));
        if hello {
            to.write_all(b"HELLO {\"v\":2}\r\n").await.unwrap();
            assert_eq!(answers.next_line().await.unwrap().unwrap(), "+OK");
        }
        let send = async {
            let _ = to.write_all(line.as_bytes()).await;
        };
        let (answer, ()) = tokio::join!(answers.next_line(), send);
        // Who is let go in the middle of a line may find the connection gone before the answer.
        if let Ok(Some(answer)) = answer {
            assert!(answer.starts_with("-ERR"), "{start}: {answer}");
            assert!(answer.len() < 2_010, "{start}: it answers with {} bytes", answer.len());
        } else {
            assert!(line.len() > 32 * MIB, "{start}: {answer:?}");
        }
    }
    lives(&server, "lines").await;
}

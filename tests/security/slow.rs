//! Who says little at a time: it ends, and others are served meanwhile.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpServer, web};
use callboard::http::idle_peer;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::guarded;
use crate::server::Server;
use crate::wire::{self, request, statuses};

/// Between two bytes.
const PAUSE: Duration = Duration::from_millis(50);
/// Connections that say nothing.
const IDLE: usize = 300;
/// How long anybody else may have to wait.
const QUICK: Duration = Duration::from_secs(5);

/// Says something, then one byte after the other until the server hangs up; what the server said, and how
/// long that took.
async fn dribble(mut stream: TcpStream, first: &str, rest: &str) -> (String, Duration) {
    stream.write_all(first.as_bytes()).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    let begun = Instant::now();
    let talk = async {
        for byte in rest.bytes().cycle() {
            if to.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    let mut said = Vec::new();
    tokio::select! {
        () = talk => {}
        _ = from.read_to_end(&mut said) => {}
    }
    (String::from_utf8_lossy(&said).into_owned(), begun.elapsed())
}

/// Somebody else, who has to be served as if nothing were.
async fn is_served(server: &Server, n: usize) {
    let begun = Instant::now();
    let job = json!({"job_type": "noop"}).to_string();
    let post = request("POST", "/api/jobs", &["Authorization: Bearer operator"], &job);
    assert_eq!(wire::ask(server, post).await, [201], "{n}");
    assert!(begun.elapsed() < QUICK, "{n}: it took {:?}", begun.elapsed());
}

#[tokio::test]
async fn who_is_slow_is_let_go_and_keeps_nobody_waiting() {
    let server = guarded("");
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        idle.push(wire::connect(&server).await);
    }
    let post = |path: &str, kind: &str, length: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer operator\r\n\
             Content-Type: {kind}\r\n{length}\r\n\r\n"
        )
    };
    let head = async {
        let (said, took) = dribble(wire::connect(&server).await, "GET /healthz HTTP/1.1\r\nX-A: ", "a").await;
        assert_eq!(statuses(&said), [408], "a head: {said}");
        assert!((5..30).contains(&took.as_secs()), "{took:?}");
    };
    let bodies = [
        (post("/api/jobs", "application/json", "Content-Length: 100000"), " "),
        (post("/login", "application/x-www-form-urlencoded", "Content-Length: 100000"), "a"),
    ];
    let bodies = bodies.map(async |(first, rest)| {
        let (said, took) = dribble(wire::connect(&server).await, &first, rest).await;
        assert_eq!(statuses(&said), [408], "{first}: {said}");
        assert!((30..90).contains(&took.as_secs()), "{took:?}");
    });
    let unwanted =
        post("/api/jobs", "application/json", "Content-Length: 100000").replace("operator", "guess");
    let unwanted = async {
        let (said, took) = dribble(wire::connect(&server).await, &unwanted, "a").await;
        assert_eq!(statuses(&said), [401], "{said}");
        assert!(took < QUICK, "{took:?}");
    };
    let [json_body, form] = bodies;
    let over = Cell::new(false);
    let slow = async {
        tokio::join!(head, json_body, form, unwanted);
        over.set(true);
    };
    let others = async {
        let mut n = 0;
        while !over.get() {
            is_served(&server, n).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            n += 1;
        }
        assert!(n > 10, "{n}");
    };
    tokio::join!(slow, others);
    for mut stream in idle {
        // Each was told, or just let go.
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said).await;
        assert!(matches!(statuses(&String::from_utf8_lossy(&said))[..], [408] | []));
    }
}

#[tokio::test]
async fn remote_workers_have_a_moment_to_say_who_they_are() {
    let server = guarded("faktory_bind = \"127.0.0.1:0\"\nfaktory_password = \"sesame\"");
    let address = server.remote.as_deref().unwrap().strip_prefix("tcp://").unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let (said, took) = dribble(stream, "HELLO ", " ").await;
    assert!(said.starts_with("+HI ") && !said.contains("+OK"), "{said}");
    assert!(took < QUICK, "{took:?}");
}

/// Tells of each request that it is being answered.
async fn told(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let answering = idle_peer::answering(request.request());
    let answer = next.call(request).await;
    drop(answering);
    answer
}

async fn later() -> &'static str {
    tokio::time::sleep(Duration::from_secs(1)).await;
    "at last"
}

/// A server with little patience; one request is answered at once, the other only in a second.
fn impatient() -> SocketAddr {
    let server = HttpServer::new(|| {
        let at_once = web::to(async || "at once");
        App::new().wrap(from_fn(told)).route("/at-once", at_once).route("/later", web::to(later))
    });
    let server = server.on_connect(idle_peer::limit(Duration::from_millis(300))).workers(1).disable_signals();
    let server = server.bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    address
}

#[actix_web::test]
async fn a_second_request_may_not_dribble_in_either() {
    let address = impatient();
    let open = async || TcpStream::connect(address).await.unwrap();
    for (first, answers) in [
        ("GET /at-once HTTP/1.1\r\nHost: localhost\r\n\r\nGET /at-once HTTP/1.1\r\nX-A: ", 1),
        ("POST /at-once HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", 1),
    ] {
        let rest = if first.starts_with("GET") { "a" } else { "1\r\na\r\n" };
        let (said, took) = dribble(open().await, first, rest).await;
        assert_eq!(statuses(&said), vec![200; answers], "{said}");
        assert!(took < QUICK, "{took:?}");
    }
    // Who is being answered is not idle.
    let mut stream = open().await;
    stream.write_all(b"GET /later HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    assert_eq!(statuses(&said), [200]);
}

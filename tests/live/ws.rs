//! WebSockets, with a real client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use callboard::domain::State;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::events::{line, progress, state, words};
use crate::server::Double;

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub async fn open(address: SocketAddr, path: &str) -> Socket {
    connect_async(format!("ws://{address}{path}")).await.unwrap().0
}

/// The answer to a handshake that is refused: its status and problem.
async fn refused(address: SocketAddr, path: &str, origin: Option<&str>) -> (StatusCode, String) {
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", HeaderValue::from_str(origin).unwrap());
    }
    match connect_async(request).await {
        Err(Error::Http(response)) => {
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            let body = String::from_utf8(response.body().clone().unwrap_or_default()).unwrap();
            (StatusCode::from_u16(response.status().as_u16()).unwrap(), body)
        }
        other => panic!("{other:?}"),
    }
}

/// The next text frame in few words, or `close CODE`.
pub async fn next(socket: &mut Socket) -> String {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return words(&serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Close(Some(frame)))) => return format!("close {}", u16::from(frame.code)),
            Some(Ok(Message::Ping(_))) => (),
            other => panic!("{other:?}"),
        }
    }
}

async fn all(socket: &mut Socket, n: usize) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..n {
        told.push(next(socket).await);
    }
    told
}

#[actix::test]
async fn a_job_is_shown_then_followed_to_its_end() {
    let double = Double::start();
    double.put(7, State::Pending, 0);
    let (address, _server) = double.serve();
    for path in ["/api/jobs/7/ws", "/jobs/7/ws"] {
        let mut socket = open(address, path).await;
        assert_eq!(next(&mut socket).await, "snapshot 7 pending 0");
        double.hub.log(7, &"video".into(), &"default".into(), line("not asked for"));
        double.hub.publish(vec![state(8, State::Running, 1), state(7, State::Running, 1)]);
        double.hub.publish(vec![progress(7, 1, 3), state(7, State::Completed, 1)]);
        let told = all(&mut socket, 4).await;
        assert_eq!(told, ["state 7 running 1", "progress 7 3", "state 7 completed 1", "close 1000"]);
        assert!(socket.next().await.is_none_or(|r| r.is_err()), "the connection is closed as well");
    }
    double.until_watched_by(0).await;
}

#[actix::test]
async fn log_lines_come_when_asked_for() {
    let double = Double::start();
    double.put(7, State::Running, 1);
    let (address, _server) = double.serve();
    let mut socket = open(address, "/api/jobs/7/ws?logs=true").await;
    assert_eq!(next(&mut socket).await, "snapshot 7 running 1");
    double.hub.log(7, &"video".into(), &"default".into(), line("hello"));
    assert_eq!(next(&mut socket).await, "log 7 hello");
}

#[actix::test]
async fn a_final_job_is_shown_and_that_is_all() {
    let double = Double::start();
    double.put(7, State::Failed, 4);
    let (address, _server) = double.serve();
    let mut socket = open(address, "/api/jobs/7/ws").await;
    assert_eq!(all(&mut socket, 2).await, ["snapshot 7 failed 4", "close 1000"]);
}

type Shown = (State, u32);

/// What a socket tells of events that come while the job is read, or `late`, just after it was.
async fn told(shown: Shown, events: &[Shown], late: bool, end: Shown) -> Vec<String> {
    let double = Double::start();
    double.put(7, shown.0, shown.1);
    let events: Vec<_> = events.iter().map(|&(s, attempt)| state(7, s, attempt)).collect();
    let (hub, meanwhile) = (double.hub.clone(), if late { vec![] } else { events.clone() });
    *double.on_read.lock().unwrap() = Some(Box::new(move || hub.publish(meanwhile.clone())));
    let (address, _server) = double.serve();
    let mut socket = open(address, "/api/jobs/7/ws").await;
    assert_eq!(next(&mut socket).await, format!("snapshot 7 {} {}", shown.0, shown.1));
    if late {
        double.hub.publish(events);
    }
    double.hub.publish(vec![state(7, end.0, end.1)]);
    let mut told = Vec::new();
    while told.last().is_none_or(|t: &String| !t.starts_with("close")) {
        told.push(next(&mut socket).await);
    }
    told
}

#[actix::test]
async fn what_the_snapshot_shows_is_not_told_again() {
    use State::{Blocked, Cancelled, Completed, Failed, Pending, Retrying, Running, Scheduled};
    let end = (Completed, 9);
    // The snapshot is newer than all that came.
    for (shown, events) in [
        ((Running, 1), vec![(Pending, 0), (Running, 1)]),
        ((Retrying, 1), vec![(Running, 1)]),
        ((Pending, 1), vec![(Running, 1), (Retrying, 1), (Pending, 1)]),
        ((Pending, 1), vec![(Running, 1), (Failed, 1)]),
        ((Blocked, 2), vec![(Running, 2), (Completed, 2), (Blocked, 2)]),
    ] {
        for late in [false, true] {
            let got = told(shown, &events, late, end).await;
            assert_eq!(got, ["state 7 completed 9", "close 1000"], "{shown:?} {events:?} {late}");
        }
    }
    // These may go round in a circle; only the queue can tell where the snapshot stands in it.
    for (shown, events) in [
        ((Pending, 1), vec![(Cancelled, 1), (Pending, 1)]),
        ((Scheduled, 0), vec![(Pending, 0), (Scheduled, 0)]),
    ] {
        let got = told(shown, &events, false, end).await;
        assert_eq!(got, ["state 7 completed 9", "close 1000"], "{shown:?} {events:?}");
    }
    // Something came that it does not show.
    for late in [false, true] {
        let got = told((Pending, 0), &[(Pending, 0), (Running, 1)], late, end).await;
        assert_eq!(got, ["state 7 running 1", "state 7 completed 9", "close 1000"]);
        let got = told((Running, 1), &[(Running, 1), (Failed, 1)], late, end).await;
        assert_eq!(got, ["state 7 failed 1", "close 1000"]);
    }
}

#[actix::test]
async fn refuses_before_the_upgrade() {
    let double = Double::start();
    double.put(7, State::Running, 1);
    let (address, _server) = double.serve();
    for path in ["/api/jobs/8/ws", "/api/jobs/seven/ws", "/jobs/99999999999999999999/ws"] {
        let (status, problem) = refused(address, path, None).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(problem.contains("there is no job"), "{problem}");
    }
    let (status, problem) = refused(address, "/api/jobs/7/ws?colour=red&tag=x", None).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(problem.contains("\"colour\"") && problem.contains("\"tag\""), "{problem}");
    let (status, _) = refused(address, "/api/ws?state=gone", None).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        let (status, _) = refused(address, "/api/jobs/7/ws", Some(origin)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{origin}");
    }
    double.until_watched_by(0).await;
}

#[actix::test]
async fn takes_pages_of_its_own() {
    let double = Double::start();
    let (address, _server) = double.serve();
    let mut request = format!("ws://{address}/api/ws").into_client_request().unwrap();
    request.headers_mut().insert("origin", HeaderValue::from_str(&format!("http://{address}")).unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();
    double.hub.publish(vec![state(1, State::Running, 1)]);
    assert_eq!(next(&mut socket).await, "state 1 running 1");
}

#[actix::test]
async fn a_plain_get_is_told_to_upgrade() {
    let double = Double::start();
    let (address, _server) = double.serve();
    let answer = crate::sse::get(address, "/api/ws", None).await;
    assert_eq!(answer.status().as_u16(), 426);
    assert_eq!(answer.headers()["upgrade"], "websocket");
}

#[actix::test]
async fn everything_comes_narrowed_by_filters() {
    let double = Double::start();
    let mut job = crate::events::job(2, State::Running, 1);
    job.target_id = Some("ä b".into());
    double.put_job(job);
    double.put(1, State::Running, 1);
    let (address, _server) = double.serve();
    let mut socket = open(address, "/api/ws?target_id=%C3%A4%20b&state=completed&logs=true").await;
    double.hub.log(1, &"video".into(), &"default".into(), line("one"));
    double.hub.log(2, &"video".into(), &"default".into(), line("two"));
    double.hub.publish(vec![state(1, State::Completed, 1), state(2, State::Retrying, 1), progress(2, 1, 9)]);
    double.hub.publish(vec![state(2, State::Completed, 1), progress(2, 2, 1)]);
    let told = all(&mut socket, 4).await;
    assert_eq!(told, ["log 2 two", "progress 2 9", "state 2 completed 1", "progress 2 1"]);
}

#[actix::test]
async fn sockets_are_closed_with_1001_at_shutdown() {
    let double = Double::start();
    double.put(7, State::Running, 1);
    let (address, _server) = double.serve();
    let mut one = open(address, "/api/jobs/7/ws").await;
    let mut everything = open(address, "/api/ws").await;
    assert_eq!(next(&mut one).await, "snapshot 7 running 1");
    double.hub.publish(vec![state(7, State::Pending, 1)]);
    double.hub.close();
    assert_eq!(all(&mut one, 2).await, ["state 7 pending 1", "close 1001"]);
    assert_eq!(all(&mut everything, 2).await, ["state 7 pending 1", "close 1001"]);
    let (status, _) = refused(address, "/api/ws", None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}

#[actix::test]
async fn a_client_that_answers_pings_lives_and_one_that_does_not_is_let_go() {
    let double = Double::start_with(|double| double.ping_every = Duration::from_millis(50));
    let (address, _server) = double.serve();
    let mut alive = open(address, "/api/ws").await;
    // It answers nothing, for pongs are sent while one reads.
    let mut dead = open(address, "/api/ws").await;
    double.until_watched_by(2).await;
    let mut pings = 0;
    while pings < 10 {
        pings += usize::from(alive.next().await.unwrap().unwrap().is_ping());
    }
    assert_eq!(double.hub.subscribers(), 1);
    double.hub.publish(vec![state(1, State::Running, 1)]);
    assert_eq!(next(&mut alive).await, "state 1 running 1");
    while let Some(Ok(message)) = dead.next().await {
        assert!(message.is_ping());
    }
}

#[actix::test]
async fn what_a_client_sends_is_bounded() {
    let double = Double::start();
    let (address, _server) = double.serve();
    let mut talks = open(address, "/api/ws").await;
    talks.send(Message::text("hello")).await.unwrap();
    talks.send(Message::Ping(vec![1, 2, 3].into())).await.unwrap();
    assert_eq!(talks.next().await.unwrap().unwrap(), Message::Pong(vec![1, 2, 3].into()));
    talks.send(Message::text("x".repeat(5 * 1024))).await.unwrap();
    assert_eq!(next(&mut talks).await, "close 1009");
    let mut floods = open(address, "/api/ws").await;
    while floods.send(Message::text("flood")).await.is_ok() {}
    double.until_watched_by(0).await;
}

#[actix::test]
async fn a_client_that_goes_is_forgotten() {
    let double = Double::start();
    let (address, _server) = double.serve();
    let mut polite = open(address, "/api/ws").await;
    let rude = open(address, "/api/ws").await;
    double.until_watched_by(2).await;
    polite.close(None).await.unwrap();
    assert_eq!(next(&mut polite).await, "close 1000");
    drop(rude);
    double.until_watched_by(0).await;
}

#[actix::test]
async fn hundreds_of_sockets_get_all_frames_of_their_jobs() {
    let double: Arc<Double> = Double::start();
    let (address, _server) = double.serve();
    let mut sockets = Vec::new();
    for id in 0..300 {
        double.put(id, State::Running, 1);
        sockets.push(open(address, &format!("/api/jobs/{id}/ws")).await);
    }
    double.hub.publish((0..300).map(|id| state(id, State::Completed, 1)).collect());
    for (id, socket) in sockets.iter_mut().enumerate() {
        let expected =
            [format!("snapshot {id} running 1"), format!("state {id} completed 1"), "close 1000".to_owned()];
        assert_eq!(all(socket, 3).await, expected);
    }
}

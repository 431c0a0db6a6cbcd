//! A client that does not read.

use std::net::SocketAddr;
use std::time::Duration;

use callboard::domain::{Event, EventBody};
use futures_util::StreamExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::events::progress;
use crate::server::Double;
use crate::ws;

const EVENTS: usize = 100_000;
const BATCH: usize = 100;

/// With little room in the socket, so that little is under way.
async fn open(address: SocketAddr) -> WebSocketStream<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 * 1024).unwrap();
    let stream = socket.connect(address).await.unwrap();
    client_async(format!("ws://{address}/api/ws"), stream).await.unwrap().0
}

fn event(n: usize) -> Event {
    let mut event = progress(i64::try_from(n).unwrap(), 1, 1);
    let EventBody::Progress { message, .. } = &mut event.body else { unreachable!() };
    *message = Some("x".repeat(1_000));
    event
}

#[actix::test]
async fn loses_frames_and_nobody_else_notices() {
    let double = Double::start();
    let (address, _server) = double.serve();
    let mut slow = open(address).await;
    let mut quick = ws::open(address, "/api/ws").await;
    double.until_watched_by(2).await;
    for first in (0..EVENTS).step_by(BATCH) {
        double.hub.publish((first..first + BATCH).map(event).collect());
        for n in first..first + BATCH {
            assert_eq!(ws::next(&mut quick).await, format!("progress {n} 1"));
        }
    }
    let (mut got, mut dropped, mut gaps) = (0, 0, 0);
    while got + dropped < EVENTS {
        let Some(Ok(Message::Text(text))) = slow.next().await else { continue };
        let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
        if frame["type"] == "gap" {
            gaps += 1;
            dropped += usize::try_from(frame["dropped"].as_u64().unwrap()).unwrap();
        } else {
            got += 1;
        }
    }
    assert_eq!(got + dropped, EVENTS, "what is lost is counted");
    assert_eq!(gaps, 1);
    assert!(got < 10_000, "{got} of {EVENTS} frames of 1 kB were kept for a client that does not read");
}

#[actix::test]
async fn is_let_go_when_it_takes_nothing_for_long() {
    let double = Double::start_with(|double| double.patience = Duration::from_millis(500));
    let (address, _server) = double.serve();
    let stalled = open(address).await;
    double.until_watched_by(1).await;
    while double.hub.subscribers() > 0 {
        double.hub.publish((0..BATCH).map(event).collect());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(stalled);
}

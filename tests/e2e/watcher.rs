//! A WebSocket client.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::server::Server;

/// How long anything may take before a test fails.
const LONG: Duration = Duration::from_secs(60);

/// Watches a job.
pub struct Watcher {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Watcher {
    /// Opens the socket of a job, in the way that a browser does.
    pub async fn open(server: &Server, id: i64) -> Self {
        let (socket, _) = connect_async(server.socket(&format!("/api/jobs/{id}/ws"))).await.unwrap();
        Self { socket }
    }

    /// The same, with log lines.
    #[allow(dead_code)] // Tests of several nodes do this.
    pub async fn open_with_logs(server: &Server, id: i64) -> Self {
        let (socket, _) =
            connect_async(server.socket(&format!("/api/jobs/{id}/ws?logs=true"))).await.unwrap();
        Self { socket }
    }

    /// The next line of the log that begins so.
    #[allow(dead_code)] // As above.
    pub async fn line(&mut self, begin: &str) -> String {
        loop {
            let frame = self.next().await.expect("the job runs");
            if let Some(line) = frame["line"].as_str().filter(|line| line.starts_with(begin)) {
                return line.to_owned();
            }
        }
    }

    /// The next frame; `Err` with the code that the socket was closed with.
    pub async fn next(&mut self) -> Result<Value, u16> {
        loop {
            let message = tokio::time::timeout(LONG, self.socket.next()).await.expect("a frame in time");
            match message.expect("a close frame at the end").unwrap() {
                Message::Text(text) => return Ok(serde_json::from_str(&text).unwrap()),
                Message::Close(frame) => return Err(frame.expect("a reason to close").code.into()),
                _ => {}
            }
        }
    }

    /// Everything from here on, and the code that the socket was closed with.
    pub async fn rest(&mut self) -> (Vec<Value>, u16) {
        let mut frames = Vec::new();
        loop {
            match self.next().await {
                Ok(frame) => frames.push(frame),
                Err(code) => return (frames, code),
            }
        }
    }

    /// Waits for progress with a message; that message.
    pub async fn message(&mut self) -> String {
        loop {
            let frame = self.next().await.expect("the job runs");
            let holder = if frame["type"] == "snapshot" { &frame["job"]["progress"] } else { &frame };
            if let Some(message) = holder["message"].as_str() {
                return message.to_owned();
            }
        }
    }
}

/// The states that frames tell of, in their order.
pub fn states(frames: &[Value]) -> Vec<&str> {
    let states = frames.iter().filter(|frame| frame["type"] == "state");
    states.map(|frame| frame["state"].as_str().unwrap()).collect()
}

/// The percentages that frames tell of, in their order.
pub fn percentages(frames: &[Value]) -> Vec<f64> {
    let steps = frames.iter().filter(|frame| frame["type"] == "progress");
    steps.map(|frame| frame["percent"].as_f64().unwrap()).collect()
}

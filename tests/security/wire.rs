//! Bytes as they are, to a server and back.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::Server;

/// How long a server may take to say all it has to say.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a server listens.
pub fn address(server: &Server) -> &str {
    server.url.strip_prefix("http://").unwrap()
}

/// A new connection.
pub async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(address(server)).await.unwrap()
}

/// Sends bytes and reads until the server hangs up; what it said.
///
/// # Panics
/// When it does not hang up.
pub async fn exchange(server: &Server, bytes: impl AsRef<[u8]>) -> String {
    let (mut from, mut to) = connect(server).await.into_split();
    let mut said = Vec::new();
    let talk = async {
        // It may have heard enough before all is said.
        let (_, _) = tokio::join!(to.write_all(bytes.as_ref()), from.read_to_end(&mut said));
    };
    let ended = tokio::time::timeout(PATIENCE, talk).await.is_ok();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(ended, "it does not hang up; so far it said {said:?}");
    said
}

/// The status of each answer in what a server said.
pub fn statuses(said: &str) -> Vec<u16> {
    said.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().unwrap()).collect()
}

/// The statuses of the answers to bytes.
pub async fn ask(server: &Server, bytes: impl AsRef<[u8]>) -> Vec<u16> {
    statuses(&exchange(server, bytes).await)
}

/// A request of which everything is said once, and that ends its connection.
pub fn request(method: &str, target: &str, headers: &[&str], body: &str) -> String {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for header in headers {
        text += &format!("{header}\r\n");
    }
    if !body.is_empty() {
        text += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    format!("{text}\r\n{body}")
}

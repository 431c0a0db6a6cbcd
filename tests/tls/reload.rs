//! SIGHUP: another certificate for new connections, while those that are there go on.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::Server;

const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[tokio::test]
async fn a_new_certificate_is_shown_and_old_connections_live_on() {
    let mut server = Server::start("");
    let first = server.shown().await;
    let mut old = server.connect(&["http/1.1"]).await;
    ask(&mut old).await;
    server.authority.sign(server.dir.path(), "second").put_over(&server.pair);
    let said = server.reload();
    assert!(said.contains("from now on") && said.contains("first.pem"), "{said}");
    assert_ne!(server.shown().await, first);
    ask(&mut old).await;
    let client = server.client();
    assert_eq!(client.get(format!("{}/healthz", server.url)).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_wrong_file_changes_nothing_and_is_told() {
    let mut server = Server::start("");
    let first = server.shown().await;
    let other = server.authority.sign(server.dir.path(), "second");
    std::fs::copy(&other.key, &server.pair.key).unwrap();
    let said = server.reload();
    assert!(said.contains("tls.key does not belong to the certificate"), "{said}");
    assert_eq!(server.shown().await, first);
    std::fs::remove_file(&server.pair.certificate).unwrap();
    let said = server.reload();
    assert!(said.contains("tls.certificate cannot be read") && said.contains("stays"), "{said}");
    assert_eq!(server.shown().await, first);
}

async fn ask(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin)) {
    stream.write_all(ASK).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\"ok\"}") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "{}", String::from_utf8_lossy(&answer));
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

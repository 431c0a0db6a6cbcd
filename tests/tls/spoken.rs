//! Who can speak with it: browsers and programs over HTTPS and WebSockets, the command line, and
//! programs that speak the Faktory Work Protocol.

use std::sync::Arc;

use futures_util::StreamExt;
use rustls::ProtocolVersion;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use crate::server::Server;

#[tokio::test]
async fn https_with_http_2_and_cookies_that_stay_there() {
    let server = Server::start("hsts_secs = 3600\n");
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let answer = server.client().get(format!("{}/new", server.url)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=3600");
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("Secure") && cookie.contains("HttpOnly"), "{cookie}");
    for (offered, taken) in [(&["h2", "http/1.1"][..], "h2"), (&["http/1.1"], "http/1.1")] {
        let stream = server.connect(offered).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(taken.as_bytes()));
        assert_eq!(stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    }
}

/// A client that speaks HTTP/2 and then confirms what nobody has asked, as many times as it likes.
#[tokio::test]
async fn a_client_that_breaks_rules_is_no_alarm() {
    let mut server = Server::start_with("", &["--log", "debug"]);
    let mut stream = server.connect(&["h2"]).await;
    let (settings, pong) = (b"\0\0\0\x04\0\0\0\0\0", b"\0\0\x08\x06\x01\0\0\0\0unasked ");
    let said = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), settings, pong].concat();
    stream.write_all(&said).await.unwrap();
    let line = server.says("that we never sent");
    assert!(line.contains("DEBUG") && line.contains("h2::"), "{line}");
}

#[tokio::test]
async fn without_a_word_browsers_are_told_nothing_of_strictness() {
    let server = Server::start("");
    let answer = server.client().get(format!("{}/healthz", server.url)).send().await.unwrap();
    assert!(!answer.headers().contains_key("strict-transport-security"));
    // Who does not speak TLS gets no answer that could be taken for one.
    let plain = server.url.replace("https://", "http://");
    assert!(reqwest::get(format!("{plain}/healthz")).await.is_err());
}

#[tokio::test]
async fn a_websocket_over_tls_tells_what_happens() {
    let server = Server::start("");
    let stream = server.connect(&["http/1.1"]).await;
    let url = server.url.replace("https://", "wss://") + "/api/ws";
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    let client = server.client();
    let job = client.post(format!("{}/api/jobs", server.url)).json(&json!({"job_type": "noop"}));
    assert_eq!(job.send().await.unwrap().status(), 201);
    let frame = socket.next().await.unwrap().unwrap().into_text().unwrap();
    let frame: Value = serde_json::from_str(&frame).unwrap();
    assert_eq!(frame["type"], "state");
}

#[test]
fn the_command_line_trusts_who_it_is_told_to() {
    let server = Server::start("");
    let trusted = server.cli(&["stats", "--json", "--ca-file", "ca.pem"]);
    assert!(trusted.status.success(), "{}", String::from_utf8_lossy(&trusted.stderr));
    let stranger = server.cli(&["stats"]);
    let said = String::from_utf8_lossy(&stranger.stderr);
    assert_eq!(stranger.status.code(), Some(3), "{said}");
    let none = server.cli(&["stats", "--ca-file", "nobody.pem"]);
    let said = String::from_utf8_lossy(&none.stderr);
    assert!(none.status.code() == Some(2) && said.contains("--ca-file nobody.pem: cannot be read"), "{said}");
}

/// An address without TLS that leads to the Faktory side with it: the crate takes streams that it can
/// connect anew alone.
async fn tunnel(server: &Server) -> String {
    let address = server.remote.strip_prefix("tcp+tls://").expect("it says so").to_owned();
    let connector = TlsConnector::from(Arc::new(server.authority.client(&[])));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = format!("tcp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut plain, _)) = listener.accept().await {
            let stream = TcpStream::connect(&address).await.unwrap();
            let name = ServerName::try_from("localhost").unwrap();
            let mut secured = connector.connect(name, stream).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut plain, &mut secured).await });
        }
    });
    place
}

#[tokio::test(flavor = "multi_thread")]
async fn faktory_programs_push_and_work_over_tls() {
    let server = Server::start("");
    let place = tunnel(&server).await;
    let mut client = faktory::Client::connect_to(&place).await.unwrap();
    client.enqueue(faktory::Job::new("far", vec!["a"])).await.unwrap();
    let builder = faktory::Worker::builder::<std::io::Error>().register_fn("far", |_| async { Ok(()) });
    let mut worker = builder.connect_to(&place).await.unwrap();
    assert!(worker.run_one(0, &["default"]).await.unwrap());
    let job = server.client().get(format!("{}/api/jobs/1", server.url)).send().await.unwrap();
    assert_eq!(job.json::<Value>().await.unwrap()["state"], "completed");
}

#[tokio::test]
async fn the_faktory_side_may_be_left_without_it() {
    let server = Server::start("faktory = false\n");
    let address = server.remote.strip_prefix("tcp://").expect("it says so");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut hello = [0; 3];
    stream.read_exact(&mut hello).await.unwrap();
    assert_eq!(&hello, b"+HI");
}

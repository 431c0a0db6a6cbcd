//! What programs reach that fetch what jobs name.

use std::collections::VecDeque;
use std::future::ready;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::{Arc, Mutex};

use callboard::logs::{AttemptLog, Stream};
use callboard::workers::AddressRules;
use callboard::workers::lookup::Lookup;
use callboard::workers::proxy::Proxy;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::bench::{MediaBench, error};
use crate::clips::silent;
use crate::needed::needs;
use crate::site::{Site, Video};
use crate::support::Bench;

/// Somebody who listens on this machine and must not be reached.
struct Private(TcpListener);

impl Private {
    fn listen(address: &str) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    fn nobody_came(&self) -> bool {
        self.0.accept().is_err()
    }
}

async fn proxy(log: &AttemptLog, allowed: &[&str]) -> Proxy {
    let allowed: Vec<_> = allowed.iter().map(|net| net.parse().unwrap()).collect();
    Proxy::open(AddressRules::allowing(&allowed), log.clone()).await.unwrap()
}

/// Says something to a proxy; what it answers until it closes the connection.
async fn say(proxy: &Proxy, text: &str) -> String {
    let mut stream = TcpStream::connect(proxy.url().strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn what_is_private_is_refused_in_every_disguise() {
    let (bench, private) = (Bench::new(), Private::listen("127.0.0.1"));
    let log = bench.context("{}").log;
    let (proxy, port) = (proxy(&log, &[]).await, private.port());
    let mut hosts: Vec<String> = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "[::ffff:127.0.0.1]",
        "localhost",
        "0",
    ]
    .map(str::to_owned)
    .into();
    // A name that only the machine's resolver knows to be private, where this machine has one.
    let name = nix::unistd::gethostname().unwrap().into_string().unwrap();
    let found = (name.as_str(), 80).to_socket_addrs().into_iter().flatten();
    if { found }.any(|address| address.ip().is_loopback()) {
        hosts.push(name);
    }
    let others = ["169.254.169.254", "[::1]", "10.0.0.1", "[fd00::1]", "[64:ff9b::a9fe:a9fe]"];
    for host in hosts.iter().map(String::as_str).chain(others) {
        for request in [
            format!("GET http://{host}:{port}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
            format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
        ] {
            let answer = say(&proxy, &request).await;
            let refused = answer.starts_with("HTTP/1.1 403 ") && answer.contains("is not a public address");
            assert!(refused, "{request}: {answer}");
        }
    }
    assert!(private.nobody_came());
    log.close();
    assert!(bench.read(Stream::Log).contains("the proxy answers 403"), "{}", bench.read(Stream::Log));
}

/// A name whose owner gives it other addresses each time it is looked up.
struct Turncoat {
    answers: Mutex<VecDeque<Vec<&'static str>>>,
}

impl Turncoat {
    fn new(answers: &[&[&'static str]]) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.iter().map(|answer| answer.to_vec()).collect()) })
    }

    fn is_asked_no_more(&self) -> bool {
        self.answers.lock().unwrap().is_empty()
    }
}

impl Lookup for Turncoat {
    fn look_up<'a>(&'a self, _: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let answer = self.answers.lock().unwrap().pop_front().expect("one look for each connection");
        ready(Ok(answer.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), port)).collect())).boxed()
    }
}

/// 127.0.0.1 stands for what is public.
#[tokio::test]
async fn a_name_that_changes_its_address_leads_to_the_one_that_was_looked_at() {
    let bench = Bench::new();
    let private = Private::listen("127.0.0.2");
    let port = private.port();
    let site = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let (open, inside) = (["127.0.0.1"].as_slice(), ["127.0.0.2"].as_slice());
    for request in [
        format!("GET http://rebind.example:{port}/ HTTP/1.1\r\nConnection: close\r\n\r\n"),
        format!("CONNECT rebind.example:{port} HTTP/1.1\r\nConnection: close\r\n\r\n"),
    ] {
        let turncoat = Turncoat::new(&[open, inside, &["127.0.0.1", "127.0.0.2"]]);
        let rules = AddressRules::allowing(&["127.0.0.1/32".parse().unwrap()]).asking(turncoat.clone());
        let proxy = Proxy::open(rules, bench.context("{}").log.clone()).await.unwrap();
        let answers = async {
            let (mut stream, _) = site.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await.unwrap();
        };
        let (answer, ()) = tokio::join!(say(&proxy, &request), answers);
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("hi"), "{request}: {answer}");
        for _ in 0..2 {
            let answer = say(&proxy, &request).await;
            let refused = answer.starts_with("HTTP/1.1 403 ") && answer.contains("leads to 127.0.0.2");
            assert!(refused, "{request}: {answer}");
        }
        assert!(turncoat.is_asked_no_more() && private.nobody_came());
    }
}

#[tokio::test]
async fn what_is_allowed_is_passed_on_and_nothing_of_the_proxy_with_it() {
    let bench = Bench::new();
    let proxy = proxy(&bench.context("{}").log, &["127.0.0.1/32"]).await;
    let site = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = site.local_addr().unwrap();
    let asked = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let mut heads = Vec::new();
        for _ in 0..2 {
            let (mut stream, _) = site.accept().unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            stream.write_all(b"HTTP/1.1 206 Some\r\nContent-Length: 2\r\n\r\nhi").unwrap();
            heads.push(String::from_utf8(head).unwrap());
        }
        heads
    });
    let answer = say(
        &proxy,
        &format!(
            "GET http://{address}/a?b=c HTTP/1.1\r\nHost: {address}\r\nRange: bytes=5-\r\n\
             Proxy-Authorization: Basic x\r\nConnection: close\r\n\r\n"
        ),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 206 ") && answer.ends_with("\r\n\r\nhi"), "{answer}");
    let through = format!(
        "CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\nGET /secret HTTP/1.1\r\nHost: x\r\n\r\n"
    );
    let answer = say(&proxy, &through).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nhi"), "{answer}");
    let heads = asked.join().unwrap();
    assert!(heads[0].starts_with("GET /a?b=c HTTP/1.1\r\n") && heads[0].contains("Range: bytes=5-"));
    assert!(!heads[0].contains("Proxy-Authorization"), "{heads:?}");
    assert!(heads[1].starts_with("GET /secret HTTP/1.1\r\n"), "{heads:?}");

    let (dropped, address) = (proxy.url(), proxy.url().replace("http://", ""));
    drop(proxy);
    while TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(dropped.starts_with("http://127.0.0.1:"));
}

#[tokio::test]
async fn what_is_not_http_or_not_there_is_answered_too() {
    let bench = Bench::new();
    let proxy = proxy(&bench.context("{}").log, &["127.0.0.1/32"]).await;
    let closed = Private::listen("127.0.0.1").port();
    for (request, status) in [
        ("GET /etc/passwd HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(), 400),
        ("GET https://127.0.0.1:9/ HTTP/1.1\r\nConnection: close\r\n\r\n".into(), 502),
        (format!("GET http://127.0.0.1:{closed}/ HTTP/1.1\r\nConnection: close\r\n\r\n"), 502),
        ("CONNECT no-such-host.invalid:443 HTTP/1.1\r\nConnection: close\r\n\r\n".into(), 502),
        ("GET ftp://127.0.0.1/ HTTP/1.1\r\nConnection: close\r\n\r\n".into(), 403),
        ("\u{1}\u{2}\r\n\r\n".into(), 400),
    ] {
        let answer = say(&proxy, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
    }
}

#[tokio::test]
async fn a_site_that_sends_on_does_not_lead_in() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let site = Site::start(vec![Video::new("a1", "One", silent())]);
    let private = Private::listen("127.0.0.2");
    let port = private.port();
    let bench = MediaBench::new(&yt_dlp);
    for job_type in ["metadata_extraction", "process_channel", "download_transcript", "channel_download"] {
        for inside in [
            format!("http://127.0.0.2:{port}/"),
            format!("http://2130706434:{port}/"),
            format!("http://[::1]:{port}/"),
            "http://169.254.169.254/latest/meta-data/".into(),
        ] {
            let (text, again) = error(bench.run(job_type, json!({"url": site.sends_on_to(&inside)})).await);
            assert!(!again && text.starts_with("bad_input: "), "{job_type} {inside}: {text}");
            assert!(text.contains("not a public address; if jobs may reach it"), "{job_type}: {text}");
        }
    }
    assert!(private.nobody_came());
    let there =
        bench.run("metadata_extraction", json!({"url": site.sends_on_to(&site.url("/media/a1.mp4"))}));
    assert_eq!(there.await.unwrap()["metadata"]["extractor_key"], "Generic");
}

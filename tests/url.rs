//! URLs as workers, against a small server of our own.

#[path = "workers/support.rs"]
mod support;

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use callboard::domain::{Clock, Json, Timestamp, TraceContext};
use callboard::logs::Stream;
use callboard::workers::{AnyWorker, Availability, Failure, RunResult, UrlSpec, UrlWorker};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use support::{Bench, fatal, retried, run};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Answers one request with these bytes; the request comes out of the channel.
async fn serve_once(answer: Vec<u8>) -> (url::Url, oneshot::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://user:secret@{}/hook?token=x", listener.local_addr().unwrap()).parse().unwrap();
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !is_complete(&request) {
            assert_ne!(peer.read_buf(&mut request).await.unwrap(), 0, "the request is cut");
        }
        let _ = tell.send(String::from_utf8(request).unwrap());
        let _ = peer.write_all(&answer).await;
    });
    (url, told)
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    header(head, "content-length").is_some_and(|len| body.len() >= len.parse::<usize>().unwrap())
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|h| h.1)
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

async fn post(answer: Vec<u8>) -> RunResult<Option<Json>> {
    let (url, _request) = serve_once(answer).await;
    let bench = Bench::new();
    let clock = Clock::manual("2030-01-02T03:04:05Z".parse().unwrap());
    run(UrlWorker::new(UrlSpec::new("test", url), clock), bench.context("{}")).await
}

#[tokio::test]
async fn the_job_is_posted_and_the_answer_kept() {
    let (url, request) = serve_once(answer("200 OK", "", r#"{"n": 1.10}"#)).await;
    let bench = Bench::new();
    let worker = UrlWorker::new(UrlSpec::new("test", url), Clock::system());
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let ctx = bench.context(r#"{"x":2.50}"#).with_trace(TraceContext::read(parent, Some("a=b")));
    let result = run(worker, ctx).await.unwrap().unwrap();
    assert_eq!(result.as_str(), r#"{"n": 1.10}"#);
    let request = request.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook?token=x HTTP/1.1\r\n"), "{head}");
    assert_eq!(header(head, "content-type"), Some("application/json"));
    assert_eq!((header(head, "traceparent"), header(head, "tracestate")), (Some(parent), Some("a=b")));
    assert!(header(head, "webhook-signature").is_none());
    assert!(body.contains(r#""args":{"x":2.50}"#) && body.contains(r#""parents":[]"#), "{body}");
}

#[tokio::test]
async fn other_answers_become_strings() {
    assert_eq!(
        post(answer("200 OK", "", "fine, thanks")).await.unwrap().unwrap().as_str(),
        "\"fine, thanks\""
    );
    assert_eq!(post(answer("204 No Content", "", "")).await, Ok(None));
    let nul = post(answer("200 OK", "", "a\0b")).await.unwrap().unwrap();
    assert_eq!(nul.as_str(), "\"a\u{FFFD}b\"");
    let broken = post(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\xFF!".to_vec()).await.unwrap().unwrap();
    assert_eq!(broken.as_str(), "\"\u{FFFD}!\"");
}

#[tokio::test]
async fn a_long_answer_is_cut() {
    let (url, _request) = serve_once(answer("200 OK", "", &format!("[{}]", "1,".repeat(1 << 20)))).await;
    let bench = Bench::new();
    let worker = UrlWorker::new(UrlSpec::new("test", url), Clock::system());
    let result = run(worker, bench.context("{}")).await.unwrap().unwrap();
    assert_eq!(result.as_str().len(), (1 << 20) + 2);
    assert!(bench.read(Stream::Log).contains("longer than 1048576 bytes"));
}

#[tokio::test]
async fn failures_are_told_apart() {
    for status in ["400 Bad Request", "404 Not Found", "422 Unprocessable"] {
        let error = fatal(post(answer(status, "", "because")).await);
        assert!(error.contains(&status[..3]) && error.ends_with(": because"), "{error}");
        assert!(!error.contains("secret") && !error.contains("token"), "{error}");
    }
    for status in ["408 x", "409 x", "425 x", "429 x", "500 x", "503 x", "302 Found"] {
        let error = retried(post(answer(status, "location: http://127.0.0.1:1/\r\n", "")).await);
        assert!(error.contains(&status[..3]), "{error}");
    }
    assert!(
        retried(post(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut".to_vec()).await).starts_with("POST")
    );
    let url = "http://user:secret@127.0.0.1:1/x?token=y".parse().unwrap();
    let nobody = UrlWorker::new(UrlSpec::new("test", url), Clock::system());
    let error = retried(run(nobody, Bench::new().context("{}")).await);
    assert!(error.contains("http://127.0.0.1:1/x:") && !error.contains("token"), "{error}");
}

#[tokio::test]
async fn retry_after_is_kept() {
    let after = |result| match result {
        Err(Failure::Retry { after, .. }) => after,
        other => panic!("{other:?}"),
    };
    let seconds = post(answer("503 Busy", "retry-after: 7\r\n", "")).await;
    assert_eq!(after(seconds), Some(Duration::from_secs(7)));
    let date = post(answer("429 Slow", "retry-after: Wed, 02 Jan 2030 03:05:05 GMT\r\n", "")).await;
    assert_eq!(after(date), Some(Duration::from_secs(60)));
    assert_eq!(after(post(answer("500 x", "", "")).await), None);
}

#[tokio::test]
async fn requests_are_signed() {
    // PATH and HOME are set in every environment, and neither is a secret.
    let (url, _) = serve_once(Vec::new()).await;
    let secret_env = |name: &str| Some(name.to_owned());
    let worker = |name, url| {
        UrlWorker::new(UrlSpec { secret_env: secret_env(name), ..UrlSpec::new("test", url) }, Clock::system())
    };
    let unset = worker("CALLBOARD_TEST_NOT_SET", url.clone());
    let Availability::Unavailable(reason) = unset.availability() else { panic!("has no secret") };
    assert!(reason.contains("CALLBOARD_TEST_NOT_SET"), "{reason}");
    assert_eq!(fatal(run(unset, Bench::new().context("{}")).await), reason);
    assert!(
        matches!(worker("PATH", url).availability(), Availability::Unavailable(r) if r.contains("whsec_"))
    );
}

/// Run by `requests_carry_a_signature` with a secret in the environment.
#[tokio::test]
#[ignore = "run by another test, as a program"]
async fn signed_request() {
    let key = b"a key of some length";
    let (url, request) = serve_once(answer("200 OK", "", "")).await;
    let spec = UrlSpec { secret_env: Some("TEST_SECRET".into()), ..UrlSpec::new("test", url) };
    let clock = Clock::manual(Timestamp::from_millis(1_700_000_000_999));
    run(UrlWorker::new(spec, clock), Bench::new().context("{}")).await.unwrap();
    let request = request.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(header(head, "webhook-id"), Some("job-7"));
    assert_eq!(header(head, "webhook-timestamp"), Some("1700000000"));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(format!("job-7.1700000000.{body}").as_bytes());
    let expected = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(header(head, "webhook-signature"), Some(expected.as_str()));
}

#[test]
fn requests_carry_a_signature() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "signed_request", "--ignored"])
        .env("TEST_SECRET", format!("whsec_{}", BASE64_STANDARD.encode("a key of some length")))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[tokio::test]
async fn cancel_stops_waiting() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let bench = Bench::new();
    let running =
        tokio::spawn(run(UrlWorker::new(UrlSpec::new("test", url), Clock::system()), bench.context("{}")));
    let _peer = listener.accept().await.unwrap();
    bench.cancel.cancel();
    assert_eq!(running.await.unwrap(), Err(Failure::Cancelled));
}

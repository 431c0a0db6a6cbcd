//! Requests whose end is not where it seems: what one server takes for a body, another one takes for the
//! next request.

use crate::house::guarded;
use crate::server::Server;
use crate::wire::{ask, exchange, statuses};

const POST: &str = "POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer operator\r\n\
    Content-Type: application/json\r\n";
/// What would be smuggled in.
const NEXT: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

async fn is_refused(server: &Server, headers: &str, body: &str) {
    let said = exchange(server, format!("{POST}{headers}\r\n{body}{NEXT}")).await;
    assert_eq!(statuses(&said), [400], "{headers:?} {body:?}: {said}");
}

#[tokio::test]
async fn a_length_that_is_said_twice_or_in_two_ways_is_none() {
    let server = guarded("");
    for headers in [
        "Content-Length: 2\r\nContent-Length: 2\r\n",
        "Content-Length: 2\r\nContent-Length: 40\r\n",
        "Content-Length: 2, 2\r\n",
        "Content-Length: +2\r\n",
        "Content-Length: -2\r\n",
        "Content-Length: 0x2\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: \x0bchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Content-Length : 2\r\n",
        " Content-Length: 2\r\n",
        "X: 1\r\n Content-Length: 2\r\n",
        "X: a\rb\r\nContent-Length: 2\r\n",
        "X: a\0b\r\nContent-Length: 2\r\n",
        "X\0: a\r\nContent-Length: 2\r\n",
        "Host: evil.example\r\nContent-Length: 2\r\n",
    ] {
        is_refused(&server, headers, "{}").await;
    }
}

#[tokio::test]
async fn chunks_are_what_they_say_or_nothing() {
    let server = guarded("");
    for chunks in [
        "0x2\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "2\n{}\n0\n\n",
        "2\r\n{}0\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
    ] {
        is_refused(&server, "Transfer-Encoding: chunked\r\n", chunks).await;
    }
    let said =
        exchange(&server, format!("{POST}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n{NEXT}"));
    assert_eq!(statuses(&said.await), [422, 200], "as it should be");
}

#[tokio::test]
async fn who_speaks_something_else_is_told_so() {
    let server = guarded("");
    for (bytes, answer) in [
        (&b"GET /healthz\r\n\r\n"[..], &[400][..]),
        (b"GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n", &[400]),
        (b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", &[400]),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[400]),
        (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03 hello, hello, hello, hello\r\n\r\n", &[400]),
        (b"GET /\xc3\xa4 HTTP/1.1\r\nHost: localhost\r\n\r\n", &[400]),
        (b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", &[400]),
        (b"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\nConnection: close\r\n\r\n", &[401]),
        (b"TRACE /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", &[405]),
        (b"JEFF /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", &[405]),
        // Nothing of it is read before somebody may have it read.
        (
            b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nConnection: close\r\n\r\n",
            &[401],
        ),
    ] {
        let text = String::from_utf8_lossy(bytes);
        assert_eq!(ask(&server, bytes).await, answer, "{text}");
    }
    let trace = "TRACE /jobs HTTP/1.1\r\nHost: localhost\r\nCookie: a=sesame\r\nConnection: close\r\n\r\n";
    assert!(!exchange(&server, trace).await.contains("sesame"), "it is no mirror");
}

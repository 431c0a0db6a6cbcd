//! Who may watch, from where, and for how long: WebSockets and SSE with a session, and with a token.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::{Method, Response};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::access::tokens;
use crate::server::{Server, send, test, test_with};
use crate::signing_in::Browser;

const HOUR: Duration = Duration::from_secs(3600);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Headers<'a> = [(&'static str, &'a str)];

async fn open(server: &Server, headers: &Headers<'_>) -> Result<Socket, u16> {
    let mut request = format!("ws://{}/api/ws", server.address).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

async fn events(server: &Server, headers: &Headers<'_>) -> Response {
    let request = server.plain_request(Method::GET, "/api/events");
    headers.iter().fold(request, |r, (name, value)| r.header(*name, *value)).send().await.unwrap()
}

fn status(opened: Result<Socket, u16>) -> u16 {
    opened.map_or_else(|status| status, |_| 101)
}

/// The code that a socket is closed with.
async fn closed(mut socket: Socket) -> u16 {
    loop {
        match socket.next().await {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(_)) => (),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn with_a_session_only_own_pages_watch() {
    test_with(tokens, async |server| {
        let mut browser = Browser::new();
        browser.sign_in(server, "viewer").await;
        let (own, cookie) = (format!("http://{}", server.address), browser.cookie());
        let cookie = ("cookie", cookie.as_str());
        for (origin, socket, sse) in [
            (Some(own.as_str()), 101, 200),
            // Browsers name no origin when a page asks its own site for events, but for a WebSocket.
            (None, 403, 200),
            (Some("https://evil.example"), 403, 403),
            (Some("http://127.0.0.1:1"), 403, 403),
            (Some("null"), 403, 403),
        ] {
            let headers: Vec<_> = origin.map(|o| ("origin", o)).into_iter().chain([cookie]).collect();
            assert_eq!(status(open(server, &headers).await), socket, "WebSocket from {origin:?}");
            assert_eq!(events(server, &headers).await.status().as_u16(), sse, "SSE from {origin:?}");
        }
    });
}

#[test]
fn with_a_token_programs_watch_and_foreign_pages_do_not() {
    test_with(tokens, async |server| {
        let (own, token) = (format!("http://{}", server.address), ("authorization", "Bearer viewer"));
        for (headers, socket, sse) in [
            (&[token][..], 101, 200),
            (&[token, ("origin", own.as_str())], 101, 200),
            // The page would have to know the token, and then needs no browser.
            (&[token, ("origin", "https://evil.example")], 403, 200),
            (&[("authorization", "Bearer guess")], 401, 401),
            (&[("cookie", "callboard_session=guess")], 401, 401),
            (&[], 401, 401),
        ] {
            assert_eq!(status(open(server, headers).await), socket, "WebSocket with {headers:?}");
            assert_eq!(events(server, headers).await.status().as_u16(), sse, "SSE with {headers:?}");
        }
    });
}

#[test]
fn without_tokens_programs_watch_and_foreign_pages_do_not() {
    test(async |server| {
        let own = format!("http://{}", server.address);
        for (headers, socket) in [
            (&[][..], 101),
            (&[("origin", own.as_str())], 101),
            (&[("origin", "https://evil.example")], 403),
            (&[("sec-fetch-site", "cross-site")], 403),
            (&[("host", "evil.example"), ("origin", "http://evil.example")], 421),
        ] {
            assert_eq!(status(open(server, headers).await), socket, "{headers:?}");
        }
    });
}

/// What a browser watches with its session: a WebSocket, and events.
async fn watch(server: &Server, browser: &Browser) -> (Socket, Response) {
    let (own, cookie) = (format!("http://{}", server.address), browser.cookie());
    let headers = [("origin", own.as_str()), ("cookie", cookie.as_str())];
    (open(server, &headers).await.unwrap(), events(server, &headers).await)
}

/// Something happens, and the socket tells of it.
async fn hears(server: &Server, socket: &mut Socket) {
    let later = server.request(Method::POST, "/api/jobs/puppet?delay_secs=999999").bearer_auth("operator");
    send(later).await.ok(201);
    let heard = socket.next().await;
    assert!(matches!(heard, Some(Ok(Message::Text(_)))), "{heard:?}");
}

#[test]
fn who_signs_out_watches_no_more() {
    test_with(tokens, async |server| {
        let (mut leaving, mut staying) = (Browser::new(), Browser::new());
        leaving.sign_in(server, "viewer").await;
        staying.sign_in(server, "viewer").await;
        let (socket, sse) = watch(server, &leaving).await;
        let (mut other, _) = watch(server, &staying).await;
        leaving.post(server, "/jobs", "/logout", &[]).await;
        assert_eq!(closed(socket).await, 1008);
        assert_eq!(sse.text().await.unwrap(), ": callboard\n\n", "it ends");
        hears(server, &mut other).await;
    });
}

#[test]
fn a_session_that_is_over_watches_no_more() {
    test_with(tokens, async |server| {
        let mut browser = Browser::new();
        browser.sign_in(server, "viewer").await;
        let (mut socket, sse) = watch(server, &browser).await;
        server.clock.advance(11 * HOUR);
        assert_eq!(browser.request(server, Method::GET, "/jobs").send().await.unwrap().status(), 200);
        server.clock.advance(11 * HOUR);
        hears(server, &mut socket).await;
        server.clock.advance(12 * HOUR);
        assert_eq!(closed(socket).await, 1008);
        assert!(sse.text().await.unwrap().starts_with(": callboard\n\n"));
    });
}

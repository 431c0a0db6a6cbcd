//! WebSockets: `/api/jobs/{id}/ws` (= `/jobs/{id}/ws`) and `/api/ws`. This is the only file that
//! uses actix-web-actors.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, StreamHandler};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, Result, web};
use actix_web_actors::ws;
use futures_util::StreamExt;
use futures_util::stream::LocalBoxStream;
use url::Url;

use super::job_feed::JobFeed;
use super::live::LiveJobs;
use super::live_query::{self, Takes};
use super::refusal::{refuse, refuse_away, refuse_error};
use super::ws_intake::Intake;
use crate::runtime::hub::{Frame, FrameKind, Wish};

/// A client has nothing to say but pings, pongs and goodbye.
const MAX_FRAME_BYTES: usize = 4 * 1024;
/// Beats that may pass without anything heard.
const PATIENCE: u8 = 3;
/// How long to wait for the client's half of the goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

/// Adds the WebSocket endpoints. `L` must be there as [`web::Data`].
pub fn routes<L: LiveJobs>(config: &mut web::ServiceConfig) {
    config
        .route("/api/ws", web::get().to(watch_all::<L>))
        .route("/api/jobs/{id}/ws", web::get().to(watch_job::<L>))
        .route("/jobs/{id}/ws", web::get().to(watch_job::<L>));
}

/// `GET /api/ws`: everything, narrowed by the list's filters.
pub async fn watch_all<L: LiveJobs>(
    request: HttpRequest,
    payload: web::Payload,
    live: web::Data<L>,
) -> Result<HttpResponse> {
    check_origin(&request)?;
    let query = live_query::read(request.query_string(), Takes { filters: true, resume: false })
        .map_err(|e| refuse_error(&e))?;
    check_handshake(&request)?;
    let wish = Wish::all(query.filter).with_logs(query.logs);
    let events = live.hub().subscribe(wish).await.map_err(refuse_away)?;
    WsSession::new(events.boxed_local(), live.ping_every()).start(&request, payload)
}

/// `GET /api/jobs/{id}/ws`: one job, until its end.
pub async fn watch_job<L: LiveJobs>(
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
    live: web::Data<L>,
) -> Result<HttpResponse> {
    check_origin(&request)?;
    let query = live_query::read(request.query_string(), Takes { filters: false, resume: false })
        .map_err(|e| refuse_error(&e))?;
    let feed = JobFeed::open(&**live, &id, query).await?;
    check_handshake(&request)?;
    WsSession::new(feed.boxed_local(), live.ping_every()).start(&request, payload)
}

/// One client. The frames come to it as a stream that it reads no faster than the client does.
struct WsSession {
    frames: Option<LocalBoxStream<'static, Arc<Frame>>>,
    ping_every: Duration,
    /// Beats since the client was heard. Time is not measured by a clock: while the client reads
    /// nothing, no beat comes either, and it must not be found dead just when it goes on.
    silence: u8,
    said_goodbye: bool,
}

type Context = ws::WebsocketContext<WsSession>;

impl WsSession {
    fn new(frames: LocalBoxStream<'static, Arc<Frame>>, ping_every: Duration) -> Self {
        Self { frames: Some(frames), ping_every, silence: 0, said_goodbye: false }
    }

    fn start(self, request: &HttpRequest, payload: web::Payload) -> Result<HttpResponse> {
        ws::WsResponseBuilder::new(self, request, Intake::new(payload)).frame_size(MAX_FRAME_BYTES).start()
    }

    fn beat_later(&self, ctx: &mut Context) {
        ctx.run_later(self.ping_every, |session, ctx| {
            session.silence += 1;
            if session.silence >= PATIENCE {
                ctx.stop();
            } else {
                ctx.ping(b"");
                session.beat_later(ctx);
            }
        });
    }

    fn say_goodbye(&mut self, code: ws::CloseCode, ctx: &mut Context) {
        if !self.said_goodbye {
            self.said_goodbye = true;
            ctx.close(Some(code.into()));
            ctx.run_later(GOODBYE, |_, ctx| ctx.stop());
        }
    }
}

impl Actor for WsSession {
    type Context = Context;

    fn started(&mut self, ctx: &mut Context) {
        if let Some(frames) = self.frames.take() {
            ctx.add_stream(frames);
        }
        self.beat_later(ctx);
    }
}

impl StreamHandler<Arc<Frame>> for WsSession {
    fn handle(&mut self, frame: Arc<Frame>, ctx: &mut Context) {
        match frame.kind() {
            FrameKind::End => self.say_goodbye(ws::CloseCode::Normal, ctx),
            _ if self.said_goodbye => (),
            _ => ctx.text(frame.text().clone()),
        }
    }

    fn finished(&mut self, ctx: &mut Context) {
        self.say_goodbye(ws::CloseCode::Away, ctx);
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for WsSession {
    fn handle(&mut self, message: Result<ws::Message, ws::ProtocolError>, ctx: &mut Context) {
        self.silence = 0;
        match message {
            Ok(ws::Message::Ping(payload)) => ctx.pong(&payload),
            Ok(ws::Message::Close(_)) => {
                self.say_goodbye(ws::CloseCode::Normal, ctx);
                ctx.stop();
            }
            Ok(_) => (),
            Err(fault) => {
                let code = match fault {
                    ws::ProtocolError::Overflow => ws::CloseCode::Size,
                    ws::ProtocolError::Io(_) => ws::CloseCode::Policy,
                    _ => ws::CloseCode::Protocol,
                };
                // The stream of messages would go on with the same fault for ever.
                self.say_goodbye(code, ctx);
                ctx.stop();
            }
        }
    }
}

/// Browsers let any page open a WebSocket to any server, and name the page in `Origin`.
fn check_origin(request: &HttpRequest) -> Result<()> {
    let Some(origin) = request.headers().get(header::ORIGIN) else { return Ok(()) };
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok());
    match (origin.to_str().ok(), host) {
        (Some(origin), Some(host)) if same_host(origin, host) => Ok(()),
        _ => Err(refuse(
            StatusCode::FORBIDDEN,
            "the Origin header names another host than the Host header: pages of other sites may not watch jobs",
        )),
    }
}

fn same_host(origin: &str, host: &str) -> bool {
    let Ok(origin) = Url::parse(origin) else { return false };
    // With the scheme of the origin, so that its default port may be left out on either side.
    let Ok(host) = Url::parse(&format!("{}://{host}", origin.scheme())) else { return false };
    origin.host().is_some()
        && origin.host() == host.host()
        && origin.port_or_known_default() == host.port_or_known_default()
}

fn check_handshake(request: &HttpRequest) -> Result<()> {
    ws::handshake(request).map(|_| ()).map_err(|e| match e {
        ws::HandshakeError::NoWebsocketUpgrade | ws::HandshakeError::NoConnectionUpgrade => {
            refuse(StatusCode::UPGRADE_REQUIRED, "this is a WebSocket endpoint: ask for an upgrade")
        }
        other => refuse(StatusCode::BAD_REQUEST, &format!("the WebSocket handshake is wrong: {other}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_hosts_with_their_ports() {
        for (origin, host) in [
            ("http://localhost:8080", "localhost:8080"),
            ("http://LOCALHOST:8080", "localhost:8080"),
            ("https://jobs.example", "jobs.example"),
            ("https://jobs.example", "jobs.example:443"),
            ("http://[::1]:80", "[::1]"),
        ] {
            assert!(same_host(origin, host), "{origin} {host}");
        }
        for (origin, host) in [
            ("http://localhost:3000", "localhost:8080"),
            ("http://evil.example", "localhost:8080"),
            ("http://localhost.evil.example", "localhost"),
            ("http://jobs.example", "jobs.example:443"),
            ("null", "localhost"),
            ("", "localhost"),
            ("file://", ""),
        ] {
            assert!(!same_host(origin, host), "{origin} {host}");
        }
    }
}

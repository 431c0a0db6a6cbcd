//! WebSockets: `/api/jobs/{id}/ws` (= `/jobs/{id}/ws`) and `/api/ws`. This is the only file that
//! uses actix-web-actors.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, StreamHandler, WrapFuture};
use actix_web::HttpRequest;
use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Payload, ServiceConfig};
use actix_web_actors::ws;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::LocalBoxStream;
use futures_util::{FutureExt, StreamExt};

use super::job_feed::JobFeed;
use super::live::LiveJobs;
use super::openapi::parameters;
use super::path::JobId;
use super::problem::Problem;
use super::reply::Reply;
use super::watch::{self, Resume};
use super::ws_intake::Intake;
use super::{resource, session_end};
use crate::runtime::hub::{Frame, FrameKind, Wish};

/// A client has nothing to say but pings, pongs and goodbye.
const MAX_FRAME_BYTES: usize = 4 * 1024;
/// Beats that may pass without anything heard.
const PATIENCE: u8 = 3;
/// How long to wait for the client's half of the goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

/// Mounts the calls.
pub(super) fn routes<L: LiveJobs>(config: &mut ServiceConfig) {
    resource::at("/api/ws").stream(watch_all::<L>).mount(config);
    for path in ["/api/jobs/{id}/ws", "/jobs/{id}/ws"] {
        resource::at(path).stream(watch_job::<L>).mount(config);
    }
}

/// Everything that happens, as a WebSocket
///
/// Each message is a JSON object. `{"type":"state","job_id","state","attempt","error","at"}` comes for
/// every state, after its commit;
/// `{"type":"progress","job_id","attempt","percent","processed","total","message","at"}` at most twice
/// a second for one job; `{"type":"log","job_id","attempt","stream","line","at"}` with `logs=true`;
/// `{"type":"gap","dropped"}` when a slow client lost events.
///
/// A `state` filter narrows state messages only. The server sends a ping every 20 s and takes a client
/// that is silent for 60 s for gone. When the server shuts down the socket is closed with 1001, and when
/// whoever opened it is signed in no more with 1008.
#[utoipa::path(
    get, path = "/api/ws", tag = "events", operation_id = "watchAllByWebSocket",
    params(parameters::Filter, parameters::Watch),
    responses(
        (status = 101, description = "The connection is a WebSocket now"),
        (status = 426, description = "The request asks for no WebSocket."),
    ),
)]
pub(super) async fn watch_all<L: LiveJobs>(live: Data<L>, request: HttpRequest, payload: Payload) -> Reply {
    let wish = watch::read(&request, Resume::NotOffered, watch::everything)?;
    check_handshake(&request)?;
    let events = live.hub().subscribe(wish).await?;
    WsSession::new(events.boxed_local(), &request, live.ping_every()).start(&request, payload)
}

/// What happens to a job, as a WebSocket
///
/// `{"type":"snapshot","job"}` comes first. Each message is a JSON object.
/// `{"type":"state","job_id","state","attempt","error","at"}` comes for every state, after its commit;
/// `{"type":"progress","job_id","attempt","percent","processed","total","message","at"}` at most twice
/// a second for one job; `{"type":"log","job_id","attempt","stream","line","at"}` with `logs=true`;
/// `{"type":"gap","dropped"}` when a slow client lost events.
///
/// After the message of a final state the socket is closed with 1000; that of a job that is over gets
/// the snapshot and is closed. When whoever opened it is signed in no more it is closed with 1008.
#[utoipa::path(
    get, path = "/api/jobs/{id}/ws", tag = "events", operation_id = "watchJobByWebSocket",
    params(parameters::JobPath, parameters::Watch),
    responses(
        (status = 101, description = "The connection is a WebSocket now"),
        (status = 426, description = "The request asks for no WebSocket."),
    ),
)]
pub(super) async fn watch_job<L: LiveJobs>(
    live: Data<L>,
    id: JobId,
    request: HttpRequest,
    payload: Payload,
) -> Reply {
    let wish = watch::read(&request, Resume::NotOffered, |_| Wish::job(id.0))?;
    let feed = JobFeed::open(&**live, id, wish).await?;
    check_handshake(&request)?;
    WsSession::new(feed.boxed_local(), &request, live.ping_every()).start(&request, payload)
}

/// One client. The frames come to it as a stream that it reads no faster than the client does.
struct WsSession {
    frames: Option<LocalBoxStream<'static, Arc<Frame>>>,
    /// Done once whoever opened it is signed in no more.
    end: Option<LocalBoxFuture<'static, ()>>,
    ping_every: Duration,
    /// Beats since the client was heard. Time is not measured by a clock: while the client reads
    /// nothing, no beat comes either, and it must not be found dead just when it goes on.
    silence: u8,
    said_goodbye: bool,
}

type Context = ws::WebsocketContext<WsSession>;

impl WsSession {
    fn new(frames: LocalBoxStream<'static, Arc<Frame>>, request: &HttpRequest, ping_every: Duration) -> Self {
        let end = session_end::of(request).boxed_local();
        Self { frames: Some(frames), end: Some(end), ping_every, silence: 0, said_goodbye: false }
    }

    fn start(self, request: &HttpRequest, payload: Payload) -> Reply {
        ws::WsResponseBuilder::new(self, request, Intake::new(payload))
            .frame_size(MAX_FRAME_BYTES)
            .start()
            .map_err(|e| Problem::new(StatusCode::BAD_REQUEST, e.to_string()))
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
        if let Some(end) = self.end.take() {
            let goodbye = |(), session: &mut Self, ctx: &mut Context| {
                session.say_goodbye(ws::CloseCode::Policy, ctx);
            };
            ctx.spawn(end.into_actor(self).map(goodbye));
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

fn check_handshake(request: &HttpRequest) -> Result<(), Problem> {
    ws::handshake(request).map(|_| ()).map_err(|e| match e {
        ws::HandshakeError::NoWebsocketUpgrade | ws::HandshakeError::NoConnectionUpgrade => {
            let detail = "this is a WebSocket endpoint: ask for an upgrade";
            Problem::new(StatusCode::UPGRADE_REQUIRED, detail).with_header(header::UPGRADE, "websocket")
        }
        other => Problem::new(StatusCode::BAD_REQUEST, format!("the WebSocket handshake is wrong: {other}")),
    })
}

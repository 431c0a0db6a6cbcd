//! Bytes in, bytes out: the socket of one client.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use super::door;
use super::greeting::Greeting;
use super::line::{Lines, MAX_LINE};
use super::reply::Reply;
use super::server::Server;
use super::session::{Answer, Line, Session};
use crate::domain::audit;
use crate::runtime::Callboard;
use crate::runtime::remote::{Known, Told};

/// How long a client has to say who it is.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(2);
/// How long a client may take to hear that there is no more.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long a client may take to read an answer.
const WRITE: Duration = Duration::from_secs(30);

/// What the audit log shows of the id that a client gives itself, in characters.
const LONGEST_NAME: usize = 100;

/// The socket of one client, or what TLS has made of it.
struct Connection<S> {
    stream: S,
    /// Where it comes from.
    peer: Option<IpAddr>,
    lines: Lines,
    /// The client sends no more.
    ended: bool,
}

/// Serves a client until it leaves, or breaks a rule, or the server stops.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    peer: Option<IpAddr>,
    callboard: Callboard,
    server: Arc<Server>,
) {
    let mut connection = Connection { stream, peer, lines: Lines::default(), ended: false };
    connection.serve(callboard, server).await;
    // Over TLS the client wants to hear that this was the end.
    let _ = tokio::time::timeout(GOODBYE, connection.stream.shutdown()).await;
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    async fn serve(&mut self, callboard: Callboard, server: Arc<Server>) {
        let greeting = Greeting::new(server.password());
        let hello = tokio::time::timeout(HANDSHAKE, self.shake_hands(&greeting)).await;
        let Ok(Some(hello)) = hello else { return };
        let told = match door::admit(&greeting, &hello, self.peer, &callboard, &server).await {
            Ok(told) => told,
            Err(why) => {
                self.write(&Reply::err(why)).await;
                return;
            }
        };
        let others = server.connections();
        if others > server.most_connections() {
            self.write(&Reply::err(format_args!("too many connections: {others}"))).await;
            return;
        }
        let now = callboard.clock().now();
        let mut known = (!told.wid.is_empty()).then(|| callboard.remote_workers().join(&told, now));
        if !self.write(&Reply::Ok).await {
            return;
        }
        let callboard = callboard.by(self.actor(&told));
        let session = Session::new(callboard, server.clone(), told).start();
        tokio::select! {
            () = self.converse(&session) => {}
            () = silence(&mut known) => {}
            () = server.stopped() => {}
        }
    }

    /// As the audit log has the client.
    fn actor(&self, told: &Told) -> audit::Actor {
        let name = if told.wid.is_empty() { "faktory" } else { &told.wid };
        door::actor(name.chars().take(LONGEST_NAME).collect(), self.peer)
    }

    /// What a client says after it was greeted.
    async fn shake_hands(&mut self, greeting: &Greeting) -> Option<String> {
        self.stream.write_all(greeting.line().as_bytes()).await.ok()?;
        self.stream.flush().await.ok()?;
        self.next_line().await
    }

    /// Answers line after line.
    async fn converse(&mut self, session: &Addr<Session>) {
        while let Some(line) = self.next_line().await {
            let gone = CancellationToken::new();
            if self.ended {
                gone.cancel();
            }
            let answer = session.send(Line(line, gone.clone()));
            tokio::pin!(answer);
            let answer = loop {
                tokio::select! {
                    biased;
                    answer = &mut answer => break answer,
                    // Bounded: what a client sends ahead is its own affair.
                    more = self.stream.read_buf(self.lines.space()), if !self.ended && self.lines.waiting() < MAX_LINE => {
                        self.ended = !matches!(more, Ok(1..));
                        if self.ended {
                            // Nothing is handed to somebody who may be gone.
                            gone.cancel();
                        }
                    }
                }
            };
            let goes_on = match answer {
                Ok(Answer::Reply(reply)) => self.write(&reply).await,
                Ok(Answer::Job(reply, handed)) => {
                    let arrived = self.write(&reply).await;
                    if arrived {
                        handed.accept();
                    }
                    arrived
                }
                Ok(Answer::LastWords(reply)) => {
                    self.write(&reply).await;
                    false
                }
                Ok(Answer::Close) | Err(_) => false,
            };
            if !goes_on {
                return;
            }
        }
    }

    /// The next line; `None` when there is none.
    async fn next_line(&mut self) -> Option<String> {
        loop {
            match self.lines.next_line() {
                Ok(Some(line)) => return Some(line),
                Ok(None) => {}
                Err(_) => {
                    self.write(&Reply::err(format_args!("a line is longer than {MAX_LINE} bytes"))).await;
                    return None;
                }
            }
            if self.ended {
                return None;
            }
            self.ended = !matches!(self.stream.read_buf(self.lines.space()).await, Ok(1..));
        }
    }

    /// Whether it was sent.
    async fn write(&mut self, reply: &Reply) -> bool {
        let bytes = reply.bytes();
        let sent = async {
            self.stream.write_all(&bytes).await?;
            // TLS keeps what a full socket did not take.
            self.stream.flush().await
        };
        matches!(tokio::time::timeout(WRITE, sent).await, Ok(Ok(())))
    }
}

/// Returns once the worker is taken for gone; never for a client that is no worker.
async fn silence(known: &mut Option<Known>) {
    match known {
        Some(known) => known.gone().await,
        None => std::future::pending().await,
    }
}

//! Listens, and counts who is connected.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::connection::{self, HANDSHAKE};
use crate::config;
use crate::domain::Timestamp;
use crate::domain::attempts::Attempts;
use crate::metrics::Metrics;
use crate::runtime::Callboard;
use crate::tls::Tls;

/// The most connections, unless this process may have few files open.
const MAX_CONNECTIONS: usize = 2_000;
/// The open files that there must be for each of them.
const FILES_FOR_EACH: usize = 8;
/// Beyond these, which are told so, new ones wait to be accepted: who has said nothing yet holds a file too.
const TO_BE_TOLD: usize = 16;
/// How long to wait when the system gives no more sockets.
const PAUSE: Duration = Duration::from_millis(100);

/// What all connections have in common.
pub struct Server {
    password: Option<String>,
    attempts: Attempts,
    started_at: Timestamp,
    connections: AtomicUsize,
    most_connections: usize,
    /// Of being accepted.
    room: Arc<Semaphore>,
    metrics: Metrics,
    commands: AtomicU64,
    stop: CancellationToken,
}

impl Server {
    pub(super) fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// Passwords that were tried out.
    pub(super) fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    pub(super) fn count_command(&self, name: &str) {
        self.commands.fetch_add(1, Ordering::Relaxed);
        self.metrics.faktory.command(name);
    }

    /// When it began to listen.
    #[must_use]
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// Who is connected.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Commands so far.
    #[must_use]
    pub fn commands(&self) -> u64 {
        self.commands.load(Ordering::Relaxed)
    }

    /// How many there may be.
    pub(super) fn most_connections(&self) -> usize {
        self.most_connections
    }

    pub(super) async fn stopped(&self) {
        self.stop.cancelled().await;
    }
}

/// Opens the socket.
///
/// # Errors
/// When the address is taken or not this machine's.
pub fn listen(bind: &str) -> std::io::Result<(TcpListener, SocketAddr)> {
    let named = |e: std::io::Error| std::io::Error::new(e.kind(), format!("cannot listen on {bind}: {e}"));
    let listener = TcpListener::bind(bind).map_err(named)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// A server that serves, on a thread of its own. It stops when this is dropped.
pub struct Serving {
    server: Arc<Server>,
    arbiter: actix::Arbiter,
}

impl Serving {
    /// Serves a callboard. Must be called within an actix system.
    #[must_use]
    pub fn start(
        listener: TcpListener,
        callboard: &Callboard,
        password: Option<String>,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let most_connections = config::connections(MAX_CONNECTIONS, FILES_FOR_EACH);
        let server = Arc::new(Server {
            password,
            attempts: Attempts::default(),
            started_at: callboard.clock().now(),
            connections: AtomicUsize::new(0),
            most_connections,
            room: Arc::new(Semaphore::new(most_connections + TO_BE_TOLD)),
            metrics: callboard.metrics().clone(),
            commands: AtomicU64::new(0),
            stop: CancellationToken::new(),
        });
        let arbiter = actix::Arbiter::new();
        let (callboard, shared) = (callboard.clone(), server.clone());
        arbiter.spawn(async move {
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => accept(listener, callboard, shared, tls).await,
                Err(e) => log::error!("the Faktory side does not listen: {e}"),
            }
        });
        Self { server, arbiter }
    }

    /// What all connections have in common.
    #[must_use]
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.server.stop.cancel();
        self.arbiter.stop();
    }
}

/// What a socket needs to speak TLS.
///
/// # Errors
/// See [`Tls::server_config`].
pub fn acceptor(tls: &Tls) -> std::io::Result<TlsAcceptor> {
    Ok(TlsAcceptor::from(Arc::new(tls.server_config(&[])?)))
}

async fn accept(
    listener: tokio::net::TcpListener,
    callboard: Callboard,
    server: Arc<Server>,
    tls: Option<TlsAcceptor>,
) {
    loop {
        let accepted = async {
            // Never closed.
            let room = server.room.clone().acquire_owned().await.ok();
            (listener.accept().await, room)
        };
        let (stream, room) = tokio::select! {
            () = server.stopped() => return,
            (accepted, room) = accepted => match accepted {
                Ok((stream, _)) => (stream, room),
                Err(e) => {
                    log::warn!("the Faktory side cannot accept a connection: {e}");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
        };
        // An answer is one write, and clients wait for it.
        let _ = stream.set_nodelay(true);
        let peer = stream.peer_addr().ok().map(|peer| peer.ip());
        let (callboard, server, tls) = (callboard.clone(), server.clone(), tls.clone());
        server.connections.fetch_add(1, Ordering::Relaxed);
        actix_rt::spawn(async move {
            let counted = (Counted(server.clone()), server.metrics.faktory.connect());
            match tls {
                None => connection::serve(stream, peer, callboard, server).await,
                Some(tls) => {
                    let shaken = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await;
                    if let Ok(Ok(stream)) = shaken {
                        connection::serve(stream, peer, callboard, server).await;
                    }
                }
            }
            drop((counted, room));
        });
    }
}

/// Takes a connection out of the count, also when its task panics.
struct Counted(Arc<Server>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

//! The HTTP server: listens, serves, and goes on reading while the rest goes down.

use std::any::Any;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{Extensions, ServerHandle};
use actix_web::http::header;
use actix_web::middleware::{Condition, DefaultHeaders, Next, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};

use super::in_flight::{self, InFlight};
use super::problem::Problem;
use super::reply::Reply;
use super::{Access, Mount, idle_peer, stalled_peer};
use crate::config;
use crate::faktory;
use crate::runtime::Callboard;
use crate::tls::Tls;

/// How long a client has to send the head of a request.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection may be idle between two requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long open requests have to end once the server stops.
const LAST_REQUESTS_SECS: u64 = 3;
/// How long the end of an answer may be on its way from its buffer to the socket: nothing tells of
/// that.
const LAST_WORDS: Duration = Duration::from_millis(20);
/// Connections of all threads, unless this process may have few files open. Beyond that, new ones wait to be
/// accepted.
const MAX_CONNECTIONS: usize = 50_000;
/// The open files that there must be for each of them.
const FILES_FOR_EACH: usize = 2;

/// How a callboard is served.
#[derive(Clone, Default)]
pub struct Setup {
    /// Who may do what.
    pub access: Access,
    /// What Faktory answers over HTTP, if there is such a side.
    pub faktory: Option<Arc<faktory::Server>>,
    /// The path that all others are beneath: nothing, or something like `/callboard`.
    pub base_path: String,
    /// How it shows who it is, if it speaks TLS.
    pub tls: Option<Tls>,
}

/// A server that serves.
pub struct Serving {
    handle: ServerHandle,
    in_flight: InFlight,
}

/// Serves a callboard on sockets that listen already. Must be called within an actix system.
///
/// # Errors
/// When a socket cannot be used.
pub fn serve(listeners: Vec<TcpListener>, callboard: &Callboard, setup: Setup) -> std::io::Result<Serving> {
    let mut mount = Mount::new(callboard.clone(), access(&listeners, setup.access)?);
    if let Some(faktory) = setup.faktory {
        mount = mount.faktory(faktory);
    }
    let hsts = setup.tls.as_ref().map_or(0, |tls| tls.files().hsts.as_secs());
    let base_path = setup.base_path;
    let in_flight = InFlight::default();
    let requests = in_flight.clone();
    let app = move || {
        let requests = requests.clone();
        App::new()
            .wrap(from_fn(move |request, next: Next<BoxBody>| {
                in_flight::count(requests.open(), request, next)
            }))
            .wrap(Condition::new(hsts > 0, strict_transport(hsts)))
            .configure(|config| place(config, &mount, &base_path))
    };
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).max(2);
    let most = config::connections(MAX_CONNECTIONS, FILES_FOR_EACH);
    if most < MAX_CONNECTIONS {
        log::info!("at most {most} connections at a time: half of the files that it may open (`ulimit -n`)");
    }
    let mut server = HttpServer::new(app)
        .workers(threads)
        .max_connections((most / threads).max(1))
        .client_request_timeout(HEAD_PATIENCE)
        .keep_alive(KEEP_ALIVE)
        // Else the last piece of an answer waits until the client has confirmed the one before,
        // which many put off for 40 ms.
        .tcp_nodelay(true)
        .tls_handshake_timeout(HEAD_PATIENCE)
        // Who hangs up wants nothing more: what is done in parts ends behind the one under way.
        .h1_allow_half_closed(false)
        .shutdown_timeout(LAST_REQUESTS_SECS)
        .on_connect(look_after)
        .disable_signals();
    for listener in listeners {
        server = match &setup.tls {
            None => server.listen(listener)?,
            Some(tls) => server.listen_rustls_0_23(listener, tls.server_config(&["h2", "http/1.1"])?)?,
        };
    }
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    Ok(Serving { handle, in_flight })
}

impl Serving {
    /// Stops it; open requests get a moment to end, and those who watch to say goodbye.
    pub async fn stop(&self) {
        let stopped = self.handle.stop(true);
        // The server itself waits a second for clients to close what they need no more.
        let answered = async {
            self.in_flight.all_answered().await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            () = stopped => {}
            () = answered => {}
        }
    }

    /// Stops it and waits for nobody.
    pub async fn stop_at_once(&self) {
        self.handle.stop(false).await;
    }
}

/// Sees to it that a client does not keep its connection for ever.
fn look_after(connection: &dyn Any, data: &mut Extensions) {
    stalled_peer::limit(stalled_peer::PATIENCE)(connection, data);
    idle_peer::limit(KEEP_ALIVE + HEAD_PATIENCE)(connection, data);
}

fn access(listeners: &[TcpListener], access: Access) -> std::io::Result<Access> {
    for listener in listeners {
        if !listener.local_addr()?.ip().is_loopback() {
            return Ok(access);
        }
    }
    Ok(access.local())
}

/// Tells browsers to come by HTTPS alone.
fn strict_transport(secs: u64) -> DefaultHeaders {
    DefaultHeaders::new().add((header::STRICT_TRANSPORT_SECURITY, format!("max-age={secs}")))
}

/// Puts a callboard beneath its path, and something that leads there everywhere else.
fn place(config: &mut ServiceConfig, mount: &Mount, base_path: &str) {
    if base_path.is_empty() {
        config.configure(mount.configure());
        return;
    }
    let base: Arc<str> = base_path.into();
    let elsewhere = move |request: HttpRequest| std::future::ready(elsewhere(&request, &base));
    config.service(web::scope(base_path).configure(mount.configure())).default_service(web::to(elsewhere));
}

fn elsewhere(request: &HttpRequest, base: &str) -> Reply {
    if request.path() == "/" {
        return Ok(HttpResponse::Found().insert_header((header::LOCATION, format!("{base}/"))).finish());
    }
    Err(Problem::not_found(format_args!("page or call outside {base} (base_path)")))
}

/// Binds every address that `bind` stands for (`localhost` stands for two).
///
/// # Errors
/// When none can be bound; the text names the address.
pub fn listen(bind: &str) -> std::io::Result<(Vec<TcpListener>, Vec<SocketAddr>)> {
    use std::net::ToSocketAddrs;
    let mut listeners = Vec::new();
    let mut failure = None;
    for address in bind.to_socket_addrs()? {
        match TcpListener::bind(address) {
            Ok(listener) => listeners.push(listener),
            Err(e) => failure = Some(e),
        }
    }
    if listeners.is_empty() {
        let e = failure.unwrap_or_else(|| std::io::Error::other("it stands for no address"));
        return Err(std::io::Error::new(e.kind(), format!("cannot listen on {bind}: {e}")));
    }
    let addresses = listeners.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?;
    Ok((listeners, addresses))
}

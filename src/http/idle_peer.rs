//! Connections on which nothing is being answered. The server of actix-web ends one whose first request
//! does not arrive; but one whose next request comes bit by bit, or the rest of a body that nobody
//! wants, it would keep for ever.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::{self, task::JoinHandle};
use nix::sys::socket::{Shutdown, SockaddrStorage, getpeername, shutdown};

use super::stalled_peer;

thread_local! {
    /// The connections of a thread.
    static TALKS: RefCell<Vec<Weak<Talk>>> = const { RefCell::new(Vec::new()) };
    /// Looks after them.
    static SWEEPER: RefCell<Option<JoinHandle<()>>> = const { RefCell::new(None) };
}

/// One connection.
struct Talk {
    socket: RawFd,
    peer: SocketAddr,
    patience: Duration,
    answering: Cell<usize>,
    /// When the last answer was over.
    since: Cell<Instant>,
}

/// What a request knows of its connection.
struct Connection(Rc<Talk>);

/// A request that is being answered.
pub struct Answering(Rc<Talk>);

/// To be given to `HttpServer::on_connect`: ends a connection on which for so long nothing was answered.
/// It has to be told of each request, see [`answering`].
pub fn limit(patience: Duration) -> impl Fn(&dyn Any, &mut Extensions) + Send + Sync + 'static {
    move |connection, data| {
        let Some(stream) = stalled_peer::stream(connection) else { return };
        let Ok(peer) = stream.peer_addr() else { return };
        let talk = Rc::new(Talk {
            socket: stream.as_raw_fd(),
            peer,
            patience,
            answering: Cell::new(0),
            since: Cell::new(Instant::now()),
        });
        TALKS.with_borrow_mut(|talks| talks.push(Rc::downgrade(&talk)));
        data.insert(Connection(talk));
        look_every(patience / 16);
    }
}

/// Says that a request is being answered, until what it gives is dropped.
#[must_use]
pub fn answering(request: &HttpRequest) -> Option<Answering> {
    let Connection(talk) = request.conn_data()?;
    talk.answering.update(|n| n + 1);
    Some(Answering(talk.clone()))
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answering.update(|n| n - 1);
        self.0.since.set(Instant::now());
    }
}

impl Talk {
    fn is_over(&self) -> bool {
        self.answering.get() == 0 && self.since.get().elapsed() > self.patience
    }

    fn end(&self) {
        // The number may have become that of another connection.
        let is_it = getpeername::<SockaddrStorage>(self.socket)
            .is_ok_and(|peer| peer == SockaddrStorage::from(self.peer));
        if is_it && let Err(e) = shutdown(self.socket, Shutdown::Both) {
            log::debug!("a connection from {} is not ended: {e}", self.peer);
        }
    }
}

/// Looks at the connections of this thread from time to time, from now on.
fn look_every(span: Duration) {
    SWEEPER.with_borrow_mut(|sweeper| {
        if sweeper.as_ref().is_some_and(|running| !running.is_finished()) {
            return;
        }
        *sweeper = Some(rt::spawn(async move {
            loop {
                rt::time::sleep(span).await;
                TALKS.with_borrow_mut(|talks| talks.retain(goes_on));
            }
        }));
    });
}

/// Whether a connection is there, after it was ended if that had to be.
fn goes_on(talk: &Weak<Talk>) -> bool {
    let talk = talk.upgrade();
    if let Some(talk) = talk.as_ref().filter(|talk| talk.is_over()) {
        talk.end();
    }
    talk.is_some()
}

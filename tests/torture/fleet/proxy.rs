//! What stands between a node and the database, to be cut.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

/// Passes bytes on, as long as it is let.
pub struct Proxy {
    address: SocketAddr,
    is_open: watch::Sender<bool>,
    cut: Arc<Notify>,
}

impl Proxy {
    /// One to this port of this machine.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (is_open, open) = watch::channel(true);
        let cut = Arc::new(Notify::new());
        let cutter = cut.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, port, open.clone(), cutter.clone()));
            }
        });
        Self { address, is_open, cut }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all connections. New ones are let through.
    pub fn cut(&self) {
        self.cut.notify_waiters();
    }

    /// Ends all connections, and lets none through until it is opened.
    pub fn close(&self) {
        self.is_open.send_replace(false);
        self.cut();
    }

    /// Passes bytes on again.
    pub fn open(&self) {
        self.is_open.send_replace(true);
    }
}

async fn pass(mut client: TcpStream, port: u16, open: watch::Receiver<bool>, cut: Arc<Notify>) {
    let ended = cut.notified();
    tokio::pin!(ended);
    // From here on, also before the database answers.
    ended.as_mut().enable();
    if !*open.borrow() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        () = ended => {}
    }
}

//! The sockets of a server: opened before it starts, so that a wrong address is told at once.

use std::io;
use std::net::{SocketAddr, TcpListener};

use tokio_rustls::TlsAcceptor;

use crate::config::Config;
use crate::faktory;
use crate::http::Access;
use crate::http::server::{self, Setup};
use crate::runtime::Callboard;
use crate::tls::Tls;

/// The sockets, and what is to be spoken on them.
pub(super) struct Doors {
    http: (Vec<TcpListener>, Vec<SocketAddr>),
    setup: Setup,
    remote: Option<Remote>,
}

/// The socket of the Faktory side.
struct Remote {
    listener: TcpListener,
    address: SocketAddr,
    password: Option<String>,
    tls: Option<TlsAcceptor>,
}

/// What serves on them.
pub(super) struct Open {
    /// HTTP.
    pub http: server::Serving,
    /// The Faktory side. It stops when this is dropped.
    pub remote: Option<faktory::Serving>,
}

impl Doors {
    /// Opens the sockets that the configuration names.
    pub(super) fn listen(config: &Config, tls: Option<&Tls>) -> io::Result<Self> {
        let http = server::listen(&config.bind)?;
        let remote =
            config.faktory_bind.as_deref().map(|bind| Remote::listen(bind, config, tls)).transpose()?;
        let setup = Setup {
            access: Access::of(config),
            base_path: config.base_path.clone(),
            tls: tls.cloned(),
            ..Setup::default()
        };
        Ok(Self { http, setup, remote })
    }

    /// The addresses under which the server is to be found.
    pub(super) fn places(&self) -> Vec<String> {
        let (setup, scheme) = (&self.setup, if self.setup.tls.is_some() { "https" } else { "http" });
        let pages = self.http.1.iter().map(|address| format!("{scheme}://{address}{}", setup.base_path));
        pages.chain(self.remote.as_ref().map(Remote::place)).collect()
    }

    /// Serves a callboard on them.
    pub(super) fn serve(mut self, callboard: &Callboard) -> io::Result<Open> {
        let remote = self.remote.map(|remote| remote.serve(callboard));
        self.setup.faktory = remote.as_ref().map(|serving| serving.server().clone());
        let http = server::serve(self.http.0, callboard, self.setup)?;
        Ok(Open { http, remote })
    }
}

impl Remote {
    fn listen(bind: &str, config: &Config, tls: Option<&Tls>) -> io::Result<Self> {
        let (listener, address) = faktory::listen(bind)?;
        let tls = tls.filter(|tls| tls.files().faktory).map(faktory::acceptor).transpose()?;
        Ok(Self { listener, address, password: config.faktory_password.clone(), tls })
    }

    fn place(&self) -> String {
        let scheme = if self.tls.is_some() { "tcp+tls" } else { "tcp" };
        format!("{scheme}://{}", self.address)
    }

    fn serve(self, callboard: &Callboard) -> faktory::Serving {
        faktory::Serving::start(self.listener, callboard, self.password, self.tls)
    }
}

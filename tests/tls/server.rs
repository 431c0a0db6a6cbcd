//! A server with a certificate.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::Arc;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustls::pki_types::{CertificateDer, ServerName};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::authority::{Authority, Pair};

pub struct Server {
    process: Child,
    log: Lines<BufReader<ChildStderr>>,
    pub url: String,
    /// The Faktory side.
    pub remote: String,
    pub authority: Authority,
    pub pair: Pair,
    pub dir: TempDir,
}

impl Server {
    pub fn start(more: &str) -> Self {
        Self::start_with(more, &[])
    }

    /// The same, with flags.
    pub fn start_with(more: &str, flags: &[&str]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (dir, authority) = (tempfile::tempdir().unwrap(), Authority::new());
        let pair = authority.sign(dir.path(), "first");
        std::fs::write(dir.path().join("ca.pem"), authority.pem()).unwrap();
        configure(dir.path(), &format!("{}{more}", pair.config()));
        let mut process =
            program(dir.path()).arg("serve").args(flags).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut places = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let (url, remote) = (places.next().unwrap(), places.next().unwrap());
        Self { process, log, url, remote, authority, pair, dir }
    }

    /// Has it read its certificate again; what it says about that.
    pub fn reload(&mut self) -> String {
        kill(Pid::from_raw(self.process.id().cast_signed()), Signal::SIGHUP).unwrap();
        self.says("SIGHUP")
    }

    /// The next line of its log that says something.
    pub fn says(&mut self, what: &str) -> String {
        self.log.by_ref().map(Result::unwrap).find(|line| line.contains(what)).unwrap()
    }

    /// Connects and shakes hands, speaking one of these protocols within.
    pub async fn connect(&self, protocols: &[&str]) -> TlsStream<TcpStream> {
        let address = self.url.strip_prefix("https://").unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let connector = TlsConnector::from(Arc::new(self.authority.client(protocols)));
        let name = ServerName::try_from("localhost").unwrap();
        connector.connect(name, stream).await.unwrap()
    }

    /// The certificate that a new connection is shown.
    pub async fn shown(&self) -> CertificateDer<'static> {
        let stream = self.connect(&[]).await;
        stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    }

    /// An HTTP client that trusts its authority.
    pub fn client(&self) -> reqwest::Client {
        let authority = reqwest::Certificate::from_pem(self.authority.pem().as_bytes()).unwrap();
        reqwest::Client::builder().tls_certs_only([authority]).no_proxy().build().unwrap()
    }

    pub fn cli(&self, args: &[&str]) -> Output {
        program(self.dir.path()).args(args).args(["--url", &self.url]).output().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn configure(dir: &Path, more: &str) {
    let text = format!("bind = '127.0.0.1:0'\nfaktory_bind = '127.0.0.1:0'\n{more}");
    std::fs::write(dir.join("callboard.toml"), text).unwrap();
}

pub fn program(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
    command.current_dir(dir).stdout(Stdio::piped()).env_remove("RUST_LOG");
    command
}

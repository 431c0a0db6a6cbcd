//! A node of the fleet: a server that is started again and again in its folder.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use tokio::sync::watch;

use super::proxy::Proxy;
use crate::server::{Life, Server};

/// See the module.
pub struct Node {
    server: Server,
    life: Option<Life>,
    pub proxy: Proxy,
    /// Where producers find it.
    pub address: watch::Sender<Option<String>>,
}

impl Node {
    pub async fn new(home: &Path, rules: &str, port: u16) -> Self {
        std::fs::create_dir(home).unwrap();
        let proxy = Proxy::to(port).await;
        let own = format!(
            "database_url = 'postgres://postgres@{}/postgres'\nheartbeat_secs = 0.5\nnode_timeout_secs = 3\n",
            proxy.address()
        );
        let address = watch::channel(None).0;
        Self { server: Server::with(home, &own, rules), life: None, proxy, address }
    }

    /// Starts it. It waits for the database if that is away.
    pub async fn start(&mut self) {
        let life = self.server.start().await;
        self.address.send_replace(Some(life.address.clone()));
        self.life = Some(life);
    }

    /// Where it is called.
    pub fn url(&self) -> &str {
        &self.life.as_ref().expect("a node that lives").address
    }

    /// Kills it, and starts it again after a while.
    pub async fn kill(&mut self, away: Duration) {
        if let Some(mut life) = self.life.take() {
            life.kill().await;
        }
        tokio::time::sleep(away).await;
        self.start().await;
    }

    /// Stops the process for a while, with all that it holds.
    pub async fn freeze(&self, for_so_long: Duration) {
        let pid = self.life.as_ref().expect("a node that lives").pid();
        kill(pid, Signal::SIGSTOP).unwrap();
        tokio::time::sleep(for_so_long).await;
        kill(pid, Signal::SIGCONT).unwrap();
    }

    /// Lets it go down in order.
    pub async fn go_down(mut self) {
        self.life.take().expect("a node that lives").go_down().await;
    }
}

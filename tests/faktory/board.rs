//! A callboard that speaks the protocol, on a clock that tests move.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use callboard::config::{Config, DatabaseUrl};
use callboard::domain::Clock;
use callboard::faktory::{self, Serving};
use callboard::{Callboard, Timestamp};
use futures_util::FutureExt;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::client::Client;
use crate::postgres;

/// How long a test may take.
const LONG: Duration = Duration::from_secs(60);
/// A step of the clock, and how long everything is given to come to rest before the next.
const STEP: Duration = Duration::from_millis(250);
const REST: Duration = Duration::from_millis(2);
/// The same where somebody waits for answers of a database in another process.
const LONG_REST: Duration = Duration::from_millis(20);

pub struct Board {
    pub callboard: Callboard,
    pub clock: Clock,
    pub serving: Serving,
    pub address: SocketAddr,
    config: Config,
    _dir: tempfile::TempDir,
}

/// Runs a test, on each database.
pub fn test(body: impl AsyncFn(&mut Board)) {
    test_with(|_| (), body);
}

/// Runs a test with a configuration that is changed first, on each database.
pub fn test_with(change: impl Fn(&mut Config), body: impl AsyncFn(&mut Board)) {
    run(&change, &body);
    if postgres::is_there() {
        let schema = postgres::Schema::new();
        let there = |config: &mut Config| {
            config.database_url = Some(DatabaseUrl::from(schema.url().as_str()));
            config.postgres_schema.clone_from(&schema.name);
            change(config);
        };
        run(&there, &body);
    }
}

fn run(change: &impl Fn(&mut Config), body: &impl AsyncFn(&mut Board)) {
    let _ = env_logger::builder().is_test(true).try_init();
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config {
        data_dir: dir.path().join("data"),
        faktory_bind: Some("127.0.0.1:0".into()),
        ..Config::default()
    };
    change(&mut config);
    actix_rt::System::new().block_on(async {
        let clock = Clock::manual(Timestamp::from_millis(1_893_456_000_000));
        let (callboard, serving, address) = start(&config, &clock).await;
        let mut board = Board { callboard, clock, serving, address, config, _dir: dir };
        let done = tokio::time::timeout(LONG, AssertUnwindSafe(body(&mut board)).catch_unwind()).await;
        board.stop().await;
        if let Err(panic) = done.expect("a test takes less than a minute") {
            resume_unwind(panic);
        }
    });
}

async fn start(config: &Config, clock: &Clock) -> (Callboard, Serving, SocketAddr) {
    let callboard = Callboard::builder(config.clone()).clock(clock.clone()).start().await.unwrap();
    let (listener, address) = faktory::listen(config.faktory_bind.as_deref().unwrap()).unwrap();
    let serving = Serving::start(listener, &callboard, config.faktory_password.clone(), None);
    (callboard, serving, address)
}

impl Board {
    async fn stop(&self) {
        let (_tell, hurry) = tokio::sync::watch::channel(true);
        self.callboard.shutdown_with(hurry).await;
    }

    /// Goes down in order, and comes up again with the same data.
    pub async fn restart(&mut self) {
        self.stop().await;
        (self.callboard, self.serving, self.address) = start(&self.config, &self.clock).await;
    }

    /// A client that is no worker.
    pub async fn client(&self) -> Client {
        self.connect("{\"v\":2}").await
    }

    /// A worker.
    pub async fn worker(&self, wid: &str) -> Client {
        self.connect(&format!(
            "{{\"v\":2,\"wid\":\"{wid}\",\"hostname\":\"h\",\"pid\":7,\"labels\":[\"l\"]}}"
        ))
        .await
    }

    /// A client that believes this to be the password; else what it is told.
    pub async fn client_with(&self, password: &str) -> Result<Client, String> {
        let mut client = Client::open(self.address).await;
        let greeting: Value = serde_json::from_str(&client.read().await["+HI ".len()..]).unwrap();
        // As clients of the first version do: hashed once.
        let salt = greeting["s"].as_str().unwrap();
        let hash = Sha256::new().chain_update(password).chain_update(salt).finalize();
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let answer = client.ask(&format!("HELLO {{\"v\":1,\"pwdhash\":\"{hash}\"}}")).await;
        if answer == "+OK" { Ok(client) } else { Err(answer) }
    }

    async fn connect(&self, hello: &str) -> Client {
        let mut client = Client::open(self.address).await;
        client.read().await;
        assert_eq!(client.ask(&format!("HELLO {hello}")).await, "+OK");
        client
    }

    /// Moves the clock on until something is done; how far that was.
    pub async fn while_time_passes<T>(&self, doing: impl Future<Output = T>) -> (T, Duration) {
        self.drive(doing, if self.config.database_url.is_some() { LONG_REST } else { REST }).await
    }

    async fn drive<T>(&self, doing: impl Future<Output = T>, rest: Duration) -> (T, Duration) {
        let before = self.clock.now();
        tokio::pin!(doing);
        loop {
            match tokio::time::timeout(rest, &mut doing).await {
                Ok(done) => return (done, self.clock.now().since(before)),
                Err(_) => self.clock.advance(STEP),
            }
        }
    }

    /// Moves the clock on by heartbeats, each with time for what it brings about.
    pub async fn pass(&self, secs: u64) {
        self.drive(self.clock.sleep(Duration::from_secs(secs)), REST).await;
    }
}

//! A running callboard with its HTTP server on 127.0.0.1, and a client.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::PathBuf;
use std::time::Duration;

use callboard::Callboard;
use callboard::config::Config;
use callboard::domain::Clock;
use callboard::http::Access;
use callboard::http::server::{self, Serving, Setup};
use callboard::runtime::hub::Wish;
use futures_util::{FutureExt, StreamExt};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::answer::Answer;
use crate::stage::{Run, Stage};

/// How long a test may take.
const LONG: Duration = Duration::from_secs(60);
/// What the clock shows at first.
pub const NOON: &str = "2030-01-01T12:00:00.000Z";

/// A server whose clock stands still until it is moved, and whose job types `puppet` and `doll` do
/// what the test says.
pub struct Server {
    pub callboard: Callboard,
    pub clock: Clock,
    pub address: SocketAddr,
    stage: Stage,
    client: reqwest::Client,
    plain: reqwest::Client,
    http: Serving,
    config: Config,
    _dir: TempDir,
}

/// Runs a test against a server with the usual configuration.
pub fn test(body: impl AsyncFnOnce(&mut Server)) {
    test_with(|_| (), body);
}

/// Runs a test against a server whose configuration is changed first.
pub fn test_with(change: impl FnOnce(&mut Config), body: impl AsyncFnOnce(&mut Server)) {
    let mut config = Config::default();
    change(&mut config);
    actix_rt::System::new().block_on(async {
        let mut server = Server::start(config).await;
        let test = AssertUnwindSafe(body(&mut server)).catch_unwind();
        let done = tokio::time::timeout(LONG, test).await;
        // After a panic too, so that nothing of it goes on beside the next test.
        server.stop().await;
        if let Err(panic) = done.expect("a test takes less than a minute") {
            resume_unwind(panic);
        }
    });
}

impl Server {
    async fn start(mut config: Config) -> Self {
        // The client wants one even for plain HTTP; a second installation is refused, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        config.data_dir = dir.path().join("data");
        let (clock, stage) = (Clock::manual(NOON.parse().unwrap()), Stage::new());
        let (callboard, http, address) = serve(&config, &clock, &stage).await;
        let client = reqwest::Client::new();
        let plain = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { callboard, clock, address, stage, client, plain, http, config, _dir: dir }
    }

    /// Goes down in order and comes up again, with another port and the same data.
    pub async fn restart(&mut self) {
        self.stop().await;
        (self.callboard, self.http, self.address) = serve(&self.config, &self.clock, &self.stage).await;
    }

    /// The same with another configuration.
    pub async fn restart_with(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
        self.restart().await;
    }

    async fn stop(&self) {
        let (_tell, hurry) = tokio::sync::watch::channel(true);
        self.callboard.shutdown_with(hurry).await;
        self.http.stop_at_once().await;
    }

    /// The file that everything is in.
    pub fn database(&self) -> PathBuf {
        self.config.database_path()
    }

    /// The attempt that begins next.
    pub async fn run(&self) -> Run {
        self.stage.next().await
    }

    /// Waits until a job is in a state.
    pub async fn until(&self, id: i64, state: &str) {
        let mut events = self.callboard.hub().subscribe(Wish::job(id)).await.unwrap();
        while self.get(&format!("/api/jobs/{id}")).await.ok(200)["state"] != state {
            events.next().await.expect("events go on");
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// A request whose answer may lead elsewhere: it is not followed.
    pub fn plain_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.plain.request(method, format!("http://{}{path}", self.address))
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).json(&body)).await
    }

    /// POST without a body.
    pub async fn poke(&self, path: &str) -> Answer {
        send(self.request(Method::POST, path)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// Stores a job of type `puppet` with these fields besides; its id.
    pub async fn enqueue(&self, fields: Value) -> i64 {
        let mut job = json!({"job_type": "puppet"});
        job.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.post("/api/jobs", job).await.ok(201)["id"].as_i64().unwrap()
    }

    pub async fn job(&self, id: i64) -> Value {
        self.get(&format!("/api/jobs/{id}")).await.ok(200)
    }

    /// Stores a job and sees it through to its end.
    pub async fn ended(&self, mut fields: Value, state: &str) -> i64 {
        if state == "cancelled" {
            fields["delay_secs"] = json!(3600);
        }
        let id = self.enqueue(fields).await;
        if state == "cancelled" {
            self.delete(&format!("/api/jobs/{id}")).await.ok(200);
        } else {
            let run = self.run().await;
            assert_eq!(run.id(), id);
            match state {
                "completed" => run.succeed(json!({"done": id})),
                "failed" => run.end(Err(callboard::workers::Failure::fatal("no good"))),
                _ => run.fail("not yet"),
            }
        }
        self.until(id, state).await;
        id
    }
}

/// Sends a request and reads the answer.
pub async fn send(request: RequestBuilder) -> Answer {
    Answer::read(request.send().await.unwrap()).await
}

async fn serve(config: &Config, clock: &Clock, stage: &Stage) -> (Callboard, Serving, SocketAddr) {
    let callboard = Callboard::builder(config.clone())
        .worker(stage.worker("puppet"))
        .worker(stage.worker("doll"))
        .clock(clock.clone())
        .start()
        .await
        .unwrap();
    let (listeners, addresses) = server::listen("127.0.0.1:0").unwrap();
    let access = Access::of(config);
    let http = server::serve(listeners, &callboard, Setup { access, ..Setup::default() }).unwrap();
    (callboard, http, addresses[0])
}

//! Nodes that share a schema. Each has the job types that a test gives it.

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::postgres::{self, Schema};
use crate::server::{self, Server};
use crate::watcher::Watcher;

/// A fleet of nodes.
pub struct Fleet {
    database: Shared,
    timeout_secs: u32,
    heartbeat_secs: f64,
}

/// What they share.
enum Shared {
    Schema(Schema),
    Server(postgres::Server),
    Url(String),
}

/// A node in a folder of its own.
pub struct Node {
    pub server: Server,
    home: tempfile::TempDir,
}

impl Fleet {
    pub fn new() -> Self {
        Self::of(Schema::new())
    }

    pub fn of(schema: Schema) -> Self {
        Self { database: Shared::Schema(schema), timeout_secs: 3, heartbeat_secs: 0.5 }
    }

    /// One on a database that somebody else starts and stops.
    pub fn at(url: String) -> Self {
        Self { database: Shared::Url(url), timeout_secs: 3, heartbeat_secs: 0.5 }
    }

    /// One whose nodes look at nothing by themselves while a test runs: what they know they were told.
    pub fn that_is_told() -> Self {
        Self { timeout_secs: 600, heartbeat_secs: 120.0, ..Self::new() }
    }

    /// One whose PostgreSQL is nobody else's, and keeps what it has acknowledged.
    pub fn on_its_own_server(home: &Path) -> Self {
        let database = Shared::Server(postgres::Server::durable(home));
        Self { database, timeout_secs: 3, heartbeat_secs: 0.5 }
    }

    /// That server.
    pub fn database(&self) -> &postgres::Server {
        match &self.database {
            Shared::Server(server) => server,
            Shared::Schema(schema) => panic!("the server of schema {} is shared", schema.name),
            Shared::Url(url) => panic!("{url} is somebody else's"),
        }
    }

    /// One that declares nobody lost while a test runs.
    pub fn patient() -> Self {
        Self { timeout_secs: 600, ..Self::new() }
    }

    /// Starts a node with these job types, in TOML. It takes jobs of any type.
    pub fn start(&self, job_types: &str) -> Node {
        self.start_with(job_types, &[])
    }

    /// The same, with variables.
    pub fn start_with(&self, job_types: &str, env: &[(&str, &str)]) -> Node {
        let home = tempfile::tempdir().unwrap();
        Node { server: Server::start_with(home.path(), &self.config(job_types), env), home }
    }

    /// Begins to start a node, and does not wait until it is up.
    pub fn begin(&self, job_types: &str) -> Starting {
        let home = tempfile::tempdir().unwrap();
        Starting { process: server::spawn(home.path(), &self.config(job_types)), home }
    }

    fn config(&self, job_types: &str) -> String {
        let (url, schema) = match &self.database {
            Shared::Schema(schema) => (schema.url(), schema.name.as_str()),
            Shared::Server(server) => (server.url(), "public"),
            Shared::Url(url) => (url.clone(), "public"),
        };
        format!(
            "database_url = \"{}\"\naccept_unknown_job_types = true\nheartbeat_secs = {}\n\
             node_timeout_secs = {}\nkill_after_secs = 1\n[postgres]\nschema = \"{}\"\n{job_types}",
            url, self.heartbeat_secs, self.timeout_secs, schema
        )
    }
}

/// A node that is not up yet.
pub struct Starting {
    process: Child,
    home: tempfile::TempDir,
}

impl Starting {
    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home.path().join("server.log")).unwrap()
    }

    /// It, once it is up.
    pub fn once_up(self) -> Node {
        Node { server: Server::once_up(self.process, self.home.path()), home: self.home }
    }
}

impl Node {
    /// Ends the process without warning, and starts another one in its folder.
    pub fn killed_and_started_again(self, fleet: &Fleet, job_types: &str) -> Self {
        self.server.kill();
        let server = Server::start(self.home.path(), &fleet.config(job_types));
        Self { server, home: self.home }
    }

    /// The id that this node has now.
    pub fn id(&self) -> i64 {
        let text = std::fs::read_to_string(self.server.data().join("node.id")).unwrap();
        text.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Waits until a job is in a final state; the states that this node told of, and the job.
    pub async fn end_of(&self, id: i64) -> (Vec<Value>, Value) {
        let (frames, _) = Watcher::open(&self.server, id).await.rest().await;
        (frames, self.server.job(id))
    }

    /// What a GET answers.
    pub async fn text(&self, path: &str) -> String {
        client().get(self.server.url(path)).send().await.unwrap().text().await.unwrap()
    }

    /// What a POST answers.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        client().post(self.server.url(path)).json(body).send().await.unwrap().json().await.unwrap()
    }

    /// A PATCH that is taken.
    pub async fn patch(&self, path: &str, body: &Value) {
        let answer = client().patch(self.server.url(path)).json(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }

    /// Who runs which job, as this node knows.
    pub async fn workers(&self) -> Vec<(String, i64)> {
        let workers: Value = serde_json::from_str(&self.text("/api/workers").await).unwrap();
        let worker = |w: &Value| (w["worker_id"].as_str().unwrap().to_owned(), w["job_id"].as_i64().unwrap());
        workers["workers"].as_array().unwrap().iter().map(worker).collect()
    }

    /// Waits until this node counts another one as lost.
    pub async fn until_lost(&self, id: i64) {
        until_so("a node is declared lost", async || self.nodes().await.contains(&(id, "lost".into()))).await;
    }

    /// The states of the nodes, by id.
    pub async fn nodes(&self) -> Vec<(i64, String)> {
        let text: Value = serde_json::from_str(&self.text("/api/nodes").await).unwrap();
        let nodes = text["nodes"].as_array().unwrap().iter();
        let mut nodes: Vec<(i64, String)> = nodes
            .map(|node| (node["id"].as_i64().unwrap(), node["state"].as_str().unwrap().to_owned()))
            .collect();
        nodes.sort();
        nodes
    }
}

/// Looks again and again until something holds; a minute is too long.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    until_so(what, async || holds()).await;
}

/// As [`until`], for what has to be waited for.
pub async fn until_so(what: &str, holds: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(60), "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn client() -> reqwest::Client {
    // The client wants one even for plain HTTP; a second installation is refused, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

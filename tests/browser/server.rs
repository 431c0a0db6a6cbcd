//! A server of its own for each test.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

const CONFIG: &str = r#"
[job_types.count]
description = "Counts, saying how far it is."
command = ["sh", "-c", '''
for i in 1 2 3 4 5 6 7 8 9 10; do
  echo "::callboard {\"progress\":{\"processed\":$i,\"total\":10,\"message\":\"step $i\"}}"
  echo "line $i"
  # It outlives a server that is killed; the folder goes with the test.
  while [ ! -e "GATE/$i" ]; do [ -d "GATE" ] || exit; sleep 0.02; done
done
echo '::callboard {"result":{"counted":10}}'
''']

[job_types.broken]
description = "Fails for good."
command = ["sh", "-c", "echo 'database db-'$CALLBOARD_JOB_ID' refused' >&2; exit 65"]
"#;

/// A server that is running.
pub struct Server {
    process: Child,
    pub url: String,
    folder: tempfile::TempDir,
    http: reqwest::Client,
}

impl Server {
    pub fn start() -> Self {
        Self::with(CONFIG)
    }

    /// One beneath a path.
    pub fn beneath(path: &str) -> Self {
        Self::with(&format!("base_path = {path:?}\n{CONFIG}"))
    }

    /// One with job types of its own; `GATE` in them is the folder that [`Self::pass`] opens.
    pub fn with(config: &str) -> Self {
        callboard_tls();
        let folder = tempfile::tempdir().unwrap();
        let config = config.replace("GATE", folder.path().to_str().unwrap());
        std::fs::write(folder.path().join("callboard.toml"), config).unwrap();
        let (process, url) = run(folder.path(), "127.0.0.1:0");
        Self { process, url, folder, http: reqwest::Client::new() }
    }

    /// Kills it; the browser loses its connection.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again where it was.
    pub fn restart(&mut self) {
        let address = self.url.strip_prefix("http://").unwrap().to_owned();
        (self.process, self.url) = run(self.folder.path(), &address);
    }

    /// Lets jobs of type `count` go on to step `n + 1`.
    pub fn pass(&self, n: u32) {
        std::fs::write(self.folder.path().join(n.to_string()), "").unwrap();
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Enqueues a job; returns its id.
    pub async fn enqueue(&self, job: Value) -> i64 {
        let answer = self.http.post(self.at("/api/jobs")).json(&job).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        answer.json::<Value>().await.unwrap()["id"].as_i64().unwrap()
    }

    pub async fn cancel(&self, id: i64) {
        let answer = self.http.delete(self.at(&format!("/api/jobs/{id}"))).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Makes a schedule and runs it three times.
    pub async fn schedule(&self, schedule: &Value) {
        let made = self.http.post(self.at("/api/schedules")).json(schedule).send().await.unwrap();
        assert!(made.status().is_success(), "{}", made.text().await.unwrap());
        let name = schedule["name"].as_str().unwrap();
        for _ in 0..3 {
            self.http.post(self.at(&format!("/api/schedules/{name}/run"))).send().await.unwrap();
        }
    }

    /// Makes a workflow; returns it.
    pub async fn workflow(&self, workflow: Value) -> Value {
        let made = self.http.post(self.at("/api/workflows")).json(&workflow).send().await.unwrap();
        assert!(made.status().is_success(), "{}", made.text().await.unwrap());
        made.json().await.unwrap()
    }

    pub async fn enqueue_many(&self, jobs: Vec<Value>) {
        let answer =
            self.http.post(self.at("/api/jobs/bulk")).json(&json!({"jobs": jobs})).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// A job as it is now.
    pub async fn job(&self, id: i64) -> Value {
        let answer = self.http.get(self.at(&format!("/api/jobs/{id}"))).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// Returns once a job is in a state: watches it over the stream of its events.
    pub async fn until(&self, id: i64, state: &str) {
        use futures_util::StreamExt;
        let answer = self.http.get(self.at(&format!("/api/jobs/{id}/events"))).send().await.unwrap();
        let mut seen = String::new();
        let mut pieces = answer.bytes_stream();
        while let Some(piece) = pieces.next().await {
            seen.push_str(&String::from_utf8_lossy(&piece.unwrap()));
            if seen.contains(&format!("\"state\":\"{state}\"")) {
                return;
            }
        }
        panic!("job {id} ended otherwise: {seen}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The client's TLS wants a provider named, though only plain HTTP is spoken here.
fn callboard_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn run(folder: &Path, bind: &str) -> (Child, String) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_callboard"))
        .args(["serve", "--bind", bind])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("http://"), "the server did not start: {line:?}");
    (process, line.trim().to_owned())
}

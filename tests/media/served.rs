//! A real server with these workers, killed in the middle of a download.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::bench::configuration;
use crate::clips::silent;
use crate::needed::needs;
use crate::site::{Served, Site, Video};

/// A server that is killed when this is dropped.
pub struct Server {
    child: Child,
    url: String,
    client: reqwest::Client,
}

impl Server {
    pub fn start(dir: &Path, configuration: &str) -> Self {
        let config = dir.join("callboard.toml");
        std::fs::write(&config, format!("kill_after_secs = 1\nretry.base_delay_secs = 0\n{configuration}"))
            .unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_callboard"))
            .args(["serve", "--bind", "127.0.0.1:0", "--config"])
            .arg(&config)
            .arg("--data-dir")
            .arg(dir.join("data"))
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        assert!(url.starts_with("http"), "the server is up: {url:?}");
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().tls_certs_only([]).build().unwrap();
        Self { child, url: url.trim().to_owned(), client }
    }

    pub async fn get(&self, path: &str) -> Value {
        self.client.get(format!("{}{path}", self.url)).send().await.unwrap().json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.client.post(format!("{}{path}", self.url)).json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Waits, by its events, until a job is final; the job.
    pub async fn finished(&self, id: &Value) -> Value {
        let events = self.client.get(format!("{}/api/jobs/{id}/events", self.url));
        let text = async { events.send().await.unwrap().text().await.unwrap() };
        let text = tokio::time::timeout(Duration::from_secs(120), text).await.expect("the job ends");
        assert!(text.contains("event: end"), "{text}");
        self.get(&format!("/api/jobs/{id}")).await
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_in_the_middle_and_a_clean_re_run() {
    let (yt_dlp, ..) = needs!("yt-dlp", "ffmpeg");
    let site = Site::start(vec![
        Video::new("a1", "One", silent()),
        Video::new("held", "Two", silent()).served(Served::Held),
    ]);
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &configuration(&yt_dlp, ""));
    let args = json!({"url": site.channel()});
    let (status, job) = server.post("/api/jobs/channel_download", &args).await;
    assert_eq!((status, &job["target_id"]), (201, &json!(site.channel())), "{job}");
    tokio::task::block_in_place(|| site.await_asked("/media/held.mp4"));
    let (status, same) = server.post("/api/jobs/channel_download", &args).await;
    assert_eq!((status, &same["id"]), (200, &job["id"]), "a second one for the target is the first");
    server.kill();
    site.release();

    let server = Server::start(dir.path(), &configuration(&yt_dlp, ""));
    let job = server.finished(&job["id"]).await;
    assert_eq!(job["state"], "completed", "{job}");
    let outcomes: Vec<_> = job["attempts"].as_array().unwrap().iter().map(|a| &a["outcome"]).collect();
    assert_eq!(outcomes, ["lost", "success"]);
    assert_eq!((&job["result"]["already_there"], &job["result"]["downloaded"]), (&json!(1), &json!(1)));

    let types = server.get("/api/job-types/channel_download").await;
    assert_eq!((&types["available"], &types["tools"][0]["name"]), (&json!(true), &json!("yt-dlp")));
    let (status, problem) =
        server.post("/api/jobs/channel_download", &json!({"url": "file:///etc/passwd"})).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("args.url")), "{problem}");
}

//! A server, asked as a browser without scripts asks.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use reqwest::header::{ACCEPT, COOKIE, SET_COOKIE};
use reqwest::{Client, Response};
use serde_json::Value;

/// A server in a folder of its own, and a client.
pub struct Server {
    process: Child,
    pub url: String,
    /// Where remote workers connect, if they may.
    pub remote: Option<String>,
    pub client: Client,
    folder: tempfile::TempDir,
}

impl Server {
    pub fn start(config: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("callboard.toml"), config).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_callboard"))
            .args(["serve", "--bind", "127.0.0.1:0"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let url = lines.next().unwrap();
        let remote = config.contains("faktory_bind").then(|| lines.next().unwrap());
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { process, url, remote, client, folder }
    }

    /// The file that everything is in.
    pub fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("callboard-data/queue.db")
    }

    pub async fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.url)).header(ACCEPT, "text/html");
        request.header("accept-encoding", "gzip").send().await.unwrap()
    }

    pub async fn post(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> Response {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.client.post(format!("{}{path}", self.url)).header(ACCEPT, "text/html");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.header(COOKIE, cookie).body(body).send().await.unwrap()
    }

    pub async fn enqueue(&self, job: Value) -> i64 {
        self.call("/api/jobs", job).await["id"].as_i64().unwrap()
    }

    /// Posts JSON to a call of the API; what it answers.
    pub async fn call(&self, path: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// A job, by its id or that and a query.
    pub async fn job(&self, id: impl std::fmt::Display) -> Value {
        self.client.get(format!("{}/api/jobs/{id}", self.url)).send().await.unwrap().json().await.unwrap()
    }

    /// The token of the forms, and the cookie that proves it.
    pub async fn token(&self) -> (String, String) {
        let answer = self.get("/new").await;
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        let pair = cookie.split(';').next().unwrap().to_owned();
        (pair.split_once('=').unwrap().1.to_owned(), pair)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub async fn text(answer: Response) -> String {
    let zipped = answer.headers().get("content-encoding").is_some_and(|v| v == "gzip");
    let bytes = answer.bytes().await.unwrap();
    if !zipped {
        return String::from_utf8(bytes.to_vec()).unwrap();
    }
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    text
}

//! A server with a key, and everything that it shows or keeps.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use futures_util::StreamExt;
use serde_json::{Value, json};
use tempfile::TempDir;

pub const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub const OTHER_KEY: &str = "HxwdHhsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

/// `say` tells its password everywhere it can, and writes what it was told outside of the data.
const CONFIG: &str = r#"
bind = "127.0.0.1:0"
faktory_bind = "127.0.0.1:0"
[defaults]
secrets = ["password"]
[job_types.say]
secrets = ["auth.token"]
max_retries = 0
command = ["sh", "-c", '''
printf %s "$1" > "OUT/plain-$CALLBOARD_JOB_ID"
echo "out $1"
echo "err $1" >&2
cat; echo
cat "$CALLBOARD_JOB_FILE"; echo
echo '::callboard {"progress":{"processed":1,"message":"said '"$1"'"}}'
while [ ! -e "OUT/go" ]; do [ -d "OUT" ] || exit; sleep 0.02; done
exit 65''', "say", "{args.password}"]
"#;

pub struct Server {
    process: Child,
    pub url: String,
    remote: String,
    pub out: TempDir,
    pub home: TempDir,
    pub http: reqwest::Client,
    more: String,
}

impl Server {
    /// With something more in its configuration, before the tables.
    pub fn start(more: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (out, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (process, url, remote) = run(home.path(), out.path(), more, KEY);
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self { process, url, remote, out, home, http, more: more.to_owned() }
    }

    /// Ends it, and starts it again with other keys.
    pub fn restart(&mut self, keys: &str) {
        let _ = self.process.kill();
        self.process.wait().unwrap();
        (self.process, self.url, self.remote) = run(self.home.path(), self.out.path(), &self.more, keys);
    }

    /// Lets all that wait go on.
    pub fn go(&self) {
        std::fs::write(self.out.path().join("go"), "").unwrap();
    }

    /// What the program was told.
    pub fn told(&self, id: i64) -> String {
        std::fs::read_to_string(self.out.path().join(format!("plain-{id}"))).unwrap()
    }

    pub async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.url));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    pub async fn enqueue(&self, job: Value) -> i64 {
        let (status, job) = self.call("POST", "/api/jobs", job).await;
        assert_eq!(status, 201, "{job}");
        job["id"].as_i64().unwrap()
    }

    pub async fn job(&self, id: i64) -> Value {
        self.call("GET", &format!("/api/jobs/{id}"), Value::Null).await.1
    }

    /// Everything that is told of a job until a word is in it.
    pub async fn until(&self, id: i64, word: &str) -> String {
        let url = format!("{}/api/jobs/{id}/events?logs=true", self.url);
        let mut events = self.http.get(url).send().await.unwrap().bytes_stream();
        let mut seen = String::new();
        while !seen.contains(word) {
            let piece = events.next().await.unwrap_or_else(|| panic!("no {word} of job {id} in {seen}"));
            seen.push_str(&String::from_utf8_lossy(&piece.unwrap()));
        }
        seen
    }

    /// A page or an answer as text.
    pub async fn text(&self, path: &str) -> String {
        let request = self.http.get(format!("{}{path}", self.url)).header("accept", "text/html");
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.text().await.unwrap()
    }

    /// What it has said to its terminal, in every detail.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.out.path().join("server.log")).unwrap()
    }

    /// A connection of a worker of another language.
    pub fn far(&self) -> Far {
        let stream = TcpStream::connect(self.remote.strip_prefix("tcp://").unwrap()).unwrap();
        let mut far = Far { lines: BufReader::new(stream) };
        assert!(far.line().starts_with("+HI"));
        far.say(r#"HELLO {"v":2,"wid":"w","hostname":"h","pid":1,"labels":[]}"#);
        assert_eq!(far.line(), "+OK");
        far
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// See [`Server::far`].
pub struct Far {
    lines: BufReader<TcpStream>,
}

impl Far {
    pub fn say(&mut self, line: &str) {
        self.lines.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
    }

    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The job that it is given.
    pub fn fetch(&mut self) -> Value {
        self.say("FETCH default");
        let length: usize = self.line().strip_prefix('$').unwrap().parse().unwrap();
        let mut job = vec![0; length + 2];
        self.lines.read_exact(&mut job).unwrap();
        serde_json::from_slice(&job[..length]).unwrap()
    }
}

/// All files beneath a folder that hold one of these texts.
pub fn files_with(folder: &Path, texts: &[String]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        // Some come and go while the server runs.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(files_with(&path, texts));
        } else if let Ok(bytes) = std::fs::read(&path)
            && texts.iter().any(|text| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
        {
            found.push(path);
        }
    }
    found
}

pub fn say(password: &str) -> Value {
    json!({"job_type": "say", "args": {"password": password, "auth": {"token": format!("tk-{password}")}, "n": 1}})
}

fn run(home: &Path, out: &Path, more: &str, keys: &str) -> (Child, String, String) {
    // Outside of the data: it names a secret itself, in a schedule.
    let config = format!("{more}{}", CONFIG.replace("OUT", out.to_str().unwrap()));
    std::fs::write(home.join("callboard.toml"), config).unwrap();
    let log = std::fs::OpenOptions::new().create(true).append(true).open(out.join("server.log")).unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_callboard"))
        .arg("serve")
        .current_dir(home)
        .env("CALLBOARD_SECRET_KEY", keys)
        .env("RUST_LOG", "debug")
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut place = || lines.next().expect("it starts").unwrap();
    let (url, remote) = (place(), place());
    (process, url, remote)
}

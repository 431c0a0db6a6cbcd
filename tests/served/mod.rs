//! A real server process, started, killed and asked as a user would.
#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod stopped;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

pub struct Served {
    dir: TempDir,
    child: Child,
    pub url: String,
}

impl Served {
    /// Starts a server with this configuration, and waits until it listens.
    pub fn start(config: &str) -> Self {
        Self::start_on(config, |_| {})
    }

    /// As [`Self::start`], on what is put into its folder before.
    pub fn start_on(config: &str, prepare: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path());
        fs::write(dir.path().join("callboard.toml"), config).unwrap();
        let (child, url) = start(&dir);
        Self { dir, child, url }
    }

    /// As `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as Control-C does, and waits until it is gone.
    pub fn shut_down(&mut self) {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM).unwrap();
        self.child.wait().unwrap();
    }

    /// The folder of its data.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join("callboard-data")
    }

    /// The programs that run for its jobs, by their command lines.
    pub fn programs(&self) -> Vec<String> {
        let work = self.data_dir().join("work");
        let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        processes
            .filter(|process| fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(&work)))
            .map(|process| fs::read_to_string(process.join("cmdline")).unwrap_or_default().replace('\0', " "))
            .collect()
    }

    /// Starts another server on the same data.
    pub fn restart(&mut self) {
        (self.child, self.url) = start(&self.dir);
    }

    /// Runs the command line against it.
    pub fn cli(&self, args: &[&str]) -> std::process::Output {
        program(&self.dir).args(args).args(["--url", &self.url]).output().unwrap()
    }

    /// The same, for JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        let output = self.cli(&[args, &["--json"]].concat());
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{args:?}: {e}: {out}{err}"))
    }

    pub fn enqueue(&self, job_type: &str, args: &Value) -> i64 {
        self.json(&["enqueue", job_type, "--args", &args.to_string()])["id"].as_i64().unwrap()
    }

    /// Posts a job; the status and body of the answer.
    pub fn try_enqueue(&self, job_type: &str, args: &Value) -> (u16, Value) {
        self.call("POST", "/api/jobs", Some(&serde_json::json!({"job_type": job_type, "args": args})))
    }

    pub fn cancel(&self, id: i64) {
        assert!(self.cli(&["cancel", &id.to_string()]).status.success());
    }

    /// Waits until a job is final.
    pub fn wait(&self, id: i64) -> Value {
        let id = id.to_string();
        let watched = self.cli(&["watch", &id]);
        assert!(matches!(watched.status.code(), Some(0 | 1)), "{watched:?}");
        self.json(&["show", &id])
    }

    /// Looks at a job again and again until it is as it should be.
    pub fn wait_for(&self, id: i64, as_it_should: impl Fn(&Value) -> bool) -> Value {
        let begun = std::time::Instant::now();
        loop {
            let job = self.get(&format!("/api/jobs/{id}"));
            if as_it_should(&job) {
                return job;
            }
            assert!(begun.elapsed().as_secs() < 60, "{job}");
        }
    }

    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, None);
        assert_eq!(status, 200, "{body}");
        body
    }

    /// A call; the status and body of the answer.
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = format!("{}{path}", self.url);
        let (method, body) = (method.parse().unwrap(), body.cloned());
        let answer = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let client = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
                let mut request = client.request(method, url);
                if let Some(body) = body {
                    request = request.json(&body);
                }
                let response = request.send().await.unwrap();
                (response.status().as_u16(), response.text().await.unwrap())
            })
        });
        let (status, text) = answer.join().unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(dir: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
    for name in ["CALLBOARD_URL", "CALLBOARD_TOKEN", "CALLBOARD_CONFIG", "CALLBOARD_DATA_DIR"] {
        command.env_remove(name);
    }
    command.current_dir(dir.path()).stdin(Stdio::null());
    command
}

fn start(dir: &TempDir) -> (Child, String) {
    let mut child = program(dir)
        .args(["serve", "--bind", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("http://"), "the server does not start: {line:?}");
    (child, line.trim().to_owned())
}

//! A server process on a port that the system picks.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::program::{callboard, json, output};

/// A server, killed when the test is over.
pub struct Server {
    child: Child,
    url: String,
    home: PathBuf,
}

impl Server {
    /// Starts one that keeps all it has in `home`, and returns when it can be called.
    pub fn start(home: &Path, config: &str) -> Self {
        Self::start_with(home, config, &[])
    }

    /// The same, with variables.
    pub fn start_with(home: &Path, config: &str, env: &[(&str, &str)]) -> Self {
        Self::once_up(spawn_with(home, config, env), home)
    }

    /// One that was [spawned](spawn) with that `home`, when it can be called.
    pub fn once_up(mut child: Child, home: &Path) -> Self {
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let server = Self { child, url: url.trim().to_owned(), home: home.to_owned() };
        assert!(server.url.starts_with("http://"), "it did not start: {}", server.log());
        server
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.home.join("server.log")).unwrap()
    }

    /// A call of the command line that goes to this server.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = callboard(args);
        command.args(["--url", &self.url]);
        command
    }

    /// What such a call prints.
    pub fn says(&self, args: &[&str]) -> String {
        output(self.command(args))
    }

    /// Enqueues a job; its id.
    pub fn enqueue(&self, job_type: &str, args: &Value) -> i64 {
        self.says(&["enqueue", job_type, "--args", &args.to_string()]).trim().parse().unwrap()
    }

    /// A job with its attempts.
    pub fn job(&self, id: i64) -> Value {
        json(self.command(&["show", &id.to_string(), "--json"]))
    }

    /// Where an endpoint's WebSocket is.
    pub fn socket(&self, path: &str) -> String {
        format!("{}{path}", self.url.replacen("http", "ws", 1))
    }

    /// The folder with the logs of an attempt.
    pub fn logs(&self, id: i64, attempt: u32) -> PathBuf {
        self.home.join(format!("data/logs/jobs/{id}/{attempt}"))
    }

    /// The folder it keeps all in.
    pub fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// Its process.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Where an endpoint is.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Waits until it has ended, for whatever reason.
    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Ends it without any warning.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to go down, and waits until it has.
    pub fn stop(self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.wait()
    }
}

/// Starts a process and does not ask how it goes: it may end before it can be called.
pub fn spawn(home: &Path, config: &str) -> Child {
    spawn_with(home, config, &[])
}

fn spawn_with(home: &Path, config: &str, env: &[(&str, &str)]) -> Child {
    let (file, data) = (home.join("callboard.toml"), home.join("data"));
    fs::write(&file, config).unwrap();
    let mut command = callboard(&["serve", "--bind", "127.0.0.1:0", "--config"]);
    command.arg(file).arg("--data-dir").arg(data);
    command.envs(env.iter().copied());
    command.current_dir(home).stderr(File::create(home.join("server.log")).unwrap());
    command.spawn().unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

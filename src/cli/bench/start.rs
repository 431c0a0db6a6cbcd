//! `callboard bench start`

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::ground::Ground;
use super::report::Report;
use super::{Failure, Workload};
use crate::domain::NewJob;

/// How long the first job may take to start.
const PATIENCE: Duration = Duration::from_secs(60);
/// In how many pieces the past is written.
const PIECES: i64 = 1000;
/// Jobs that wait for the server.
const WAITING: usize = 1000;

/// Start the server on a database that holds many jobs, most of them finished
#[derive(Debug, clap::Args)]
pub(super) struct Start {
    /// How many jobs are stored
    #[arg(long, default_value_t = 1_000_000)]
    jobs: u64,
}

impl Workload for Start {
    async fn measure(self, ground: &Ground) -> Result<Report, Failure> {
        ground.keep(self.jobs, PIECES).await?;
        let callboard = ground.store_only().await?;
        callboard.pause_job_type("noop", true).await?;
        callboard.enqueue_many(vec![NewJob::new("noop"); WAITING]).await?;
        callboard.pause_job_type("noop", false).await?;
        callboard.shutdown().await;
        let begin = Instant::now();
        let server = Server::start(ground.path())?;
        let announced = begin.elapsed();
        server.until(begin, "/healthz", |_| true).await?;
        let healthy = begin.elapsed();
        let claimed =
            |status: &Value| status["counts"]["pending"].as_u64().is_some_and(|n| n < WAITING as u64);
        server.until(begin, "/api/jobs/queue/status", claimed).await?;
        let first = begin.elapsed();
        let about = format!(
            "the server, with {} stored jobs, {WAITING} of them to be started; the system has its files in memory",
            self.jobs + WAITING as u64
        );
        let mut report = Report::new("start", about);
        for (what, took) in [
            ("until it says where it listens", announced),
            ("until /healthz answers 200", healthy),
            ("until its counts show a claimed job", first),
        ] {
            report.figure(what, took.as_secs_f64() * 1000.0, "ms");
        }
        Ok(report)
    }
}

/// A server process; it is told to end when this is dropped.
struct Server {
    child: Child,
    url: String,
    client: reqwest::Client,
}

impl Server {
    /// Starts one, and returns once it says where it listens.
    fn start(data_dir: &Path) -> Result<Self, Failure> {
        let local = |source| Failure::Local { what: "start the server", source };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build();
        let client = client.map_err(|e| local(std::io::Error::other(e)))?;
        let mut command = Command::new(std::env::current_exe().map_err(local)?);
        command.args(["serve", "--log", "warn", "--bind", "127.0.0.1:0", "--data-dir"]).arg(data_dir);
        let mut child = command.current_dir(data_dir).stdout(Stdio::piped()).spawn().map_err(local)?;
        let mut url = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut url).map_err(local)?;
        }
        Ok(Self { child, url: url.trim().to_owned(), client })
    }

    /// Asks until an answer is 200 and as it should be.
    async fn until(&self, begin: Instant, path: &str, ok: impl Fn(&Value) -> bool) -> Result<(), Failure> {
        while begin.elapsed() < PATIENCE {
            let Ok(answer) = self.client.get(format!("{}{path}", self.url)).send().await else { continue };
            let good = answer.status() == reqwest::StatusCode::OK;
            if good && ok(&answer.json().await.unwrap_or_default()) {
                return Ok(());
            }
        }
        Err(Failure::Slow { what: "the start", done: 0, of: 1 })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Were it gone already, there would be nothing to do.
        let _ = kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

//! `callboard bench pages`

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::ground::Ground;
use super::history;
use super::report::{Latencies, Report};
use super::{Failure, Workload};
use crate::config::{CommandConfig, Config, JobTypeConfig, RunConfig};
use crate::http::server::{self, Setup};
use crate::runtime::Callboard;

/// How often a page is looked at again.
const AGAIN: usize = 20;
/// Schedules and workflows that are listed.
const SCHEDULES: u64 = 30;
const WORKFLOWS: u64 = 200;
/// Late enough for what is not to run.
const NEVER: &str = "2999-01-01T00:00:00Z";

/// The web pages of a server that keeps a day of jobs, and the calls of the API that show as much
#[derive(Debug, clap::Args)]
pub(super) struct Pages {
    /// How many jobs are kept
    #[arg(long, default_value_t = 1_000_000)]
    jobs: u64,
}

/// The pages; `{id}` is a job in the middle.
const PAGES: [&str; 22] = [
    "/",
    "/?range=1h",
    "/?range=1d",
    "/jobs",
    "/jobs?state=completed",
    "/jobs?state=failed&job_type=type-03",
    "/jobs?tag=tag-7",
    "/jobs?order=oldest",
    "/jobs?q=nowhere+to+be+found",
    "/jobs/{id}",
    "/new?from={id}",
    "/dead-letters",
    "/types",
    "/schedules",
    "/workflows",
    "/new",
    "/nodes",
    "/audit",
    "/settings",
    "/docs",
    "/api/jobs",
    "/api/jobs/queue/status",
];

impl Workload for Pages {
    async fn measure(self, ground: &Ground) -> Result<Report, Failure> {
        ground.keep(self.jobs, history::SPANS).await?;
        let callboard = Callboard::builder(config(ground.path())).start().await.map_err(Failure::Start)?;
        let report = self.look(&callboard).await;
        callboard.shutdown().await;
        report
    }
}

impl Pages {
    async fn look(&self, callboard: &Callboard) -> Result<Report, Failure> {
        let local = |source| Failure::Local { what: "serve HTTP", source };
        let (listeners, addresses) = server::listen("127.0.0.1:0").map_err(local)?;
        let http = server::serve(listeners, callboard, Setup::default()).map_err(local)?;
        let url = addresses.first().map(|address| format!("http://{address}")).unwrap_or_default();
        let about = format!(
            "the web pages with {} kept jobs of a day, each the first time after the start and {AGAIN} times more",
            self.jobs
        );
        let mut report = Report::new("pages", about);
        let visitor = Visitor::new(url)?;
        visitor.make_plans().await?;
        for page in PAGES {
            let path = page.replace("{id}", &(self.jobs / 2).to_string());
            report.figure(format!("{page}, first"), visitor.visit(&path).await?, "ms");
            let mut again = Latencies::default();
            for _ in 0..AGAIN {
                again.add(std::time::Duration::from_secs_f64(visitor.visit(&path).await? / 1000.0));
            }
            report.percentiles(page, again.percentiles());
        }
        http.stop().await;
        Ok(report)
    }
}

/// Asks for pages as a browser does, but for what they are made up of.
struct Visitor {
    client: reqwest::Client,
    url: String,
}

impl Visitor {
    fn new(url: String) -> Result<Self, Failure> {
        // An error means that a provider is there already; and here nothing but plain HTTP is spoken.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build();
        let why = |e: reqwest::Error| Failure::NoServer { url: url.clone(), why: e.to_string() };
        Ok(Self { client: client.map_err(why)?, url })
    }

    /// Makes what the pages of schedules and workflows show. Nothing of it runs.
    async fn make_plans(&self) -> Result<(), Failure> {
        for n in 0..SCHEDULES {
            let (name, job_type) = (format!("nightly-{n:02}"), history::job_type(n));
            let schedule = json!({"name": name, "cron": "15 3 * * *", "paused": true, "job_type": job_type});
            self.post("/api/schedules", &schedule).await?;
        }
        for n in 0..WORKFLOWS {
            let job_type = history::job_type(n);
            let fetch = json!({"name": "fetch", "job_type": job_type, "run_at": NEVER});
            let store = json!({"name": "store", "job_type": job_type, "depends_on": ["fetch"]});
            let workflow = json!({"name": format!("import-{n}"), "jobs": [fetch, store]});
            self.post("/api/workflows", &workflow).await?;
        }
        Ok(())
    }

    async fn post(&self, path: &str, body: &Value) -> Result<(), Failure> {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header("content-type", "application/json").body(body.to_string());
        request.send().await.and_then(reqwest::Response::error_for_status).map_err(|e| self.gone(&e))?;
        Ok(())
    }

    fn gone(&self, why: &reqwest::Error) -> Failure {
        Failure::NoServer { url: self.url.clone(), why: why.to_string() }
    }

    /// How long a page takes until its last byte is here, in milliseconds.
    async fn visit(&self, path: &str) -> Result<f64, Failure> {
        let why = |e: reqwest::Error| self.gone(&e);
        let begin = Instant::now();
        let request = self.client.get(format!("{}{path}", self.url));
        let request = request.header("accept", "text/html").header("accept-encoding", "gzip");
        let answer = request.send().await.map_err(why)?.error_for_status().map_err(why)?;
        answer.bytes().await.map_err(why)?;
        Ok(begin.elapsed().as_secs_f64() * 1000.0)
    }
}

/// A server with the job types of the history.
fn config(data_dir: &Path) -> Config {
    let run = RunConfig::Command(CommandConfig {
        argv: vec!["true".to_owned()],
        cwd: None,
        env: Vec::new(),
        progress: None,
    });
    let job_type = JobTypeConfig { run: Some(run), ..JobTypeConfig::default() };
    let job_types = (0..history::TYPES).map(|n| (history::job_type(n), job_type.clone())).collect();
    Config { data_dir: data_dir.to_owned(), job_types, ..Config::default() }
}

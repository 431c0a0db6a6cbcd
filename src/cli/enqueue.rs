//! `callboard enqueue`

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::domain::{Job, Json, Timestamp};

use super::failure::Failure;
use super::output::Output;
use super::remote::job_events::Patience;
use super::remote::{Client, RemoteCommand};
use super::text;
use super::values::{self, Limit};
use super::watch;

/// Enqueue a job, and print its id
#[derive(Debug, clap::Args)]
pub(super) struct Enqueue {
    #[command(flatten)]
    body: Body,
    /// Arguments in a file, or - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "args")]
    args_file: Option<PathBuf>,
    /// Follow the job until it has come to its end
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    patience: Patience,
}

/// The job as the API takes it; what is left out takes the server's defaults.
#[derive(Debug, clap::Args, Serialize)]
struct Body {
    /// Job type, which picks the worker
    #[arg(value_name = "TYPE")]
    job_type: String,
    /// Arguments, a JSON object or array
    #[arg(long, value_name = "JSON", value_parser = values::json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Json>,
    /// Queue
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<String>,
    /// 1 (first) to 10
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=10))]
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<u8>,
    /// Your own id; a second job with it is not made
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// What the job works on; unless --unique says otherwise, no two such jobs are open at once
    #[arg(long, value_name = "TARGET")]
    #[serde(skip_serializing_if = "Option::is_none")]
    target_id: Option<String>,
    /// How many failures are followed by another try
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    max_retries: Option<u32>,
    /// How long one attempt may take, in seconds, or none
    #[arg(long, value_name = "SECS|none")]
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_secs: Option<Limit>,
    /// Not before this time, such as 2030-01-02T03:04:05Z
    #[arg(long, value_name = "TIME", conflicts_with = "delay_secs")]
    #[serde(skip_serializing_if = "Option::is_none")]
    run_at: Option<Timestamp>,
    /// Not before so many seconds from now
    #[arg(long, value_name = "SECS", value_parser = values::seconds)]
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_secs: Option<f64>,
    /// Tag; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    /// The job that makes this one, which waits for it
    #[arg(long = "parent", visible_alias = "parent-job-id", value_name = "ID")]
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_job_id: Option<i64>,
    /// A job that must come to its end first; may be given several times
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<i64>,
    /// What becomes of it when one of those fails
    #[arg(long, value_name = "POLICY", value_parser = ["cancel", "run"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    on_parent_failure: Option<String>,
    /// Which other jobs count as the same: true, false or a rule such as {"by":["args.x"]}
    #[arg(long, value_name = "JSON", value_parser = values::json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    unique: Option<Json>,
    /// Delays between tries, such as {"base_delay_secs":5,"multiplier":3}
    #[arg(long, value_name = "JSON", value_parser = values::json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    backoff: Option<Json>,
    /// Anything of your own, a JSON object
    #[arg(long, value_name = "JSON", value_parser = values::json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Json>,
}

impl RemoteCommand for Enqueue {
    async fn run(mut self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        if let Some(path) = &self.args_file {
            self.body.args = Some(read_args(path)?);
        }
        let reply = client.post(&["jobs"], &self.body).await?;
        let job: Job = reply.parse()?;
        out.reply(&reply, |_| Ok(job.id.to_string()))?;
        out.flush()?;
        if reply.duplicate {
            text::note(&format!("job {} is there already, {}; nothing was made", job.id, job.state));
        }
        if self.watch { watch::follow(client, out, job.id, self.patience).await } else { Ok(()) }
    }
}

fn read_args(path: &Path) -> Result<Json, Failure> {
    let read = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let wrong = |why: String| Failure::Usage(format!("--args-file {}: {why}", path.display()));
    let text = read.map_err(|e| wrong(e.to_string()))?;
    values::json(text.trim()).map_err(wrong)
}

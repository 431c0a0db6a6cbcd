//! `callboard enqueue`

use std::path::PathBuf;

use serde::Serialize;

use crate::domain::{Job, Timestamp};

use super::failure::Failure;
use super::job_fields::JobFields;
use super::output::Output;
use super::remote::outage::Patience;
use super::remote::{Client, RemoteCommand};
use super::text;
use super::values;
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
    #[command(flatten)]
    #[serde(flatten)]
    fields: JobFields,
    /// Your own id; a second job with it is not made
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Not before this time, such as 2030-01-02T03:04:05Z
    #[arg(long, value_name = "TIME", conflicts_with = "delay_secs")]
    #[serde(skip_serializing_if = "Option::is_none")]
    run_at: Option<Timestamp>,
    /// Not before so many seconds from now
    #[arg(long, value_name = "SECS", value_parser = values::seconds)]
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_secs: Option<f64>,
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
}

impl RemoteCommand for Enqueue {
    async fn run(mut self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        if let Some(path) = &self.args_file {
            self.body.fields.args = Some(values::json_file(path)?);
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

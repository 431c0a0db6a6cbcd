//! Schedules as they are given on the command line.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::Json;

use super::super::failure::Failure;
use super::super::job_fields::JobFields;
use super::super::output::Output;
use super::super::remote::{Client, Query};
use super::super::values;

/// What a schedule is made of; what the server says beside it about one cannot be given back to it.
const FIELDS: [&str; 21] = [
    "cron",
    "every_secs",
    "timezone",
    "misfire",
    "overlap",
    "job_type",
    "args",
    "key",
    "queue",
    "target_id",
    "priority",
    "max_retries",
    "timeout_secs",
    "parent_job_id",
    "depends_on",
    "on_parent_failure",
    "tags",
    "metadata",
    "unique",
    "backoff",
    "paused",
];

/// The fields that say when.
const RHYTHMS: [&str; 2] = ["cron", "every_secs"];

/// A whole schedule.
#[derive(Debug, clap::Args)]
pub(super) struct Whole {
    /// The schedule
    name: String,
    #[command(flatten)]
    body: Body,
}

#[derive(Debug, clap::Args, Serialize)]
#[command(group = clap::ArgGroup::new("when").required(true).args(["cron", "every_secs"]))]
struct Body {
    /// Job type, which picks the worker
    #[arg(long, visible_alias = "type", value_name = "TYPE", value_parser = values::job_type)]
    job_type: String,
    #[command(flatten)]
    #[serde(flatten)]
    rest: Rest,
    /// Do not begin yet
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    paused: bool,
}

/// Changes to a schedule.
#[derive(Debug, clap::Args)]
pub(super) struct Changes {
    /// The schedule
    name: String,
    #[command(flatten)]
    body: ChangedBody,
}

#[derive(Debug, clap::Args, Serialize)]
#[command(group = clap::ArgGroup::new("when").args(["cron", "every_secs"]))]
struct ChangedBody {
    /// Job type, which picks the worker
    #[arg(long, visible_alias = "type", value_name = "TYPE", value_parser = values::job_type)]
    #[serde(skip_serializing_if = "Option::is_none")]
    job_type: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    rest: Rest,
}

/// When, and how the job is.
#[derive(Debug, clap::Args, Serialize)]
struct Rest {
    /// When: 5 fields, 6 with seconds, or a short form such as @daily
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    cron: Option<String>,
    /// When: every so many seconds
    #[arg(long, value_name = "SECS", value_parser = values::seconds)]
    #[serde(skip_serializing_if = "Option::is_none")]
    every_secs: Option<f64>,
    /// Time zone of the fields, such as Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
    /// What becomes of runs that were missed [default: once]
    #[arg(long, value_parser = ["skip", "once", "all"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    misfire: Option<String>,
    /// Whether a run may begin while the one before it goes on [default: allow]
    #[arg(long, value_parser = ["allow", "skip"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    overlap: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    job: JobFields,
}

impl Whole {
    pub(super) async fn create(&self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        #[derive(Serialize)]
        struct New<'a> {
            name: &'a str,
            #[serde(flatten)]
            body: &'a Body,
        }
        let reply = client.post(&["schedules"], &New { name: &self.name, body: &self.body }).await?;
        out.reply(&reply, |_| Ok(format!("schedule {} created", self.name)))
    }

    pub(super) async fn set(&self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        let reply = client.put(&["schedules", &self.name], &self.body).await?;
        out.reply(&reply, |_| Ok(format!("schedule {} set", self.name)))
    }
}

impl Changes {
    pub(super) async fn make(&self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        let changes: Fields = serde_json::to_string(&self.body)
            .and_then(|text| serde_json::from_str(&text))
            .map_err(|e| Failure::Usage(format!("the changes cannot be written as JSON: {e}")))?;
        if changes.is_empty() {
            return Err(Failure::Usage(format!("say what is to be changed of schedule {}", self.name)));
        }
        let path = ["schedules", self.name.as_str()];
        let is: Fields = client.get(&path, &Query::new()).await?.parse()?;
        let reply = client.put(&path, &changed(is, changes)).await?;
        out.reply(&reply, |_| Ok(format!("schedule {} changed", self.name)))
    }
}

/// Fields of a schedule, with their values as they are written.
type Fields = BTreeMap<String, Json>;

/// A schedule with some fields changed. One rhythm takes the place of the other.
fn changed(mut is: Fields, changes: Fields) -> Fields {
    if RHYTHMS.iter().any(|rhythm| changes.contains_key(*rhythm)) {
        is.retain(|name, _| !RHYTHMS.contains(&name.as_str()));
    }
    // Null is "none" for a timeout, and "not given" for everything else.
    let given = |name: &str, value: &Json| name == "timeout_secs" || value.as_str() != "null";
    is.retain(|name, value| FIELDS.contains(&name.as_str()) && given(name, value));
    is.extend(changes);
    is
}

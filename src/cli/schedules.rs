//! `callboard schedules`

use clap::Subcommand;
use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;

use super::duration;
use super::failure::Failure;
use super::job_fields::JobFields;
use super::output::Output;
use super::remote::{Client, Query, RemoteCommand};
use super::table::{Column, Table};
use super::text;
use super::values;

/// List, make and change the schedules by which jobs are enqueued
#[derive(Debug, clap::Args)]
pub(super) struct Schedules {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the schedules
    List,
    /// Show all that is known of a schedule, as JSON
    Show(Named),
    /// Make a schedule, or replace the one of that name
    Set(Box<Set>),
    /// Delete a schedule; its jobs stay
    Delete(Named),
    /// Enqueue its job now
    Run(Named),
    /// Enqueue no more jobs
    Pause(Named),
    /// Go on enqueueing jobs
    Resume(Named),
}

#[derive(Debug, clap::Args)]
struct Named {
    /// The schedule
    name: String,
}

#[derive(Debug, clap::Args)]
struct Set {
    /// The schedule
    name: String,
    #[command(flatten)]
    body: Body,
}

/// A schedule as the API takes it.
#[derive(Debug, clap::Args, Serialize)]
#[command(group = clap::ArgGroup::new("when").required(true).args(["cron", "every_secs"]))]
struct Body {
    /// Job type, which picks the worker
    #[arg(long, visible_alias = "type", value_name = "TYPE", value_parser = values::job_type)]
    job_type: String,
    /// When: 5 or 6 fields, such as "30 4 * * *"
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
    /// What becomes of runs that were missed
    #[arg(long, value_parser = ["skip", "once", "all"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    misfire: Option<String>,
    /// Whether a run may begin while the one before it goes on
    #[arg(long, value_parser = ["allow", "skip"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    overlap: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    job: JobFields,
}

impl RemoteCommand for Schedules {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        match self.what {
            What::List => list(client, out).await,
            What::Show(named) => {
                let reply = client.get(&["schedules", &named.name], &Query::new()).await?;
                Ok(out.json(reply.json()?)?)
            }
            What::Set(set) => {
                let reply = client.put(&["schedules", &set.name], &set.body).await?;
                out.reply(&reply, |_| Ok(format!("schedule {} set", set.name)))
            }
            What::Delete(named) => named.tell(client, out, Method::DELETE, None, "deleted").await,
            What::Run(named) => named.tell(client, out, Method::POST, Some("run"), "run").await,
            What::Pause(named) => named.tell(client, out, Method::POST, Some("pause"), "paused").await,
            What::Resume(named) => named.tell(client, out, Method::POST, Some("resume"), "resumed").await,
        }
    }
}

impl Named {
    async fn tell(
        &self,
        client: &Client,
        out: &mut Output,
        method: Method,
        verb: Option<&str>,
        done: &str,
    ) -> Result<(), Failure> {
        let path: Vec<&str> = ["schedules", &self.name].into_iter().chain(verb).collect();
        let reply = client.act(method, &path).await?;
        out.reply(&reply, |_| Ok(format!("schedule {} {done}", self.name)))
    }
}

#[derive(Deserialize)]
struct List {
    schedules: Vec<Schedule>,
}

/// What of a schedule is shown.
#[derive(Deserialize)]
struct Schedule {
    name: String,
    job_type: String,
    cron: Option<String>,
    every_secs: Option<f64>,
    timezone: Option<String>,
    paused: bool,
    #[serde(default)]
    next_runs: Vec<Timestamp>,
}

static COLUMNS: [Column; 5] = [
    Column::text("name"),
    Column::text("type"),
    Column::text("when"),
    Column::word("status"),
    Column::word("next run"),
];

async fn list(client: &Client, out: &mut Output) -> Result<(), Failure> {
    let reply = client.get(&["schedules"], &Query::new()).await?;
    if out.is_json() {
        return Ok(out.json(reply.json()?)?);
    }
    let List { schedules } = reply.parse()?;
    if schedules.is_empty() {
        text::note("no schedules");
        return Ok(());
    }
    let rows: Vec<_> = schedules.iter().map(Schedule::row).collect();
    Ok(out.text(&Table::new(&COLUMNS, out.width()).page(&rows))?)
}

impl Schedule {
    fn row(&self) -> Vec<String> {
        let next = self.next_runs.first().filter(|_| !self.paused);
        vec![
            self.name.clone(),
            self.job_type.clone(),
            self.when(),
            if self.paused { "paused" } else { "active" }.to_owned(),
            next.map(ToString::to_string).unwrap_or_default(),
        ]
    }

    fn when(&self) -> String {
        match (&self.cron, self.every_secs) {
            (Some(cron), _) => format!("{cron} {}", self.timezone.as_deref().unwrap_or("UTC")),
            (None, Some(secs)) => format!("every {}", duration::show_secs(secs)),
            (None, None) => String::new(),
        }
    }
}

//! `callboard types`

use serde::Deserialize;

use crate::domain::State;
use crate::domain::status::Counts;

use super::failure::Failure;
use super::output::Output;
use super::remote::{Client, Query, RemoteCommand};
use super::table::{Column, Table};
use super::text;

/// List the job types
#[derive(Debug, clap::Args)]
pub(super) struct Types {}

#[derive(Deserialize)]
struct JobTypes {
    job_types: Vec<JobType>,
}

/// What of a job type is shown.
#[derive(Deserialize)]
struct JobType {
    name: String,
    description: Option<String>,
    concurrency: u32,
    available: bool,
    unavailable_reason: Option<String>,
    paused: bool,
    running: i64,
    counts: Counts,
    #[serde(default)]
    tools: Vec<Tool>,
}

/// A program that it drives.
#[derive(Deserialize)]
struct Tool {
    name: String,
    version: Option<String>,
    missing: Option<String>,
}

static COLUMNS: [Column; 8] = [
    Column::text("name"),
    Column::word("status"),
    Column::number("running"),
    Column::number("slots"),
    Column::number("pending"),
    Column::number("failed"),
    Column::text("tools"),
    Column::text("description"),
];

impl RemoteCommand for Types {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        let reply = client.get(&["job-types"], &Query::new()).await?;
        if out.is_json() {
            return Ok(out.json(reply.json()?)?);
        }
        let JobTypes { job_types } = reply.parse()?;
        if job_types.is_empty() {
            text::note("no job types");
            return Ok(());
        }
        let rows: Vec<_> = job_types.iter().map(JobType::row).collect();
        out.text(&Table::new(&COLUMNS, out.width()).page(&rows))?;
        // A sentence that says what to do is of no use when it is cut to fit a column.
        for complaint in job_types.iter().filter_map(JobType::complaint) {
            out.text(&complaint)?;
        }
        Ok(())
    }
}

impl JobType {
    fn row(&self) -> Vec<String> {
        let count = |state: State| self.counts.get(&state).copied().unwrap_or(0).to_string();
        vec![
            self.name.clone(),
            self.status().to_owned(),
            self.running.to_string(),
            self.concurrency.to_string(),
            count(State::Pending),
            count(State::Failed),
            self.tools.iter().map(Tool::shown).collect::<Vec<_>>().join(", "),
            self.description.clone().unwrap_or_default(),
        ]
    }

    fn status(&self) -> &'static str {
        match (self.available, self.paused) {
            (false, _) => "unavailable",
            (true, true) => "paused",
            (true, false) => "ready",
        }
    }

    /// Why it cannot run here, and what to do.
    fn complaint(&self) -> Option<String> {
        let why = self.unavailable_reason.as_deref().filter(|_| !self.available)?;
        Some(format!("{} is unavailable: {}", self.name, text::line(why)))
    }
}

impl Tool {
    fn shown(&self) -> String {
        match (&self.version, &self.missing) {
            (_, Some(_)) => format!("{} missing", self.name),
            (Some(version), None) => format!("{} {version}", self.name),
            (None, None) => self.name.clone(),
        }
    }
}

//! Schedules as people see them.

use serde::Deserialize;

use crate::domain::schedule::{RunOutcome, ScheduleRun, Trigger};
use crate::domain::{Json, Timestamp};

use super::super::duration;
use super::super::failure::Failure;
use super::super::output::Output;
use super::super::remote::{Client, Query};
use super::super::table::{Column, Table};
use super::super::text;

#[derive(Deserialize)]
struct Page {
    schedules: Vec<Schedule>,
    #[serde(default)]
    next_cursor: Option<String>,
}

/// What of a schedule is shown.
#[derive(Deserialize)]
struct Schedule {
    name: String,
    job_type: String,
    cron: Option<String>,
    every_secs: Option<f64>,
    timezone: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    misfire: Option<String>,
    #[serde(default)]
    overlap: Option<String>,
    #[serde(default)]
    owner: Option<String>,
    #[serde(default)]
    args: Option<Json>,
    #[serde(default)]
    queue: Option<String>,
    paused: bool,
    #[serde(default)]
    next_runs: Vec<Timestamp>,
    #[serde(default)]
    history: Vec<ScheduleRun>,
}

static SCHEDULES: [Column; 5] = [
    Column::text("name"),
    Column::text("type"),
    Column::text("when"),
    Column::word("status"),
    Column::word("next run"),
];

static RUNS: [Column; 5] = [
    Column::word("due"),
    Column::word("outcome"),
    Column::number("job"),
    Column::word("state"),
    Column::text("reason"),
];

/// How much of the list.
#[derive(Debug, clap::Args)]
pub(super) struct Paging {
    /// How many at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: Option<u16>,
    /// Go on where a page ended
    #[arg(long)]
    cursor: Option<String>,
}

/// `callboard schedules list`
pub(super) async fn list(client: &Client, out: &mut Output, paging: Paging) -> Result<(), Failure> {
    let given = [("limit", paging.limit.map(|n| n.to_string())), ("cursor", paging.cursor)];
    let query: Query = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let reply = client.get(&["schedules"], &query).await?;
    if out.is_json() {
        return Ok(out.json(reply.json()?)?);
    }
    let Page { schedules, next_cursor } = reply.parse()?;
    if schedules.is_empty() {
        text::note("no schedules");
        return Ok(());
    }
    let rows: Vec<_> = schedules.iter().map(Schedule::row).collect();
    out.text(&Table::new(&SCHEDULES, out.width()).page(&rows))?;
    out.flush()?;
    if let Some(cursor) = next_cursor {
        text::note(&format!("there are more: --cursor {cursor} shows the next"));
    }
    Ok(())
}

/// `callboard schedules show`
pub(super) async fn show(client: &Client, out: &mut Output, name: &str) -> Result<(), Failure> {
    let reply = client.get(&["schedules", name], &Query::new()).await?;
    let width = out.width();
    out.reply(&reply, |reply| Ok(reply.parse::<Schedule>()?.sheet(width)))
}

impl Schedule {
    fn row(&self) -> Vec<String> {
        let next = self.next_runs.first().filter(|_| !self.paused);
        vec![
            self.name.clone(),
            self.job_type.clone(),
            self.when(),
            self.status().to_owned(),
            next.map(ToString::to_string).unwrap_or_default(),
        ]
    }

    fn status(&self) -> &'static str {
        if self.paused { "paused" } else { "active" }
    }

    fn when(&self) -> String {
        match (&self.cron, self.every_secs) {
            (Some(cron), _) => format!("{cron} {}", self.timezone.as_deref().unwrap_or("UTC")),
            (None, Some(secs)) => format!("every {}", duration::show_secs(secs)),
            (None, None) => String::new(),
        }
    }

    fn sheet(&self, width: Option<usize>) -> String {
        let next: Vec<String> = self.next_runs.iter().map(ToString::to_string).collect();
        let facts = [
            ("when", Some(self.when())),
            ("in words", self.description.clone()),
            ("status", Some(self.status().to_owned())),
            ("type", Some(self.job_type.clone())),
            ("queue", self.queue.clone()),
            ("args", self.args.as_ref().map(ToString::to_string)),
            ("missed runs", self.misfire.clone()),
            ("overlap", self.overlap.clone()),
            ("made by", self.owner.clone()),
            ("next runs", (!next.is_empty()).then(|| next.join(", "))),
        ];
        let facts = facts.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let mut lines = vec![format!("schedule {}", self.name)];
        lines.extend(facts.map(|(name, value)| format!("  {name:<11} {}", text::line(&value))));
        if !self.history.is_empty() {
            let rows: Vec<_> = self.history.iter().map(run_row).collect();
            lines.push(format!("\n{}", Table::new(&RUNS, width).page(&rows)));
        }
        lines.join("\n")
    }
}

fn run_row(run: &ScheduleRun) -> Vec<String> {
    let outcome = match (run.outcome, run.trigger) {
        (RunOutcome::Enqueued, Trigger::Manual) => "by hand",
        (outcome, _) => outcome.as_str(),
    };
    vec![
        run.due_at.to_string(),
        outcome.to_owned(),
        run.job_id.map(|id| id.to_string()).unwrap_or_default(),
        run.job_state.map(|state| state.to_string()).unwrap_or_default(),
        run.reason.clone().unwrap_or_default(),
    ]
}

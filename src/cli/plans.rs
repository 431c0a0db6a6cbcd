//! `callboard plans`: changes to the media library, for review.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::{RowState, Timestamp};

use super::failure::Failure;
use super::output::Output;
use super::remote::{Client, Query, RemoteCommand};
use super::table::{Column, Table};
use super::text;

/// List the plans of changes to the media library, read them, approve and reject their rows
#[derive(Debug, clap::Args)]
pub(super) struct Plans {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the plans, the newest first
    List(Paging),
    /// Show a plan and its rows
    Show {
        /// The plan
        id: i64,
        /// Rows in this state
        #[arg(long)]
        state: Option<RowState>,
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        paging: Paging,
    },
    /// Approve rows: `apply_plan` will make these changes
    Approve(Review),
    /// Reject rows: these changes will not be made
    Reject(Review),
}

#[derive(Debug, clap::Args)]
struct Paging {
    /// How many at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: Option<u16>,
    /// Go on where a page ended
    #[arg(long)]
    cursor: Option<String>,
}

/// Rows by what they are about.
#[derive(Debug, clap::Args, Serialize)]
struct Which {
    /// Rows about this field, such as title
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// Rows about this scene
    #[arg(long = "scene", value_name = "ID")]
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_id: Option<i64>,
    /// Rows that are at least this certain, 0 to 1
    #[arg(long, value_name = "SHARE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    min_confidence: Option<f64>,
}

/// Some rows of a plan, or all; never all by omission.
#[derive(Debug, clap::Args, Serialize)]
struct Review {
    /// The plan
    #[serde(skip)]
    id: i64,
    /// The rows, by number
    #[arg(value_name = "ROW")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<i64>,
    #[command(flatten)]
    #[serde(flatten)]
    which: Which,
    /// Every row
    #[arg(long, conflicts_with = "rows")]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    all: bool,
}

impl RemoteCommand for Plans {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        match self.what {
            What::List(paging) => list(client, out, &paging).await,
            What::Show { id, state, which, paging } => {
                let mut query = paging.query();
                query.extend(state.map(|state| ("state", state.to_string())));
                query.extend(which.query());
                show(client, out, id, &query).await
            }
            What::Approve(review) => review.send(client, out, "approve", "approved").await,
            What::Reject(review) => review.send(client, out, "reject", "rejected").await,
        }
    }
}

impl Paging {
    fn query(&self) -> Query {
        let limit = self.limit.map(|n| ("limit", n.to_string()));
        limit.into_iter().chain(self.cursor.clone().map(|c| ("cursor", c))).collect()
    }
}

impl Which {
    fn query(self) -> Query {
        let scene = self.scene_id.map(|id| ("scene_id", id.to_string()));
        let certain = self.min_confidence.map(|share| ("min_confidence", share.to_string()));
        self.field.map(|field| ("field", field)).into_iter().chain(scene).chain(certain).collect()
    }
}

impl Review {
    async fn send(&self, client: &Client, out: &mut Output, verb: &str, done: &str) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Acted {
            matched: u64,
            changed: u64,
        }
        let reply = client.post(&["plans", &self.id.to_string(), verb], self).await?;
        out.reply(&reply, |reply| {
            let Acted { matched, changed } = reply.parse()?;
            Ok(format!("{changed} of {matched} rows {done}"))
        })
    }
}

#[derive(Deserialize)]
struct List {
    plans: Vec<Plan>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Plan {
    id: i64,
    job_id: i64,
    ready: bool,
    created_at: Timestamp,
    total_changes: i64,
    counts: std::collections::BTreeMap<RowState, i64>,
}

#[derive(Deserialize)]
struct Shown {
    #[serde(flatten)]
    plan: Plan,
    rows: Vec<Row>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    number: i64,
    scene_id: i64,
    field: String,
    old: Box<RawValue>,
    new: Box<RawValue>,
    reason: String,
    confidence: f64,
    state: RowState,
    note: Option<String>,
}

static PLAN_COLUMNS: [Column; 5] = [
    Column::number("id"),
    Column::number("job"),
    Column::word("created"),
    Column::number("changes"),
    Column::text("rows"),
];

static ROW_COLUMNS: [Column; 8] = [
    Column::number("row"),
    Column::word("state"),
    Column::number("scene"),
    Column::word("field"),
    Column::text("old"),
    Column::text("new"),
    Column::number("sure"),
    Column::text("reason"),
];

async fn list(client: &Client, out: &mut Output, paging: &Paging) -> Result<(), Failure> {
    let reply = client.get(&["plans"], &paging.query()).await?;
    if out.is_json() {
        return Ok(out.json(reply.json()?)?);
    }
    let List { plans, next_cursor } = reply.parse()?;
    if plans.is_empty() {
        text::note("no plans");
        return Ok(());
    }
    let rows: Vec<_> = plans.iter().map(Plan::row).collect();
    out.text(&Table::new(&PLAN_COLUMNS, out.width()).page(&rows))?;
    more(out, next_cursor)
}

async fn show(client: &Client, out: &mut Output, id: i64, query: &Query) -> Result<(), Failure> {
    let reply = client.get(&["plans", &id.to_string()], query).await?;
    if out.is_json() {
        return Ok(out.json(reply.json()?)?);
    }
    let Shown { plan, rows, next_cursor } = reply.parse()?;
    out.text(&format!("plan {} of job {}: {}\n", plan.id, plan.job_id, plan.summary()))?;
    let rows: Vec<_> = rows.iter().map(Row::row).collect();
    out.text(&Table::new(&ROW_COLUMNS, out.width()).page(&rows))?;
    more(out, next_cursor)
}

fn more(out: &mut Output, next_cursor: Option<String>) -> Result<(), Failure> {
    out.flush()?;
    if let Some(cursor) = next_cursor {
        text::note(&format!("there are more: --cursor {cursor} shows the next"));
    }
    Ok(())
}

impl Plan {
    fn row(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.job_id.to_string(),
            self.created_at.to_string(),
            self.total_changes.to_string(),
            self.summary(),
        ]
    }

    /// Its rows by state, those that there are.
    fn summary(&self) -> String {
        if !self.ready {
            return "still being made".into();
        }
        let counts = self.counts.iter().filter(|(_, n)| **n > 0);
        let counts: Vec<_> = counts.map(|(state, n)| format!("{n} {state}")).collect();
        if counts.is_empty() { "no changes".into() } else { counts.join(", ") }
    }
}

impl Row {
    fn row(&self) -> Vec<String> {
        vec![
            self.number.to_string(),
            self.state.to_string(),
            self.scene_id.to_string(),
            self.field.clone(),
            self.old.get().to_owned(),
            self.new.get().to_owned(),
            format!("{:.2}", self.confidence),
            self.note.clone().unwrap_or_else(|| self.reason.clone()),
        ]
    }
}

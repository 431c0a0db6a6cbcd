//! Workflows as people read them.

use serde::Deserialize;

use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::remote::{Client, Query};
use crate::cli::table::{Column, Table};
use crate::cli::text;
use crate::domain::status::Counts;
use crate::domain::{Json, State, Timestamp};

/// What of a workflow is shown.
#[derive(Deserialize)]
pub(super) struct View {
    pub(super) id: i64,
    name: Option<String>,
    pub(super) state: State,
    #[serde(default)]
    pub(super) counts: Counts,
    created_at: Timestamp,
    #[serde(default)]
    jobs: Vec<Place>,
}

/// The place of a job in a workflow. It names those before it, by name or by id.
#[derive(Deserialize)]
struct Place {
    id: i64,
    name: String,
    state: State,
    depends_on: Vec<Json>,
}

#[derive(Deserialize)]
struct List {
    workflows: Vec<View>,
    next_cursor: Option<String>,
}

/// Jobs that were added.
#[derive(Deserialize)]
pub(super) struct Added {
    ids: Vec<i64>,
}

static COLUMNS: [Column; 4] =
    [Column::number("id"), Column::text("name"), Column::word("state"), Column::text("depends on")];

static LIST_COLUMNS: [Column; 5] = [
    Column::number("id"),
    Column::text("name"),
    Column::word("state"),
    Column::word("created"),
    Column::text("jobs"),
];

/// Prints a page of the list.
pub(super) async fn list(client: &Client, out: &mut Output, query: &Query) -> Result<(), Failure> {
    let reply = client.get(&["workflows"], query).await?;
    if out.is_json() {
        return Ok(out.json(reply.json()?)?);
    }
    let List { workflows, next_cursor } = reply.parse()?;
    if workflows.is_empty() {
        text::note("no workflows");
        return Ok(());
    }
    let rows: Vec<_> = workflows.iter().map(View::row).collect();
    out.text(&Table::new(&LIST_COLUMNS, out.width()).page(&rows))?;
    out.flush()?;
    if let Some(cursor) = next_cursor {
        text::note(&format!("there are more: --cursor {cursor} shows the next"));
    }
    Ok(())
}

impl View {
    /// The whole, with its jobs.
    pub(super) fn sheet(&self, width: Option<usize>) -> String {
        let rows: Vec<_> = self.jobs.iter().map(Place::row).collect();
        let table = Table::new(&COLUMNS, width).page(&rows);
        format!("{}\n\n{table}", self.summary())
    }

    /// In a line.
    pub(super) fn summary(&self) -> String {
        let name = self.name.as_deref().map_or_else(String::new, |name| format!(" {name}"));
        let counts = self.counts();
        let counts = if counts.is_empty() { counts } else { format!(" ({counts})") };
        format!("workflow {}{name}: {}{counts}", self.id, self.state)
    }

    /// What a cancel did.
    pub(super) fn after_cancel(&self) -> String {
        let running = self.counts.get(&State::Running).copied().unwrap_or_default();
        match running {
            0 => self.summary(),
            n => format!("{}; {n} were told to stop", self.summary()),
        }
    }

    /// Its jobs by state, those that there are.
    pub(super) fn counts(&self) -> String {
        let counts = self.counts.iter().filter(|(_, n)| **n > 0);
        counts.map(|(state, n)| format!("{n} {state}")).collect::<Vec<_>>().join(", ")
    }

    fn row(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.name.clone().unwrap_or_default(),
            self.state.to_string(),
            self.created_at.to_string(),
            self.counts(),
        ]
    }
}

impl Place {
    fn row(&self) -> Vec<String> {
        let before: Vec<String> = self.depends_on.iter().map(Json::to_plain_text).collect();
        vec![self.id.to_string(), self.name.clone(), self.state.to_string(), before.join(", ")]
    }
}

impl Added {
    /// The ids, one a line.
    pub(super) fn lines(&self) -> String {
        self.ids.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }
}

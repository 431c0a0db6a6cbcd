//! `callboard workflow`

use std::path::PathBuf;

use clap::Subcommand;
use serde::Deserialize;

use crate::domain::{Json, State};

use super::failure::Failure;
use super::output::Output;
use super::remote::{Client, Query, RemoteCommand};
use super::table::{Column, Table};
use super::values;

/// Enqueue jobs that depend on each other, and see how they get on
#[derive(Debug, clap::Args)]
pub(super) struct Workflow {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Enqueue the jobs of a workflow, and print its id
    Run {
        /// A file such as {"name":"w","jobs":[{"name":"a","job_type":"noop"},
        /// {"name":"b","job_type":"noop","depends_on":["a"]}]}, or - for standard input
        #[arg(verbatim_doc_comment)]
        file: PathBuf,
    },
    /// Show a workflow with its jobs
    Show {
        /// The workflow
        id: i64,
    },
}

/// What of a workflow is shown.
#[derive(Deserialize)]
struct View {
    id: i64,
    name: Option<String>,
    state: State,
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

static COLUMNS: [Column; 4] =
    [Column::number("id"), Column::text("name"), Column::word("state"), Column::text("depends on")];

impl RemoteCommand for Workflow {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        match self.what {
            What::Run { file } => {
                let reply = client.post(&["workflows"], &values::json_file(&file)?).await?;
                out.reply(&reply, |reply| Ok(reply.parse::<View>()?.id.to_string()))
            }
            What::Show { id } => {
                let reply = client.get(&["workflows", &id.to_string()], &Query::new()).await?;
                let width = out.width();
                out.reply(&reply, |reply| Ok(reply.parse::<View>()?.sheet(width)))
            }
        }
    }
}

impl View {
    fn sheet(&self, width: Option<usize>) -> String {
        let name = self.name.as_deref().unwrap_or_default();
        let rows: Vec<_> = self.jobs.iter().map(Place::row).collect();
        let table = Table::new(&COLUMNS, width).page(&rows);
        format!("workflow {} {name}: {}\n\n{table}", self.id, self.state)
    }
}

impl Place {
    fn row(&self) -> Vec<String> {
        let before: Vec<String> = self.depends_on.iter().map(Json::to_plain_text).collect();
        vec![self.id.to_string(), self.name.clone(), self.state.to_string(), before.join(", ")]
    }
}

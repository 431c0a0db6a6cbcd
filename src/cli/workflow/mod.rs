//! `callboard workflow`

mod file;
mod view;
mod wait;

use std::path::PathBuf;

use clap::Subcommand;
use reqwest::Method;
use serde::Serialize;

use super::failure::Failure;
use super::output::Output;
use super::remote::outage::Patience;
use super::remote::{Client, Query, RemoteCommand};
use view::View;

/// Run jobs that depend on each other, and see how they get on
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
        /// {"name":"b","job_type":"noop","depends_on":["a"]}]}, the same as TOML in a
        /// file whose name ends in .toml, or - for JSON on standard input
        #[arg(verbatim_doc_comment)]
        file: PathBuf,
        /// Follow the workflow until it is over; 0 if it completed, else 1
        #[arg(long, visible_alias = "watch")]
        wait: bool,
        #[command(flatten)]
        patience: Patience,
    },
    /// List the workflows, the newest first
    List {
        /// Workflows in this state; may be given several times
        #[arg(long, value_parser = ["running", "completed", "failed", "cancelled"])]
        state: Vec<String>,
        /// Workflows of this name
        #[arg(long)]
        name: Option<String>,
        /// How many at a time
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: Option<u16>,
        /// Go on where a page ended
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Show a workflow with its jobs
    Show {
        /// The workflow
        id: i64,
    },
    /// Follow a workflow until it is over; 0 if it completed, else 1
    Wait {
        /// The workflow
        id: i64,
        #[command(flatten)]
        patience: Patience,
    },
    /// Call off all jobs of a workflow that are not over; those that run are told to stop
    Cancel {
        /// The workflow
        id: i64,
    },
    /// Run the jobs that failed or were cancelled again, and all that come after them; all jobs when
    /// all completed
    Retry {
        /// The workflow
        id: i64,
        /// Run this job again, and all that come after it
        #[arg(long, value_name = "NAME")]
        from: Option<String>,
    },
    /// Add jobs to a workflow that runs, and print their ids
    Add {
        /// The workflow
        id: i64,
        /// A file such as {"jobs":[{"name":"c","job_type":"noop","depends_on":["a"]}]}
        file: PathBuf,
    },
}

/// Where a retry begins.
#[derive(Serialize)]
struct From {
    from: Option<String>,
}

impl RemoteCommand for Workflow {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        match self.what {
            What::Run { file, wait, patience } => {
                let reply = client.post(&["workflows"], &file::read(&file)?).await?;
                let id = reply.parse::<View>()?.id;
                if wait && out.is_json() {
                    return wait::follow(client, out, id, patience).await;
                }
                out.reply(&reply, |_| Ok(id.to_string()))?;
                out.flush()?;
                if wait { wait::follow(client, out, id, patience).await } else { Ok(()) }
            }
            What::List { state, name, limit, cursor } => {
                let mut query: Query = state.into_iter().map(|state| ("state", state)).collect();
                query.extend(name.map(|name| ("name", name)));
                query.extend(limit.map(|n| ("limit", n.to_string())));
                query.extend(cursor.map(|cursor| ("cursor", cursor)));
                view::list(client, out, &query).await
            }
            What::Show { id } => {
                let reply = client.get(&["workflows", &id.to_string()], &Query::new()).await?;
                let width = out.width();
                out.reply(&reply, |reply| Ok(reply.parse::<View>()?.sheet(width)))
            }
            What::Wait { id, patience } => wait::follow(client, out, id, patience).await,
            What::Cancel { id } => {
                let reply = client.act(Method::DELETE, &["workflows", &id.to_string()]).await?;
                out.reply(&reply, |reply| Ok(reply.parse::<View>()?.after_cancel()))
            }
            What::Retry { id, from } => {
                let reply = client.post(&["workflows", &id.to_string(), "retry"], &From { from }).await?;
                out.reply(&reply, |reply| Ok(reply.parse::<View>()?.summary()))
            }
            What::Add { id, file } => {
                let path = ["workflows", &id.to_string(), "jobs"];
                let reply = client.post(&path, &file::read(&file)?).await?;
                out.reply(&reply, |reply| Ok(reply.parse::<view::Added>()?.lines()))
            }
        }
    }
}

//! `callboard dead`: the failed jobs.

use clap::Subcommand;
use reqwest::Method;
use serde::Deserialize;

use super::failure::Failure;
use super::filters::Filters;
use super::output::Output;
use super::pages::Paging;
use super::remote::{Client, RemoteCommand};

/// List the failed jobs, give them another go, or throw them away
#[derive(Debug, clap::Args)]
pub(super) struct Dead {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List failed jobs
    List {
        #[command(flatten)]
        filters: Filters,
        #[command(flatten)]
        paging: Paging,
    },
    /// Give failed jobs another go
    Retry(Chosen),
    /// Delete failed jobs
    Discard(Chosen),
}

/// Some of the failed jobs, or all; never all by omission.
#[derive(Debug, clap::Args)]
struct Chosen {
    #[command(flatten)]
    filters: Filters,
    /// All failed jobs
    #[arg(long, required_unless_present = "Filters", conflicts_with = "Filters")]
    all: bool,
}

/// How many jobs the server found and changed.
#[derive(Deserialize)]
struct Acted {
    matched: u64,
    changed: u64,
}

impl Chosen {
    async fn act(
        self,
        client: &Client,
        out: &mut Output,
        method: Method,
        path: &[&str],
        done: &str,
    ) -> Result<(), Failure> {
        let mut query = self.filters.query();
        if self.all {
            query.push(("all", "true".into()));
        }
        let reply = client.act_on_many(method, path, &query).await?;
        out.reply(&reply, |reply| {
            let Acted { matched, changed } = reply.parse()?;
            Ok(format!("{changed} of {matched} failed jobs {done}"))
        })
    }
}

impl RemoteCommand for Dead {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        match self.what {
            What::List { filters, paging } => {
                paging.print(client, out, &["dead-letters"], filters.query()).await
            }
            What::Retry(chosen) => {
                chosen.act(client, out, Method::POST, &["dead-letters", "retry"], "retried").await
            }
            What::Discard(chosen) => {
                chosen.act(client, out, Method::DELETE, &["dead-letters"], "discarded").await
            }
        }
    }
}

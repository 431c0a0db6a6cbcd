//! `callboard dead`: the failed jobs.

use clap::Subcommand;
use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::filters::Filters;
use super::output::Output;
use super::pages::Paging;
use super::remote::{Client, Query, RemoteCommand};

/// Jobs changed in one call: few enough to stop soon, enough to go on fast.
const PART: u32 = 1_000;

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
#[derive(Default, Deserialize, Serialize)]
struct Acted {
    matched: u64,
    changed: u64,
    /// Where the next part begins.
    #[serde(default, skip_serializing)]
    next_cursor: Option<String>,
}

impl Acted {
    fn add(&mut self, part: Self) {
        self.matched += part.matched;
        self.changed += part.changed;
        self.next_cursor = part.next_cursor;
    }
}

/// The same call again and again, each time for the next jobs.
struct Parts<'a> {
    client: &'a Client,
    method: Method,
    path: &'a [&'a str],
    query: Query,
}

impl Parts<'_> {
    async fn next(&self, cursor: Option<&str>) -> Result<Acted, Failure> {
        let mut query = self.query.clone();
        query.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
        self.client.act_on_many(self.method.clone(), self.path, &query).await?.parse()
    }

    /// Goes through all of them, unless Control-C is pressed: then the part that is under way is
    /// the last one. A second Control-C waits for nothing. True: it was stopped before its end.
    async fn all(&self, done: &mut Acted) -> Result<bool, Failure> {
        let mut stop = std::pin::pin!(tokio::signal::ctrl_c());
        loop {
            let cursor = done.next_cursor.take();
            let mut part = std::pin::pin!(self.next(cursor.as_deref()));
            let (part, stopped) = tokio::select! {
                part = &mut part => (part?, false),
                _ = &mut stop => tokio::select! {
                    part = &mut part => (part?, true),
                    _ = tokio::signal::ctrl_c() => return Ok(true),
                },
            };
            done.add(part);
            if done.next_cursor.is_none() || stopped {
                return Ok(done.next_cursor.is_some());
            }
        }
    }
}

impl Chosen {
    async fn act(
        self,
        client: &Client,
        out: &mut Output,
        method: Method,
        path: &[&str],
        verb: &str,
    ) -> Result<(), Failure> {
        let mut query = self.filters.query();
        if self.all {
            query.push(("all", "true".into()));
        }
        query.push(("limit", PART.to_string()));
        let mut done = Acted::default();
        let stopped = Parts { client, method, path, query }.all(&mut done).await;
        let Acted { matched, changed, .. } = done;
        // What was done before a failure is still worth knowing.
        if stopped.is_ok() || matched > 0 {
            match out.is_json() {
                true => out.json(&serde_json::to_string(&done).map_err(std::io::Error::from)?)?,
                false => out.text(&format!("{changed} of {matched} failed jobs {verb}"))?,
            }
        }
        match stopped? {
            true => Err(Failure::Stopped),
            false => Ok(()),
        }
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

//! `callboard schedules`

mod given;
mod shown;

use clap::Subcommand;
use reqwest::Method;
use serde::Deserialize;

use super::failure::Failure;
use super::output::Output;
use super::remote::{Client, RemoteCommand};

/// List, make, change and run the schedules by which jobs are enqueued
#[derive(Debug, clap::Args)]
pub(super) struct Schedules {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the schedules
    List(shown::Paging),
    /// Show all that is known of a schedule, with its next runs and its history
    Show(Named),
    /// Make a schedule; fails if there is one of that name
    Create(Box<given::Whole>),
    /// Change what is given of a schedule, and leave the rest as it is
    Edit(Box<given::Changes>),
    /// Make a schedule, or replace the one of that name
    Set(Box<given::Whole>),
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

impl RemoteCommand for Schedules {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        match self.what {
            What::List(paging) => shown::list(client, out, paging).await,
            What::Show(named) => shown::show(client, out, &named.name).await,
            What::Create(whole) => whole.create(client, out).await,
            What::Edit(changes) => changes.make(client, out).await,
            What::Set(whole) => whole.set(client, out).await,
            What::Delete(named) => named.tell(client, out, Method::DELETE, None, "deleted").await,
            What::Run(named) => named.run(client, out).await,
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

    async fn run(&self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Job {
            id: i64,
        }
        let reply = client.act(Method::POST, &["schedules", &self.name, "run"]).await?;
        let is_there = if reply.duplicate { " is there already" } else { "" };
        out.reply(&reply, |reply| {
            let Job { id } = reply.parse()?;
            Ok(format!("schedule {} run: job {id}{is_there}", self.name))
        })
    }
}

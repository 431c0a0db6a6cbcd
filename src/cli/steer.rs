//! `callboard retry` and `callboard cancel`: jobs by id.

use reqwest::Method;

use crate::domain::Job;

use super::failure::Failure;
use super::output::Output;
use super::remote::client::Reply;
use super::remote::{Client, RemoteCommand};

/// Give jobs another go
#[derive(Debug, clap::Args)]
pub(super) struct Retry {
    /// The jobs
    #[arg(required = true, value_name = "ID")]
    ids: Vec<i64>,
    /// Do again what finished steps have done
    #[arg(long)]
    fresh: bool,
}

/// Call jobs off; a running one is told to stop
#[derive(Debug, clap::Args)]
pub(super) struct Cancel {
    /// The jobs
    #[arg(required = true, value_name = "ID")]
    ids: Vec<i64>,
}

impl RemoteCommand for Retry {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        let again = async |id: &str| match self.fresh {
            true => client.post(&["jobs", id, "retry"], &serde_json::json!({"fresh": true})).await,
            false => client.act(Method::POST, &["jobs", id, "retry"]).await,
        };
        each(&self.ids, out, again).await
    }
}

impl RemoteCommand for Cancel {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        each(&self.ids, out, async |id| client.act(Method::DELETE, &["jobs", id]).await).await
    }
}

/// Does it to every job, whatever becomes of the others; but without a server there is no point in
/// going on.
async fn each(
    ids: &[i64],
    out: &mut Output,
    act: impl AsyncFn(&str) -> Result<Reply, Failure>,
) -> Result<(), Failure> {
    let mut failures = Vec::new();
    for id in ids {
        match act(&id.to_string()).await {
            Ok(reply) => out.reply(&reply, outcome)?,
            Err(failure @ Failure::Refused(_)) => failures.push(failure),
            Err(failure) => return Err(failure),
        }
    }
    out.flush()?;
    if failures.len() <= 1 {
        return failures.pop().map_or(Ok(()), Err);
    }
    failures.iter().for_each(Failure::tell);
    Err(Failure::Some { failed: failures.len(), all: ids.len() })
}

fn outcome(reply: &Reply) -> Result<String, Failure> {
    let job: Job = reply.parse()?;
    let told = job.cancel_requested_at.is_some() && !job.state.is_final();
    let remark = if told { ", told to stop" } else { "" };
    Ok(format!("job {} {}{remark}", job.id, job.state))
}

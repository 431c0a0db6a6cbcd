//! `callboard pause` and `callboard resume`: a job type or a queue.

use reqwest::Method;

use super::failure::Failure;
use super::output::Output;
use super::remote::{Client, RemoteCommand};
use super::values;

/// Start no more jobs of a type or queue; running ones go on
#[derive(Debug, clap::Args)]
pub(super) struct Pause {
    #[command(flatten)]
    what: What,
}

/// Start jobs of a paused type or queue again
#[derive(Debug, clap::Args)]
pub(super) struct Resume {
    #[command(flatten)]
    what: What,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct What {
    /// The job type
    #[arg(value_name = "TYPE", value_parser = values::job_type)]
    job_type: Option<String>,
    /// The queue
    #[arg(long, value_name = "NAME", value_parser = values::queue)]
    queue: Option<String>,
}

impl What {
    async fn tell(self, client: &Client, out: &mut Output, verb: &str, state: &str) -> Result<(), Failure> {
        let (kind, things, name) = match (&self.job_type, &self.queue) {
            (Some(name), _) => ("job type", "job-types", name),
            (None, Some(name)) => ("queue", "queues", name),
            (None, None) => return Err(Failure::Usage("name a job type or a --queue".into())),
        };
        let reply = client.act(Method::POST, &[things, name, verb]).await?;
        out.reply(&reply, |_| Ok(format!("{kind} {name} {state}")))
    }
}

impl RemoteCommand for Pause {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        self.what.tell(client, out, "pause", "paused").await
    }
}

impl RemoteCommand for Resume {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        self.what.tell(client, out, "resume", "resumed").await
    }
}

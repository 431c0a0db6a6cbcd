//! `callboard pause` and `callboard resume`: a job type, a queue, or everything.

use std::fmt;

use reqwest::Method;

use super::failure::Failure;
use super::output::Output;
use super::remote::{Client, RemoteCommand};
use super::values;

/// Start no more jobs of a type, a queue, or at all; running ones go on
#[derive(Debug, clap::Args)]
pub(super) struct Pause {
    #[command(flatten)]
    what: What,
}

/// Start jobs of a paused type or queue again, or of all that is not paused by itself
#[derive(Debug, clap::Args)]
pub(super) struct Resume {
    #[command(flatten)]
    what: What,
}

/// What is paused, resumed or drained.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct What {
    /// The job type
    #[arg(value_name = "TYPE", value_parser = values::job_type)]
    job_type: Option<String>,
    /// The queue
    #[arg(long, value_name = "NAME", value_parser = values::queue)]
    queue: Option<String>,
    /// Everything
    #[arg(long)]
    all: bool,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.job_type, &self.queue) {
            (Some(name), _) => write!(f, "job type {name}"),
            (None, Some(name)) => write!(f, "queue {name}"),
            (None, None) => f.write_str("everything"),
        }
    }
}

impl What {
    /// Where it is told what to do.
    pub(super) fn path(&self, verb: &str) -> Vec<String> {
        let parts = match (&self.job_type, &self.queue) {
            (Some(name), _) => vec!["job-types", name, verb],
            (None, Some(name)) => vec!["queues", name, verb],
            (None, None) => vec![verb],
        };
        parts.into_iter().map(str::to_owned).collect()
    }

    async fn tell(self, client: &Client, out: &mut Output, verb: &str, state: &str) -> Result<(), Failure> {
        let path = self.path(verb);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let reply = client.act(Method::POST, &path).await?;
        out.reply(&reply, |_| Ok(format!("{self} {state}")))
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

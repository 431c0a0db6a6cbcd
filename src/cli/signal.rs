//! `callboard signal`

use crate::domain::{Json, Signal};

use super::failure::Failure;
use super::output::Output;
use super::remote::{Client, RemoteCommand};
use super::values;

/// Give a job a signal that it waits for, or will
#[derive(Debug, clap::Args)]
pub(super) struct Give {
    /// The job
    id: i64,
    /// The signal
    name: String,
    /// What comes with it, as JSON
    #[arg(default_value = "null", value_parser = values::json)]
    payload: Json,
}

impl RemoteCommand for Give {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        let id = self.id.to_string();
        let reply = client.post(&["jobs", &id, "signals", &self.name], &self.payload).await?;
        out.reply(&reply, |reply| {
            let signal: Signal = reply.parse()?;
            let verb = if reply.duplicate { "had" } else { "has" };
            Ok(format!("job {id} {verb} signal {:?}", signal.info.name))
        })
    }
}

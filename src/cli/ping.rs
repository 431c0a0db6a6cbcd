//! `callboard ping`

use serde::Deserialize;

use super::failure::Failure;
use super::output::Output;
use super::remote::{Client, RemoteCommand};

/// Ask a server whether it is alive; needs no token. For health checks
///
/// Ends with 0 if it is, 1 if it is not well, 3 if none answers.
#[derive(Debug, clap::Args)]
pub(super) struct Ping {
    /// Whether each of its parts makes progress, too
    #[arg(long)]
    ready: bool,
}

#[derive(Deserialize)]
struct Ready {
    ready: bool,
}

impl RemoteCommand for Ping {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        let reply = client.ask_health(if self.ready { "readyz" } else { "healthz" }).await?;
        out.reply(&reply, |reply| {
            let ready = reply.parse::<Ready>().is_ok_and(|said| said.ready);
            Ok(if ready { "ready" } else { "alive" }.to_owned())
        })
    }
}

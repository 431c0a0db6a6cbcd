//! Commands that talk to a server.

pub(super) mod client;
pub(super) mod event_stream;
pub(super) mod job_events;
pub(super) mod notice;
pub(super) mod outage;
pub(super) mod sse;

use std::time::Duration;

use url::Url;

pub(super) use client::{Client, Query};

use super::failure::Failure;
use super::output::Output;
use super::values;

/// Where the server is and how to talk to it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Server")]
pub(super) struct ServerArgs {
    /// Address of the server
    #[arg(long, global = true, env = "CALLBOARD_URL", default_value = "http://127.0.0.1:8080")]
    #[arg(value_name = "URL", value_parser = server_url)]
    pub(super) url: Url,
    /// Token that the server knows us by
    #[arg(long, global = true, env = "CALLBOARD_TOKEN", hide_env_values = true)]
    pub(super) token: Option<String>,
    /// File with the authorities to trust for HTTPS, instead of those of the system
    #[arg(long, global = true, env = "CALLBOARD_CA_FILE", value_name = "FILE")]
    pub(super) ca_file: Option<std::path::PathBuf>,
    /// Print JSON as the server sends it
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// How long to wait for an answer, in seconds [default: 30; 600 for commands on many jobs]
    #[arg(long, global = true, value_name = "SECS", value_parser = values::seconds)]
    pub(super) answer_within: Option<f64>,
}

impl ServerArgs {
    fn patience(&self) -> Option<Duration> {
        self.answer_within.and_then(|secs| Duration::try_from_secs_f64(secs).ok())
    }
}

fn server_url(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err("must be an address such as http://127.0.0.1:8080".into()),
    }
}

/// A command that a server carries out.
pub(super) trait RemoteCommand {
    /// Does it, and prints what came of it.
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure>;
}

/// Runs a command against the server.
pub(super) fn run(command: impl RemoteCommand, server: ServerArgs) -> Result<(), Failure> {
    let client = Client::new(&server)?;
    let mut out = Output::new(server.json);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::Local { what: "start", source })?;
    let done = runtime.block_on(command.run(&client, &mut out));
    // What was read before a failure is still worth printing.
    let flushed = out.flush();
    done?;
    Ok(flushed?)
}

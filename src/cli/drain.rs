//! `callboard drain`: pauses, and waits for what runs.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde::Deserialize;

use super::failure::Failure;
use super::output::Output;
use super::pause::What;
use super::remote::{Client, Query, RemoteCommand};
use super::{text, values};

/// The longest that one call waits; then it is made again.
const TURN: Duration = Duration::from_secs(30);

/// Pause, and wait until all that runs has ended
#[derive(Debug, clap::Args)]
pub(super) struct Drain {
    #[command(flatten)]
    what: What,
    /// Give up after so many seconds; it stays paused
    #[arg(long, value_name = "SECS", value_parser = values::seconds)]
    timeout: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Drained {
    paused: bool,
    running: i64,
    drained: bool,
}

impl RemoteCommand for Drain {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        let name = self.what.to_string();
        let path = self.what.path("drain");
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let limit = self.timeout.and_then(|secs| Duration::try_from_secs_f64(secs).ok());
        let (begun, mut told) = (Instant::now(), 0);
        loop {
            let left = limit.map_or(TURN, |limit| limit.saturating_sub(begun.elapsed()));
            let wait = left.min(TURN).as_secs_f64().to_string();
            let query: Query = vec![("wait_secs", wait)];
            let reply = client.act_on_many(Method::POST, &path, &query).await?;
            let Drained { paused, running, drained } = reply.parse()?;
            if drained {
                return out.reply(&reply, |_| Ok(format!("{name} drained")));
            }
            if !paused {
                return Err(Failure::Incomplete(format!("{name} was resumed while {running} still ran")));
            }
            if running != told {
                text::note(&format!("{name} paused, {running} still run"));
                told = running;
            }
            if left.is_zero() || limit.is_some_and(|limit| begun.elapsed() >= limit) {
                return Err(Failure::Incomplete(format!("{name} paused, but {running} still run")));
            }
        }
    }
}

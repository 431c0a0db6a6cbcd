//! `callboard remote-workers`: who fetches jobs from elsewhere.

use reqwest::Method;
use serde::Deserialize;

use super::failure::Failure;
use super::output::Output;
use super::remote::{Client, Query, RemoteCommand};
use super::table::{Column, Table};
use super::text;

/// List the workers that fetch jobs over the Faktory Work Protocol, or have them stop
#[derive(Debug, clap::Args)]
pub(super) struct RemoteWorkers {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List them (the default)
    List,
    /// Have them fetch no more
    Quiet(Which),
    /// Have them end within 30 seconds
    Terminate(Which),
}

#[derive(Debug, clap::Args)]
struct Which {
    /// The worker's id; all of them, if there is none
    wid: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    remote_workers: Vec<Worker>,
}

/// What of a worker is shown.
#[derive(Deserialize)]
struct Worker {
    wid: String,
    hostname: Option<String>,
    pid: Option<i64>,
    labels: Vec<String>,
    state: String,
    connections: usize,
}

#[derive(Deserialize)]
struct Told {
    asked: usize,
}

static COLUMNS: [Column; 6] = [
    Column::text("wid"),
    Column::word("state"),
    Column::text("host"),
    Column::number("pid"),
    Column::number("connections"),
    Column::text("labels"),
];

impl RemoteCommand for RemoteWorkers {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        match self.what {
            None | Some(What::List) => list(client, out).await,
            Some(What::Quiet(which)) => ask(client, out, which, "quiet").await,
            Some(What::Terminate(which)) => ask(client, out, which, "terminate").await,
        }
    }
}

async fn list(client: &Client, out: &mut Output) -> Result<(), Failure> {
    let reply = client.get(&["remote-workers"], &Query::new()).await?;
    if out.is_json() {
        return Ok(out.json(reply.json()?)?);
    }
    let Listed { remote_workers } = reply.parse()?;
    if remote_workers.is_empty() {
        text::note("no remote workers are connected");
        return Ok(());
    }
    let rows: Vec<_> = remote_workers.into_iter().map(Worker::row).collect();
    out.text(&Table::new(&COLUMNS, out.width()).page(&rows))?;
    Ok(())
}

async fn ask(client: &Client, out: &mut Output, which: Which, wish: &str) -> Result<(), Failure> {
    let path = match &which.wid {
        Some(wid) => vec!["remote-workers", wid, wish],
        None => vec!["remote-workers", wish],
    };
    let reply = client.act_on_many(Method::POST, &path, &Query::new()).await?;
    out.reply(&reply, |reply| {
        let Told { asked } = reply.parse()?;
        Ok(format!("{asked} asked; they hear of it with their next sign of life"))
    })
}

impl Worker {
    fn row(self) -> Vec<String> {
        vec![
            self.wid,
            self.state,
            self.hostname.unwrap_or_default(),
            self.pid.map(|pid| pid.to_string()).unwrap_or_default(),
            self.connections.to_string(),
            self.labels.join(", "),
        ]
    }
}

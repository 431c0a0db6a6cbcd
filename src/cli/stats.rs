//! `callboard stats`

use crate::domain::State;
use crate::domain::status::{Counts, QueueStatus, Throughput};

use super::duration;
use super::failure::Failure;
use super::output::Output;
use super::remote::{Client, Query, RemoteCommand};
use super::table::{Column, Table};

/// Show how many jobs there are and how they get on
#[derive(Debug, clap::Args)]
pub(super) struct Stats {}

impl RemoteCommand for Stats {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        let reply = client.get(&["jobs", "queue", "status"], &Query::new()).await?;
        let width = out.width();
        out.reply(&reply, |reply| Ok(show(&reply.parse()?, width)))
    }
}

fn show(status: &QueueStatus, width: Option<usize>) -> String {
    let oldest = status.oldest_pending_age_secs.map_or_else(|| "none".into(), duration::show_secs);
    [
        format!("running now     {}", status.active_workers),
        format!("stored jobs     {}", status.total),
        format!("oldest pending  {oldest}"),
        format!("last minute     {}", throughput(&status.last_minute)),
        format!("last hour       {}", throughput(&status.last_hour)),
        String::new(),
        counts(status, width),
    ]
    .join("\n")
}

fn throughput(of: &Throughput) -> String {
    let flow = format!("{} enqueued, {} completed, {} failed", of.enqueued, of.completed, of.failed);
    match of.queue_latency_ms {
        Some(wait) => format!("{flow}; wait p50 {:.0} ms, p99 {:.0} ms", wait.p50, wait.p99),
        None => flow,
    }
}

/// A column for each state that some job is in.
fn counts(status: &QueueStatus, width: Option<usize>) -> String {
    let states: Vec<State> = State::ALL.into_iter().filter(|s| of(&status.counts, *s) > 0).collect();
    let titles = states.iter().map(|state| Column::number(state.as_str()));
    let columns: Vec<Column> = [Column::text("type")].into_iter().chain(titles).collect();
    let row = |name: &str, counts: &Counts| -> Vec<String> {
        let numbers = states.iter().map(|state| of(counts, *state).to_string());
        [name.to_owned()].into_iter().chain(numbers).collect()
    };
    let types = status.by_job_type.iter().map(|(name, counts)| row(name, counts));
    let rows: Vec<_> = types.chain([row("all", &status.counts)]).collect();
    Table::new(&columns, width).page(&rows)
}

fn of(counts: &Counts, state: State) -> i64 {
    counts.get(&state).copied().unwrap_or(0)
}

//! `callboard show`

use std::time::Duration;

use crate::domain::{Attempt, Job, SignalInfo, StepInfo, Timestamp};

use super::duration;
use super::failure::Failure;
use super::output::Output;
use super::remote::{Client, Query, RemoteCommand};
use super::table::{Column, Table};
use super::text;

/// Show all that is known of a job
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The job
    id: i64,
}

impl RemoteCommand for Show {
    async fn run(self, client: &Client, out: &mut Output) -> Result<(), Failure> {
        let reply = client.get(&["jobs", &self.id.to_string()], &Query::new()).await?;
        let width = out.width();
        out.reply(&reply, |reply| Ok(sheet(&reply.parse()?, width)))
    }
}

fn sheet(job: &Job, width: Option<usize>) -> String {
    let facts = [identity(job), life(job), family(job), times(job), outcome(job)];
    let facts = facts.into_iter().flatten().filter_map(|(name, value)| Some((name, value?)));
    let mut lines = vec![format!("job {}", job.id)];
    lines.extend(facts.map(|(name, value)| format!("  {name:<17} {}", text::line(&value))));
    if let Some(attempts) = job.attempts.as_deref().filter(|a| !a.is_empty()) {
        let rows: Vec<_> = attempts.iter().map(attempt_row).collect();
        lines.push(format!("\n{}", Table::new(&ATTEMPTS, width).page(&rows)));
    }
    if let Some(steps) = job.steps.as_deref().filter(|s| !s.is_empty()) {
        let rows: Vec<_> = steps.iter().map(step_row).collect();
        lines.push(format!("\n{}", Table::new(&STEPS, width).page(&rows)));
    }
    if let Some(signals) = job.signals.as_deref().filter(|s| !s.is_empty()) {
        let rows: Vec<_> = signals.iter().map(signal_row).collect();
        lines.push(format!("\n{}", Table::new(&SIGNALS, width).page(&rows)));
    }
    lines.join("\n")
}

type Facts = Vec<(&'static str, Option<String>)>;

fn identity(job: &Job) -> Facts {
    vec![
        ("type", Some(job.job_type.clone())),
        ("queue", Some(job.queue.clone())),
        ("key", job.key.clone()),
        ("target", job.target_id.clone()),
        ("args", Some(job.args.to_string())),
        ("tags", some_list(&job.tags)),
        ("metadata", Some(job.metadata.to_string()).filter(|m| m != "{}")),
    ]
}

fn life(job: &Job) -> Facts {
    let waiting = job.waiting_for.iter().flatten().next().map(|w| w.detail.clone());
    let limit = job.timeout_secs.map_or_else(|| "none".into(), duration::show_secs);
    vec![
        ("state", Some(job.state.to_string())),
        ("waits because", waiting),
        ("priority", Some(job.priority.to_string())),
        ("attempt", Some(job.attempt.to_string())),
        ("retries", Some(format!("{} of {}", job.retry_count, job.max_retries))),
        ("crashes", Some(job.crash_count.to_string()).filter(|_| job.crash_count > 0)),
        ("timeout", Some(limit)),
        ("progress", progress(job)),
    ]
}

fn progress(job: &Job) -> Option<String> {
    let progress = &job.progress;
    progress.updated_at?;
    let total = progress.total.map_or_else(String::new, |total| format!(" of {total}"));
    let message = progress.message.as_deref().map_or_else(String::new, |m| format!(", {m}"));
    Some(format!("{:.1}%, {}{total}{message}", progress.percent, progress.processed))
}

fn family(job: &Job) -> Facts {
    let ids: Vec<String> = job.depends_on.iter().map(i64::to_string).collect();
    let policy = Some(job.on_parent_failure.as_str().to_owned()).filter(|_| !ids.is_empty());
    vec![
        ("parent", job.parent_job_id.map(|id| id.to_string())),
        ("depends on", some_list(&ids)),
        ("on parent failure", policy),
        ("workflow", job.workflow_id.map(|id| id.to_string())),
        ("name", job.name.clone()),
    ]
}

fn times(job: &Job) -> Facts {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    vec![
        ("created", time(Some(job.created_at))),
        ("not before", time(job.run_at)),
        ("started", time(job.started_at)),
        ("worker", job.worker_id.clone()),
        ("cancel asked for", time(job.cancel_requested_at)),
        ("ended", time(job.completed_at)),
    ]
}

fn outcome(job: &Job) -> Facts {
    vec![("result", job.result.as_ref().map(ToString::to_string)), ("error", job.error.clone())]
}

fn some_list(items: &[String]) -> Option<String> {
    (!items.is_empty()).then(|| items.join(", "))
}

static ATTEMPTS: [Column; 6] = [
    Column::number("attempt"),
    Column::word("outcome"),
    Column::word("started"),
    Column::number("took"),
    Column::text("worker"),
    Column::text("error"),
];

fn attempt_row(attempt: &Attempt) -> Vec<String> {
    let took = attempt.duration_ms.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis);
    vec![
        attempt.number.to_string(),
        attempt.outcome.map_or("running", |o| o.as_str()).to_owned(),
        attempt.started_at.to_string(),
        took.map(duration::show).unwrap_or_default(),
        attempt.worker_id.clone().unwrap_or_default(),
        attempt.error.clone().unwrap_or_default(),
    ]
}

static STEPS: [Column; 4] =
    [Column::text("step"), Column::number("attempt"), Column::word("finished"), Column::number("bytes")];

fn step_row(step: &StepInfo) -> Vec<String> {
    vec![step.name.clone(), step.attempt.to_string(), step.at.to_string(), step.bytes.to_string()]
}

static SIGNALS: [Column; 4] =
    [Column::text("signal"), Column::word("came"), Column::number("bytes"), Column::word("waited for until")];

fn signal_row(signal: &SignalInfo) -> Vec<String> {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    vec![
        signal.name.clone(),
        match (signal.at, signal.timed_out) {
            (Some(_), true) => "too late".to_owned(),
            (None, true) => "not in time".to_owned(),
            (at, false) => time(at),
        },
        signal.bytes.map(|bytes| bytes.to_string()).unwrap_or_default(),
        time(signal.until),
    ]
}

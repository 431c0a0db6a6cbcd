//! What a test expects of a job.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::domain::{Job, Timestamp};
use crate::workers::Worker;

/// What a job should be like. What is not said may be anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expect {
    job_type: String,
    args: Option<Value>,
    queue: Option<String>,
    target_id: Option<String>,
    key: Option<String>,
    priority: Option<u8>,
    tag: Option<String>,
    run_at: Option<Timestamp>,
}

impl Expect {
    /// One of this type.
    #[must_use]
    pub fn job(job_type: impl Into<String>) -> Self {
        Self { job_type: job_type.into(), ..Self::default() }
    }

    /// One for this worker.
    #[must_use]
    pub fn of<W: Worker>() -> Self {
        Self::job(W::JOB_TYPE)
    }

    /// With these args: an object's fields must be equal, and there may be others; anything else must
    /// be equal as a whole.
    #[must_use]
    pub fn args(mut self, args: &impl Serialize) -> Self {
        // What has no JSON form is equal to nothing.
        self.args = Some(serde_json::to_value(args).unwrap_or_else(|e| Value::String(e.to_string())));
        self
    }

    /// In this queue.
    #[must_use]
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = Some(queue.into());
        self
    }

    /// Working on this.
    #[must_use]
    pub fn target_id(mut self, target: impl Into<String>) -> Self {
        self.target_id = Some(target.into());
        self
    }

    /// With this key.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// With this priority.
    #[must_use]
    pub fn priority(mut self, priority: u8) -> Self {
        self.priority = Some(priority);
        self
    }

    /// With this tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// Not before this moment.
    #[must_use]
    pub fn run_at(mut self, at: Timestamp) -> Self {
        self.run_at = Some(at);
        self
    }

    pub(super) fn is_met_by(&self, job: &Job) -> bool {
        self.differences(job).is_empty()
    }

    /// How a job is otherwise.
    fn differences(&self, job: &Job) -> Vec<String> {
        let mut found = Vec::new();
        let mut say = |differs: bool, what: &str, is: String| {
            if differs {
                found.push(format!("{what} is {is}"));
            }
        };
        say(job.job_type != self.job_type, "job_type", job.job_type.clone());
        let args = || serde_json::from_str(job.args.as_str()).unwrap_or_default();
        say(self.args.as_ref().is_some_and(|wanted| !holds(&args(), wanted)), "args", job.args.to_string());
        say(self.queue.as_ref().is_some_and(|q| *q != job.queue), "queue", job.queue.clone());
        say(
            self.target_id.is_some() && self.target_id != job.target_id,
            "target_id",
            format!("{:?}", job.target_id),
        );
        say(self.key.is_some() && self.key != job.key, "key", format!("{:?}", job.key));
        say(self.priority.is_some_and(|p| p != job.priority), "priority", job.priority.to_string());
        say(self.tag.as_ref().is_some_and(|t| !job.tags.contains(t)), "tags", format!("{:?}", job.tags));
        let at = job.run_at.map_or_else(|| "null".into(), |at| at.to_string());
        say(self.run_at.is_some() && self.run_at != job.run_at, "run_at", at);
        found
    }

    /// That no job is like this, and what there is instead: the most alike first.
    pub(super) fn missing_among(&self, jobs: &[Job]) -> String {
        const SHOWN: usize = 10;
        let mut alike: Vec<_> = jobs.iter().map(|job| (self.differences(job), job)).collect();
        alike.sort_by_key(|(differences, job)| (job.job_type != self.job_type, differences.len()));
        let lines = alike
            .iter()
            .take(SHOWN)
            .map(|(differences, job)| format!("{}: {}", line(job), differences.join(", ")));
        let lines: Vec<_> = lines.collect();
        let rest = jobs.len().saturating_sub(SHOWN);
        match (lines.is_empty(), rest) {
            (true, _) => format!("there is no {self}; no job waits or runs at all"),
            (_, 0) => format!("there is no {self}; there are\n{}", lines.join("\n")),
            _ => format!("there is no {self}; there are\n{}\nand {rest} more", lines.join("\n")),
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job of type {}", self.job_type)?;
        let said = [
            ("args", self.args.as_ref().map(ToString::to_string)),
            ("queue", self.queue.clone()),
            ("target_id", self.target_id.clone()),
            ("key", self.key.clone()),
            ("priority", self.priority.map(|p| p.to_string())),
            ("tag", self.tag.clone()),
            ("run_at", self.run_at.map(|at| at.to_string())),
        ];
        let said = said.into_iter().filter_map(|(what, value)| Some((what, value?)));
        said.enumerate().try_for_each(|(i, (what, value))| {
            write!(f, "{} {what} {value}", if i == 0 { " with" } else { "," })
        })
    }
}

/// A job in one line.
pub(super) fn line(job: &Job) -> String {
    format!("  job {} {} {} {}", job.id, job.job_type, job.state, job.args)
}

/// Whether args are what is wanted, or an object that holds it.
fn holds(args: &Value, wanted: &Value) -> bool {
    match (args, wanted) {
        (Value::Object(args), Value::Object(wanted)) => {
            wanted.iter().all(|(name, value)| args.get(name).is_some_and(|there| holds(there, value)))
        }
        _ => args == wanted,
    }
}

//! What calls on a [`super::Callboard`] give back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::status::Counts;
use crate::domain::{Backoff, Job, KeyPath, Progress, RateLimit, Timestamp};
use crate::store::verbs::enqueue::Stored;
use crate::workers::ToolInfo;

/// What became of an enqueue.
#[derive(Clone, Debug)]
pub struct Enqueued {
    /// The job: the new one, or the one that was there.
    pub job: Job,
    /// Whether it was there already.
    pub duplicate: bool,
}

/// What became of a bulk enqueue.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct EnqueuedMany {
    /// In the order of the jobs given; a duplicate's is that of the job that is there.
    pub ids: Vec<i64>,
    /// How many were there already.
    pub duplicates: usize,
}

impl EnqueuedMany {
    pub(super) fn of(stored: &[Stored]) -> Self {
        Self {
            ids: stored.iter().map(|s| s.id).collect(),
            duplicates: stored.iter().filter(|s| s.duplicate).count(),
        }
    }
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = JobPage)]
pub struct Page {
    /// The jobs.
    pub jobs: Vec<Job>,
    /// Give it back for the next page; `None` on the last one.
    pub next_cursor: Option<String>,
}

/// What became of a cancel.
#[derive(Clone, Debug)]
pub struct Cancelled {
    /// The job as it is now.
    pub job: Job,
    /// False: it runs, and its worker was told.
    pub at_once: bool,
}

/// What a bulk action does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Another go.
    Retry,
    /// Call off.
    Cancel,
    /// Delete; final jobs only.
    Delete,
}

/// What became of a bulk action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Acted {
    /// Jobs that the filter matched.
    pub matched: u64,
    /// Jobs that were changed.
    pub changed: u64,
}

/// What became of a part of a bulk action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ActedOnPart {
    /// What became of this part.
    #[serde(flatten)]
    pub acted: Acted,
    /// Where the next part begins; `None` when this was the last one.
    pub next_cursor: Option<String>,
}

/// A job type as `/api/job-types` shows it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = JobType)]
pub struct JobTypeInfo {
    /// Its name.
    pub name: String,
    /// One sentence for people.
    pub description: String,
    /// JSON Schema of its args.
    #[schema(schema_with = crate::domain::schema::object)]
    pub args_schema: serde_json::Value,
    /// How many attempts may run at once on a node.
    pub concurrency: u32,
    /// How many may run at once on all nodes together.
    pub global_concurrency: Option<u32>,
    /// What tells jobs apart of which only so many run at once.
    pub concurrency_key: Option<KeyPath>,
    /// How many of each value of `concurrency_key` run at once.
    pub concurrency_per_key: Option<u32>,
    /// How many may start in a span of time.
    pub rate_limit: Option<RateLimit>,
    /// What tells jobs apart that start in turns.
    pub fairness_key: Option<KeyPath>,
    /// The longest an attempt may take, unless the job says otherwise.
    pub timeout_secs: Option<f64>,
    /// Failures that are followed by another try, unless the job says otherwise.
    pub max_retries: u32,
    /// The delays between tries, unless the job says otherwise.
    pub backoff: Backoff,
    /// Whether it can run here.
    pub available: bool,
    /// Why not, and what to do.
    pub unavailable_reason: Option<String>,
    /// The programs that it drives, with their versions.
    pub tools: Vec<ToolInfo>,
    /// Whether no job of it is started.
    pub paused: bool,
    /// Attempts that run now.
    pub running: i64,
    /// Its jobs by state.
    #[schema(schema_with = crate::domain::schema::counts)]
    pub counts: Counts,
}

/// Changes to a job type at run time; kept over restarts. The inner `None` clears.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobTypePatch {
    /// How many attempts may run at once on a node.
    pub concurrency: Option<u32>,
    /// How many may run at once on all nodes together.
    pub global_concurrency: Option<Option<u32>>,
    /// How many may start in a span of time.
    pub rate_limit: Option<Option<RateLimit>>,
    /// The longest an attempt may take.
    pub timeout_secs: Option<Option<f64>>,
}

/// An attempt that runs now.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Worker)]
pub struct WorkerView {
    /// Node and worker.
    pub worker_id: String,
    /// Its job type.
    pub job_type: String,
    /// Its job.
    pub job_id: i64,
    /// The attempt's number.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How far it is.
    pub progress: Progress,
}

/// Whether the parts of the program make progress.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Readiness {
    /// Whether all is well.
    pub ready: bool,
    /// Each part with what is wrong with it, or `ok`.
    pub parts: BTreeMap<String, String>,
    /// What is wrong: for how long, and what to do about it. Empty when all is well.
    pub reasons: Vec<Reason>,
}

/// A part that is not well.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Reason {
    /// The part, as in `parts`.
    pub part: String,
    /// What is wrong with it.
    pub fault: String,
    /// Whether the server is unready because of it.
    pub blocks: bool,
    /// For how long it has been so, in seconds, where that is known.
    pub age_secs: Option<f64>,
    /// What to do.
    pub advice: &'static str,
}

//! The job as users see it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Backoff, Json, OnParentFailure, SignalInfo, State, StepInfo, Timestamp, Unique, WaitingFor};

/// A stored job, in the shape of the HTTP API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Job {
    /// Given by the store, rising.
    pub id: i64,
    /// The caller's own id.
    #[schema(min_length = 1, max_length = 255)]
    pub key: Option<String>,
    /// Picks the worker.
    #[schema(schema_with = super::schema::job_type)]
    pub job_type: String,
    /// What remote workers fetch from, and a unit to pause.
    #[schema(schema_with = super::schema::queue)]
    pub queue: String,
    /// What the job works on.
    #[schema(min_length = 1, max_length = 255)]
    pub target_id: Option<String>,
    /// Where it is in its life.
    pub state: State,
    /// 1 (first) to 10.
    #[schema(minimum = 1, maximum = 10)]
    pub priority: u8,
    /// An object or an array. Secrets in it are [sealed](super::secret), and written as `[redacted]`.
    #[serde(serialize_with = "super::secret::serialize_redacted")]
    #[schema(schema_with = super::schema::args)]
    pub args: Json,
    /// Labels.
    #[schema(schema_with = super::schema::tags)]
    pub tags: Vec<String>,
    /// Free for the caller; an object.
    #[schema(schema_with = super::schema::object)]
    pub metadata: Json,
    /// Failures since the start or the last retry by hand.
    pub retry_count: u32,
    /// How many failures are followed by another try.
    #[schema(maximum = 1000)]
    pub max_retries: u32,
    /// Attempts started so far.
    pub attempt: u32,
    /// The longest that one attempt may take; `None`: no limit.
    pub timeout_secs: Option<f64>,
    /// Whether `timeout_secs` is to be the job type's (it was not given).
    #[serde(skip)]
    pub timeout_inherited: bool,
    /// As given.
    pub unique: Option<Unique>,
    /// As given.
    pub backoff: Option<Backoff>,
    /// What becomes of it when a parent fails.
    pub on_parent_failure: OnParentFailure,
    /// When a cancel was asked for.
    pub cancel_requested_at: Option<Timestamp>,
    /// How often in a row the process died under it.
    pub crash_count: u32,
    /// How far it is.
    pub progress: Progress,
    /// What the worker gave back.
    #[schema(schema_with = super::schema::any)]
    pub result: Option<Json>,
    /// The last attempt's.
    pub error: Option<String>,
    /// One of `depends_on`: the job that made it.
    pub parent_job_id: Option<i64>,
    /// The jobs that must be final first.
    pub depends_on: Vec<i64>,
    /// The workflow it belongs to.
    pub workflow_id: Option<i64>,
    /// Its name in the workflow.
    pub name: Option<String>,
    /// Node and worker that run it now, or ran it last.
    pub worker_id: Option<String>,
    /// Not before.
    pub run_at: Option<Timestamp>,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// When the last attempt began.
    pub started_at: Option<Timestamp>,
    /// When a final state was reached.
    pub completed_at: Option<Timestamp>,
    /// Why an unfinished job does not run (one-job reads only; the inner `None`: it runs or is about
    /// to).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Option<WaitingFor>)]
    pub waiting_for: Option<Option<WaitingFor>>,
    /// Its attempts (one-job reads only).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attempts: Option<Vec<Attempt>>,
    /// Its finished steps, without their values (one-job reads only).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub steps: Option<Vec<StepInfo>>,
    /// The signals that it was given or waits for, without their payloads (one-job reads only).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signals: Option<Vec<SignalInfo>>,
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Progress {
    /// 0 to 100.
    #[schema(minimum = 0, maximum = 100)]
    pub percent: f64,
    /// Items, bytes or whatever the worker counts.
    pub processed: u64,
    /// How many there are in all, if that is known.
    pub total: Option<u64>,
    /// For people.
    pub message: Option<String>,
    /// When this was said.
    pub updated_at: Option<Timestamp>,
}

/// The right to finish one attempt of one job. The store refuses everybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// The job.
    pub job_id: i64,
    /// The attempt's number.
    pub attempt: u32,
    /// The node that claimed it.
    pub node: i64,
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job {} attempt {} on node {}", self.job_id, self.attempt, self.node)
    }
}

/// One run of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it runs.
    pub finished_at: Option<Timestamp>,
    /// How it ended; `None` while it runs.
    pub outcome: Option<Outcome>,
    /// What went wrong, with its chain of causes.
    pub error: Option<String>,
    /// Node and worker that ran it.
    pub worker_id: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<i64>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AttemptOutcome)]
pub enum Outcome {
    /// The worker finished.
    Success,
    /// It failed and may be tried again.
    Error,
    /// It failed for good.
    Fatal,
    /// It took too long.
    Timeout,
    /// It was called off.
    Cancelled,
    /// It wants to be called again later.
    Snoozed,
    /// Its process died.
    Lost,
    /// Shutdown took it back.
    Released,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Success,
        Self::Error,
        Self::Fatal,
        Self::Timeout,
        Self::Cancelled,
        Self::Snoozed,
        Self::Lost,
        Self::Released,
    ];

    /// The word that users and the database know it by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Fatal => "fatal",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Snoozed => "snoozed",
            Self::Lost => "lost",
            Self::Released => "released",
        }
    }
}

impl FromStr for Outcome {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|o| o.as_str() == s).ok_or_else(|| format!("no outcome {s:?}"))
    }
}

/// A server process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Node)]
pub struct NodeInfo {
    /// Given by the store, rising.
    pub id: i64,
    /// Its machine.
    pub host: String,
    /// Its process id there.
    pub pid: u32,
    /// When it came up.
    pub started_at: Timestamp,
    /// When it was last heard of.
    pub heartbeat_at: Timestamp,
    /// `alive`, `stopped` (went down in order) or `lost`.
    pub state: String,
}

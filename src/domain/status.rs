//! Counts of everything, as the status endpoint shows them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{State, Timestamp};

/// How many jobs there are in each state.
pub type Counts = BTreeMap<State, i64>;

/// All states with zero jobs.
#[must_use]
pub fn no_counts() -> Counts {
    State::ALL.into_iter().map(|s| (s, 0)).collect()
}

/// The state of the whole queue. Its cost does not grow with the number of stored jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QueueStatus {
    /// Jobs by state.
    #[schema(schema_with = super::schema::counts)]
    pub counts: Counts,
    /// Jobs by type and state.
    #[schema(schema_with = super::schema::counts_by_type)]
    pub by_job_type: BTreeMap<String, Counts>,
    /// Attempts that run now.
    pub active_workers: i64,
    /// All stored jobs.
    pub total: i64,
    /// How long the oldest pending job has been waiting, in seconds.
    pub oldest_pending_age_secs: Option<f64>,
    /// What happened in the last 60 seconds.
    pub last_minute: Throughput,
    /// What happened in the last 60 minutes.
    pub last_hour: Throughput,
}

/// What happened in a span of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Throughput {
    /// Jobs made.
    pub enqueued: i64,
    /// Jobs completed.
    pub completed: i64,
    /// Jobs that came to the dead letters.
    pub failed: i64,
    /// From ready to started, in milliseconds; `None` when nothing started.
    pub queue_latency_ms: Option<Percentiles>,
}

/// The middle and the slow end of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Percentiles {
    /// Half were at most this.
    pub p50: f64,
    /// 99 of 100 were at most this.
    pub p99: f64,
}

/// One queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Queue)]
pub struct QueueInfo {
    /// Its name.
    pub name: String,
    /// Whether no job of it is started.
    pub paused: bool,
    /// Its jobs by state.
    #[schema(schema_with = super::schema::counts)]
    pub counts: Counts,
    /// Age of its oldest pending job in seconds; 0 when there is none.
    pub latency_secs: f64,
}

/// What happened in one step of a chart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When it begins.
    pub at: Timestamp,
    /// Jobs made.
    pub enqueued: i64,
    /// Jobs completed.
    pub completed: i64,
    /// Jobs that came to the dead letters.
    pub failed: i64,
}

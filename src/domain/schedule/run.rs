//! What became of the runs of a schedule.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::{State, Timestamp};

/// One entry in the history of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScheduleRun {
    /// From 1, rising.
    pub number: i64,
    /// When it was due.
    pub due_at: Timestamp,
    /// When that was seen to.
    pub fired_at: Timestamp,
    /// What made it run.
    pub trigger: Trigger,
    /// What came of it.
    pub outcome: RunOutcome,
    /// The job that it made, or the one that stood in its way.
    pub job_id: Option<i64>,
    /// Why it made none.
    pub reason: Option<String>,
    /// The state of that job now; `None`: there is none, or it is deleted.
    pub job_state: Option<State>,
}

/// What makes a schedule run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ScheduleTrigger)]
pub enum Trigger {
    /// Its time came.
    Time,
    /// Somebody wanted it.
    Manual,
}

/// What came of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ScheduleRunOutcome)]
pub enum RunOutcome {
    /// Its job is in the queue.
    Enqueued,
    /// It was left out; `reason` says why.
    Skipped,
    /// Nobody was there when it was due, and it was not made up for; `reason` says how many there were.
    Missed,
}

impl Trigger {
    /// The word that users and the database know it by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Manual => "manual",
        }
    }
}

impl RunOutcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Enqueued, Self::Skipped, Self::Missed];

    /// The word that users and the database know it by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enqueued => "enqueued",
            Self::Skipped => "skipped",
            Self::Missed => "missed",
        }
    }
}

impl FromStr for Trigger {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        [Self::Time, Self::Manual].into_iter().find(|t| t.as_str() == s).ok_or(format!("no trigger {s:?}"))
    }
}

impl FromStr for RunOutcome {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        let all = [Self::Enqueued, Self::Skipped, Self::Missed];
        all.into_iter().find(|o| o.as_str() == s).ok_or(format!("no outcome {s:?}"))
    }
}

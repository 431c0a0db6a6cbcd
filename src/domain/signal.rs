//! Signals: what a job waits for from outside, a person's approval for one.

use serde::{Deserialize, Serialize};

use super::{Json, Timestamp};

/// The most signals of one job.
pub const MAX_SIGNALS: u32 = 1000;
/// The payloads of all signals of a job together may be so many times as large as a result.
pub const ALL_PAYLOADS: usize = 16;

/// A signal of a job, without its payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SignalInfo {
    /// What the worker calls it.
    pub name: String,
    /// When it came; `None`: it has not yet.
    pub at: Option<Timestamp>,
    /// How large its payload is, as JSON.
    pub bytes: Option<i64>,
    /// How long the job waits for it, or did; `None`: it has not begun to.
    pub until: Option<Timestamp>,
    /// Whether the job has gone on without it.
    pub timed_out: bool,
}

/// A signal of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Signal {
    /// Which.
    #[serde(flatten)]
    pub info: SignalInfo,
    /// What came with it.
    #[schema(schema_with = super::schema::any)]
    pub payload: Option<Json>,
}

//! Steps of a job that have finished: what a later attempt need not do again.

use serde::{Deserialize, Serialize};

use super::{Json, Timestamp};

/// The most steps of one job.
pub const MAX_STEPS: u32 = 1000;
/// The values of all steps of a job together may be so many times as large as a result.
pub const ALL_STEPS: usize = 16;

/// A finished step, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StepInfo {
    /// What the worker calls it.
    pub name: String,
    /// The attempt that finished it.
    pub attempt: u32,
    /// When.
    pub at: Timestamp,
    /// How large its value is, as JSON.
    pub bytes: i64,
}

/// A finished step.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Step {
    /// Which.
    #[serde(flatten)]
    pub info: StepInfo,
    /// What it gave.
    pub value: Json,
}

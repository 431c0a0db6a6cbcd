//! A plan of changes to a media library, which a person reviews row by row before it is applied.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Json, Timestamp};

/// A change that is proposed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The scene that it is about.
    pub scene_id: i64,
    /// When the scene was last changed, as of the proposal.
    pub base_updated_at: String,
    /// The field.
    pub field: String,
    /// What is there.
    pub old: Json,
    /// What should be there.
    pub new: Json,
    /// Why.
    pub reason: String,
    /// How certain that is, 0 to 1.
    pub confidence: f64,
}

/// What became of a proposed change.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[schema(as = PlanRowState)]
pub enum RowState {
    /// Nobody has looked at it yet.
    Proposed,
    /// It may be made.
    Approved,
    /// It must not be made.
    Rejected,
    /// It was made.
    Applied,
    /// The scene was changed by somebody else meanwhile, so it was not made.
    Conflict,
    /// The library refused it.
    Failed,
}

impl RowState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Proposed, Self::Approved, Self::Rejected, Self::Applied, Self::Conflict, Self::Failed];
    /// Those in which a person may still decide.
    pub const OPEN: [Self; 3] = [Self::Proposed, Self::Approved, Self::Rejected];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Applied => "applied",
            Self::Conflict => "conflict",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for RowState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RowState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|state| state.as_str()).collect();
            format!("must be one of {}", known.join(", "))
        })
    }
}

/// A proposed change with its place in a plan.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PlanRow {
    /// Its number in the plan, from 1.
    pub number: i64,
    /// The scene that it is about.
    pub scene_id: i64,
    /// When the scene was last changed, as of the proposal.
    pub base_updated_at: String,
    /// The field.
    pub field: String,
    /// What was there.
    pub old: Json,
    /// What should be there.
    pub new: Json,
    /// Why.
    pub reason: String,
    /// How certain that is, 0 to 1.
    pub confidence: f64,
    /// What became of it.
    pub state: RowState,
    /// What is to be said about that.
    pub note: Option<String>,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Plan {
    /// Its id.
    pub id: i64,
    /// The job that made it.
    pub job_id: i64,
    /// Whether it is whole; one that is not can be read but not reviewed.
    pub ready: bool,
    /// When it was begun.
    pub created_at: Timestamp,
    /// How many changes it proposes.
    pub total_changes: i64,
    /// Its rows by state.
    #[schema(value_type = BTreeMap<String, i64>)]
    pub counts: BTreeMap<RowState, i64>,
}

/// Which rows of a plan are meant. Everything that is given must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowFilter {
    /// These numbers.
    pub numbers: Option<Vec<i64>>,
    /// This state.
    pub state: Option<RowState>,
    /// This field.
    pub field: Option<String>,
    /// This scene.
    pub scene_id: Option<i64>,
    /// At least this certain.
    pub min_confidence: Option<f64>,
}

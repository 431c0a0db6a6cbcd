//! A stored workflow as users see it.

use serde::{Deserialize, Serialize};

use super::status::Counts;
use super::{State, Timestamp};

/// A workflow, without its jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WorkflowInfo {
    /// Given by the store, rising.
    pub id: i64,
    /// For people.
    pub name: Option<String>,
    /// `running` until all jobs are final; then `completed`, `failed` or `cancelled`.
    pub state: State,
    /// Its jobs by state.
    #[schema(schema_with = super::schema::counts)]
    pub counts: Counts,
    /// When a cancel of the whole was asked for.
    pub cancel_requested_at: Option<Timestamp>,
    /// The node of another workflow that this one is.
    pub parent_job_id: Option<i64>,
    /// The job that was made when all others were final, for the last time that this happened.
    pub callback_job_id: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its last job became final.
    pub completed_at: Option<Timestamp>,
}

impl WorkflowInfo {
    /// How many jobs it has.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.counts.values().sum()
    }

    /// How many of them are final.
    #[must_use]
    pub fn done(&self) -> i64 {
        State::FINAL.iter().filter_map(|state| self.counts.get(state)).sum()
    }
}

/// A job in its workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WorkflowNode {
    /// Its name there.
    pub name: String,
    /// The job.
    pub id: i64,
    /// Its type.
    pub job_type: String,
    /// Where it is in its life.
    pub state: State,
    /// The names of the nodes that it waits for, or waited for.
    pub depends_on: Vec<String>,
    /// The workflow that it is, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child_workflow_id: Option<i64>,
}

/// A workflow with its jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Workflow)]
pub struct WorkflowView {
    /// What is to be said of the whole.
    #[serde(flatten)]
    pub info: WorkflowInfo,
    /// Its jobs, in the order of their ids.
    pub jobs: Vec<WorkflowNode>,
}

/// What the states of its jobs make of a workflow. `None`: it is not over.
///
/// One that was called off is `cancelled` if that stopped anything; else one failed job makes it
/// `failed`, and a job that was called off by itself makes it `cancelled`.
#[must_use]
pub fn rolled_up(counts: impl Fn(State) -> i64, called_off: bool) -> Option<State> {
    if State::UNFINISHED.into_iter().any(|state| counts(state) > 0) {
        return None;
    }
    let (failed, cancelled) = (counts(State::Failed) > 0, counts(State::Cancelled) > 0);
    Some(match (failed, cancelled) {
        (_, true) if called_off => State::Cancelled,
        (true, _) => State::Failed,
        (false, true) => State::Cancelled,
        (false, false) => State::Completed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(failed: i64, cancelled: i64, running: i64, called_off: bool) -> Option<State> {
        rolled_up(
            |state| match state {
                State::Completed => 1,
                State::Failed => failed,
                State::Cancelled => cancelled,
                State::Running => running,
                _ => 0,
            },
            called_off,
        )
    }

    #[test]
    fn the_worst_counts_unless_it_was_called_off() {
        assert_eq!(of(0, 0, 0, false), Some(State::Completed));
        assert_eq!(of(0, 0, 0, true), Some(State::Completed));
        assert_eq!(of(1, 1, 0, false), Some(State::Failed));
        assert_eq!(of(1, 1, 0, true), Some(State::Cancelled));
        assert_eq!(of(1, 0, 0, true), Some(State::Failed));
        assert_eq!(of(0, 1, 0, false), Some(State::Cancelled));
        assert_eq!(of(1, 1, 1, true), None);
    }
}

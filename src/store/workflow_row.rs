//! A row of `workflows`, and how it becomes a [`WorkflowInfo`].

use diesel::prelude::*;

use super::schema::workflows;
use super::sql::Db;
use crate::domain::{State, Timestamp, WorkflowInfo};

/// The columns of `workflows` in the order of [`WorkflowRow`].
pub const COLUMNS: &str = "id, name, state, scheduled, blocked, pending, running, retrying, completed, failed, \
    cancelled, parent_job_id, callback, callback_job_id, created_at, cancel_requested_at, completed_at, is_batch, \
    open_until";

/// A row of `workflows`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = workflows, check_for_backend(Db))]
#[allow(missing_docs)]
pub struct WorkflowRow {
    pub id: i64,
    pub name: Option<String>,
    pub state: String,
    pub scheduled: i64,
    pub blocked: i64,
    pub pending: i64,
    pub running: i64,
    pub retrying: i64,
    pub completed: i64,
    pub failed: i64,
    pub cancelled: i64,
    pub parent_job_id: Option<i64>,
    pub callback: Option<String>,
    pub callback_job_id: Option<i64>,
    pub created_at: i64,
    pub cancel_requested_at: Option<i64>,
    pub completed_at: Option<i64>,
    pub is_batch: bool,
    pub open_until: Option<i64>,
}

/// The SQL type of a whole row.
pub type WorkflowSql = diesel::dsl::SqlTypeOf<<WorkflowRow as Selectable<Db>>::SelectExpression>;

impl WorkflowRow {
    /// Its state. The database holds no other words: only `lifecycle` writes them.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.parse().unwrap_or(State::Running)
    }

    /// Whether more jobs are waited for, so that it is not over without any.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open_until.is_some() && self.cancel_requested_at.is_none()
    }

    /// How many of its jobs are in a state.
    #[must_use]
    pub const fn count(&self, state: State) -> i64 {
        match state {
            State::Scheduled => self.scheduled,
            State::Blocked => self.blocked,
            State::Pending => self.pending,
            State::Running => self.running,
            State::Retrying => self.retrying,
            State::Completed => self.completed,
            State::Failed => self.failed,
            State::Cancelled => self.cancelled,
        }
    }

    /// The workflow as users see it.
    #[must_use]
    pub fn into_info(self) -> WorkflowInfo {
        let time = |ms: Option<i64>| ms.map(Timestamp::from_millis);
        WorkflowInfo {
            id: self.id,
            state: self.state(),
            counts: State::ALL.into_iter().map(|state| (state, self.count(state))).collect(),
            cancel_requested_at: time(self.cancel_requested_at),
            parent_job_id: self.parent_job_id,
            callback_job_id: self.callback_job_id,
            created_at: Timestamp::from_millis(self.created_at),
            completed_at: time(self.completed_at),
            name: self.name,
        }
    }
}

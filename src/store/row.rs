//! A row of `jobs`, and how it becomes a [`Job`].

use diesel::prelude::*;

use super::schema::jobs;
use super::sql::Db;
use crate::domain::{Job, Json, OnParentFailure, Progress, State, Timestamp};

/// The columns of `jobs` in the order of [`JobRow`].
pub const COLUMNS: &str = "id, state, job_type, queue, priority, attempt, node, retry_count, max_retries, \
    crash_count, has_children, has_parents, parents_left, run_at, created_at, ready_at, started_at, completed_at, cancel_requested_at, \
    timeout_secs, key, target_id, unique_hash, unique_states, unique_until, unique_spec, backoff, \
    on_parent_failure, parent_job_id, workflow_id, name, worker_id, tags, metadata, progress, args, result, error";

/// A row of `jobs`.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = jobs, check_for_backend(Db))]
#[allow(missing_docs)]
pub struct JobRow {
    pub id: i64,
    pub state: String,
    pub job_type: String,
    pub queue: String,
    pub priority: i32,
    pub attempt: i32,
    pub node: Option<i64>,
    pub retry_count: i32,
    pub max_retries: i32,
    pub crash_count: i32,
    pub has_children: bool,
    pub has_parents: bool,
    pub parents_left: i32,
    pub run_at: Option<i64>,
    pub created_at: i64,
    pub ready_at: i64,
    pub started_at: Option<i64>,
    pub completed_at: Option<i64>,
    pub cancel_requested_at: Option<i64>,
    pub timeout_secs: Option<f64>,
    pub key: Option<String>,
    pub target_id: Option<String>,
    pub unique_hash: Option<String>,
    pub unique_states: Option<String>,
    pub unique_until: Option<i64>,
    pub unique_spec: Option<String>,
    pub backoff: Option<String>,
    pub on_parent_failure: String,
    pub parent_job_id: Option<i64>,
    pub workflow_id: Option<i64>,
    pub name: Option<String>,
    pub worker_id: Option<String>,
    pub tags: Option<String>,
    pub metadata: Option<String>,
    pub progress: Option<String>,
    pub args: String,
    pub result: Option<String>,
    pub error: Option<String>,
}

/// The SQL type of a whole row.
pub type RowSql = diesel::dsl::SqlTypeOf<<JobRow as Selectable<Db>>::SelectExpression>;

impl JobRow {
    /// Its state. The database holds no other words: only `lifecycle` writes them.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.parse().unwrap_or(State::Failed)
    }

    /// The row as a claim leaves it.
    #[must_use]
    pub fn started(self, node: i64, worker_id: &str, now: Timestamp) -> Self {
        Self {
            state: State::Running.to_string(),
            attempt: self.attempt + 1,
            node: Some(node),
            worker_id: Some(worker_id.to_owned()),
            started_at: Some(now.as_millis()),
            progress: None,
            ..self
        }
    }

    /// The job as users see it. The ids it depends on come from another table.
    #[must_use]
    pub fn into_job(self, depends_on: Vec<i64>) -> Job {
        let time = |ms: Option<i64>| ms.map(Timestamp::from_millis);
        Job {
            id: self.id,
            state: self.state(),
            job_type: self.job_type,
            queue: self.queue,
            key: self.key,
            target_id: self.target_id,
            priority: u8::try_from(self.priority).unwrap_or(10),
            args: Json::trusted(self.args),
            tags: self.tags.as_deref().map(read).unwrap_or_default(),
            metadata: self.metadata.map_or_else(Json::empty_object, Json::trusted),
            retry_count: count(self.retry_count),
            max_retries: count(self.max_retries),
            attempt: count(self.attempt),
            timeout_secs: self.timeout_secs.filter(|s| *s > 0.0),
            timeout_inherited: self.timeout_secs.is_none(),
            unique: self.unique_spec.as_deref().and_then(|t| serde_json::from_str(t).ok()),
            backoff: self.backoff.as_deref().and_then(|t| serde_json::from_str(t).ok()),
            on_parent_failure: if self.on_parent_failure == OnParentFailure::Run.as_str() {
                OnParentFailure::Run
            } else {
                OnParentFailure::Cancel
            },
            cancel_requested_at: time(self.cancel_requested_at),
            crash_count: count(self.crash_count),
            progress: self.progress.as_deref().map(read::<Progress>).unwrap_or_default(),
            result: self.result.map(Json::trusted),
            error: self.error,
            parent_job_id: self.parent_job_id,
            depends_on,
            workflow_id: self.workflow_id,
            name: self.name,
            worker_id: self.worker_id,
            run_at: time(self.run_at),
            created_at: Timestamp::from_millis(self.created_at),
            started_at: time(self.started_at),
            completed_at: time(self.completed_at),
            waiting_for: None,
            attempts: None,
            steps: None,
            signals: None,
        }
    }
}

fn count(n: i32) -> u32 {
    u32::try_from(n).unwrap_or_default()
}

fn read<T: serde::de::DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}

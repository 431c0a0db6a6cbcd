//! Everything that is stored about jobs, to see that a refused write left no trace.

use callboard::store::row::JobRow;
use callboard::store::schema::{
    attempts, counters, dependencies, job_tags, jobs, signals, stats, steps, workflows,
};
use callboard::store::sql::Conn;
use callboard::store::workflow_row::WorkflowRow;
use diesel::prelude::*;

use super::TestStore;

/// One ended attempt: job, number, start, end, outcome, error, worker.
pub type AttemptRow = (i64, i32, i64, i64, String, Option<String>, Option<String>);

/// A signal: job, name, until, parked, timed out, came, size, payload.
pub type SignalRow = (i64, String, Option<i64>, Option<i32>, bool, Option<i64>, Option<i64>, Option<String>);

/// The tables that the verbs write.
#[derive(Debug)]
pub struct Picture {
    pub jobs: Vec<JobRow>,
    pub attempts: Vec<AttemptRow>,
    pub dependencies: Vec<(i64, i64)>,
    pub tags: Vec<(String, i64)>,
    pub steps: Vec<(i64, String, i32, String)>,
    pub signals: Vec<SignalRow>,
    pub counters: Vec<(String, String, String, i64)>,
    pub stats: Vec<(i64, String, i32, i64)>,
    pub workflows: Vec<WorkflowRow>,
}

impl PartialEq for Picture {
    fn eq(&self, other: &Self) -> bool {
        // Rows of jobs hold floats and have no equality of their own.
        format!("{self:?}") == format!("{other:?}")
    }
}

impl Picture {
    fn take(conn: &mut Conn) -> QueryResult<Self> {
        Ok(Self {
            jobs: jobs::table.order(jobs::id).select(JobRow::as_select()).load(conn)?,
            attempts: attempts::table.order((attempts::job_id, attempts::number)).load(conn)?,
            dependencies: dependencies::table
                .order((dependencies::child_id, dependencies::parent_id))
                .load(conn)?,
            tags: job_tags::table.order((job_tags::tag, job_tags::job_id)).load(conn)?,
            steps: steps::table
                .order((steps::job_id, steps::name))
                .select((steps::job_id, steps::name, steps::attempt, steps::value))
                .load(conn)?,
            signals: signals::table.order((signals::job_id, signals::name)).load(conn)?,
            counters: counters::table
                .filter(counters::n.ne(0))
                .order((counters::job_type, counters::queue, counters::state))
                .load(conn)?,
            stats: stats::table.order((stats::at, stats::job_type, stats::metric)).load(conn)?,
            workflows: workflows::table.order(workflows::id).select(WorkflowRow::as_select()).load(conn)?,
        })
    }
}

impl TestStore {
    pub async fn picture(&self) -> Picture {
        self.store.read(Picture::take).await.unwrap()
    }
}

//! What runs now.

use diesel::prelude::*;

use super::list::list;
use crate::domain::ident::WORKFLOW_NODE;
use crate::domain::{Job, JobFilter, Order, State};
use crate::store::sql::Conn;

/// Jobs that run, oldest first, at most `most`.
pub fn running(conn: &mut Conn, most: usize) -> QueryResult<Vec<Job>> {
    let filter = JobFilter { state: vec![State::Running], ..JobFilter::default() };
    let mut jobs = list(conn, &filter, Order::Oldest, None, most)?.jobs;
    // A job that is a workflow runs without a worker.
    jobs.retain(|job| job.job_type != WORKFLOW_NODE);
    Ok(jobs)
}

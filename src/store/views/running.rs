//! What runs now.

use diesel::prelude::*;

use super::list::list;
use crate::domain::{Job, JobFilter, Order, State};
use crate::store::sql::Conn;

/// Jobs that run, oldest first, at most `most`.
pub fn running(conn: &mut Conn, most: usize) -> QueryResult<Vec<Job>> {
    let filter = JobFilter { state: vec![State::Running], ..JobFilter::default() };
    Ok(list(conn, &filter, Order::Oldest, None, most)?.jobs)
}

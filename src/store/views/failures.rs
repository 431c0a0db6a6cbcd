//! The dead letters, by the time at which they became that.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::domain::{State, Timestamp, lifecycle};
use crate::store::sql::{self, Conn, binds, statement};

statement!(
    Latest,
    // The second condition is what makes the partial index fit; errors are cut because they may be
    // long and only their beginning is shown.
    format!(
        "SELECT id, job_type, substr(coalesce(error, ''), 1, 1000), coalesce(completed_at, 0) FROM jobs \
         WHERE state = '{}' AND state IN ({}) ORDER BY completed_at DESC, id DESC LIMIT ?",
        State::Failed,
        lifecycle::sql_list(&State::FINAL)
    )
);

/// A dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The job.
    pub id: i64,
    /// Its type.
    pub job_type: String,
    /// The beginning of its error.
    pub error: String,
    /// When it failed.
    pub at: Timestamp,
}

/// The latest ones, at most `most`.
pub fn latest(conn: &mut Conn, most: u32) -> QueryResult<Vec<Failure>> {
    type Row = (i64, String, String, i64);
    let rows: Vec<Row> = sql::load::<Latest, (BigInt, Text, Text, BigInt), _>(conn, binds![most])?;
    let failure = |(id, job_type, error, at)| Failure { id, job_type, error, at: Timestamp::from_millis(at) };
    Ok(rows.into_iter().map(failure).collect())
}

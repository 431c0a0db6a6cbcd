//! How long the last runs of a job type took.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::domain::State;
use crate::store::sql::{self, Conn, binds, statement};

statement!(
    Latest,
    format!(
        "SELECT id, \
         CASE WHEN completed_at > started_at THEN completed_at - started_at ELSE 0 END FROM jobs WHERE job_type = ? AND queue = ? \
         AND state = '{}' AND started_at IS NOT NULL AND completed_at IS NOT NULL ORDER BY id DESC LIMIT ?",
        State::Completed
    )
);

/// The last attempts of completed jobs of a type in a queue, the newest first, as (job,
/// milliseconds).
pub fn durations(conn: &mut Conn, job_type: &str, queue: &str, most: u32) -> QueryResult<Vec<(i64, i64)>> {
    sql::load::<Latest, (BigInt, BigInt), _>(conn, binds![job_type, queue, most])
}

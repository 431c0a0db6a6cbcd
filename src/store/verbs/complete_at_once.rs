//! The plain end of attempts on PostgreSQL: one round trip, in which each row is looked up by its id and locked, and
//! then changed where it stands. A list of ids beside other conditions gets a plan that walks over all that has run
//! since the last VACUUM.

use super::complete::{COMPLETED, GUARD, Row, RowSql};
use crate::domain::lifecycle::{self, Move};
use crate::domain::{Outcome, State, Timestamp};
use crate::store::error::StoreResult;
use crate::store::sql::{binds, list, statement};
use crate::store::tx::Tx;

statement!(CompleteAtOnce, |dialect| format!(
    "WITH done AS (UPDATE jobs SET state = '{}', {COMPLETED} WHERE ctid = ANY (ARRAY (SELECT ctid \
         FROM unnest(CAST(translate(?, '[]', '{{}}') AS BIGINT[])) AS ended (wanted) JOIN LATERAL (SELECT ctid \
         FROM jobs WHERE id = wanted AND {GUARD} AND {}{}) AS found ON TRUE)) \
         RETURNING id, job_type, queue, workflow_id, concurrency_key, started_at, attempt, worker_id), \
     noted AS (INSERT INTO attempts (job_id, number, started_at, finished_at, outcome, error, worker_id) \
         SELECT id, attempt, started_at, ?, '{}', NULL, worker_id FROM done) \
     SELECT id, job_type, queue, workflow_id, concurrency_key, started_at FROM done",
    State::Completed,
    lifecycle::sql_guard(Move::Succeed),
    dialect.lock(),
    Outcome::Success.as_str()
));

/// Ends the attempts with one number of one node that can be ended so, and notes them.
pub(super) fn complete(
    tx: &mut Tx<'_>,
    ids: &[i64],
    attempt: u32,
    node: i64,
    now: Timestamp,
) -> StoreResult<Vec<Row>> {
    let ids = list(ids.iter().copied());
    tx.run_returning::<CompleteAtOnce, RowSql, _>(binds![now, now, &ids, attempt, node, now])
}

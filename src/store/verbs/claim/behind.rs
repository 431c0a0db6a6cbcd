//! Claims of PostgreSQL: by priority, each behind its mark (`store::marks`), in one round trip. The rows are locked
//! first and then changed where they stand, so that no plan looks for them once more.

use diesel::sql_types::{BigInt, Integer};

use super::{Claimer, started};
use crate::domain::lifecycle::{self, Move};
use crate::domain::{Job, State, Timestamp};
use crate::store::error::StoreResult;
use crate::store::row::{COLUMNS, JobRow, RowSql};
use crate::store::sql::{LIMIT, binds, statement};
use crate::store::tx::Tx;

statement!(Heads, behind("priority, id", ""));
statement!(Take, |dialect| format!(
    "UPDATE jobs SET state = '{}', attempt = attempt + 1, node = ?, worker_id = ?, started_at = ?, progress = NULL \
     WHERE ctid = ANY (ARRAY ({})) RETURNING {COLUMNS}",
    State::Running,
    behind("ctid", dialect.lock_free())
));

/// The first pending jobs of a queue, without a look at those before the marks that are bound, one for
/// each priority.
fn behind(columns: &str, lock: &str) -> String {
    format!(
        "SELECT {columns} FROM unnest(CAST(? AS BIGINT[])) WITH ORDINALITY AS mark (behind, urgency) \
         JOIN LATERAL (SELECT {columns} FROM jobs WHERE {} AND held IS NULL AND job_type = ? AND queue = ? \
         AND priority = CAST(mark.urgency AS INTEGER) AND rank > mark.behind ORDER BY rank, id{lock}) AS first \
         ON TRUE {LIMIT}",
        lifecycle::sql_guard(Move::Claim)
    )
}

/// Takes the first pending jobs of a queue, in no order.
pub(super) fn take(
    tx: &mut Tx<'_>,
    job_type: &str,
    queue: &str,
    limit: i64,
    by: &Claimer,
    now: Timestamp,
) -> StoreResult<Vec<Job>> {
    let marks = tx.marks(job_type, queue);
    let values = binds![by.node, &by.worker_id, now, &marks, job_type, queue, limit];
    let rows: Vec<JobRow> = tx.run_returning::<Take, RowSql, _>(values)?;
    // Without limits the rank of a job is its id.
    tx.took(job_type, queue, rows.iter().map(|row| (row.priority, row.id)));
    rows.into_iter().map(|row| started(tx, row, now)).collect()
}

/// Priority and id of the first pending jobs of a queue.
pub(super) fn heads(
    tx: &mut Tx<'_>,
    job_type: &str,
    queue: &str,
    limit: i64,
) -> StoreResult<Vec<(i32, i64)>> {
    let marks = tx.marks(job_type, queue);
    tx.load::<Heads, (Integer, BigInt), _>(binds![&marks, job_type, queue, limit])
}

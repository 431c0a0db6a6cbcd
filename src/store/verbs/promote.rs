//! Jobs whose time has come.

use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use crate::domain::lifecycle::{self, Move};
use crate::domain::{State, Timestamp};
use crate::store::error::StoreResult;
use crate::store::sql::{LIMIT, binds, statement};
use crate::store::tx::Tx;

statement!(Due, |dialect| format!(
    "SELECT id, state, job_type, queue, attempt, run_at, workflow_id FROM jobs \
         WHERE {} AND run_at <= ? ORDER BY run_at, id {LIMIT}{}",
    lifecycle::sql_guard(Move::Due),
    dialect.lock_free()
));
statement!(
    Promote,
    format!(
        "UPDATE jobs SET state = '{}', ready_at = ? WHERE id = ? AND {}",
        State::Pending,
        lifecycle::sql_guard(Move::Due)
    )
);
statement!(NextDue, format!("SELECT min(run_at) FROM jobs WHERE {}", lifecycle::sql_guard(Move::Due)));

/// What a round of promotion did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promoted {
    /// Jobs that are pending now.
    pub jobs: usize,
    /// When the next one is due.
    pub next: Option<Timestamp>,
}

/// Makes up to `limit` jobs pending that are due, the longest overdue first.
pub fn promote(tx: &mut Tx<'_>, limit: usize, now: Timestamp) -> StoreResult<Promoted> {
    type Sql = (BigInt, Text, Text, Text, Integer, BigInt, Nullable<BigInt>);
    type Row = (i64, String, String, String, i32, i64, Option<i64>);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let due: Vec<Row> = tx.load::<Due, Sql, _>(binds![now, limit])?;
    let jobs = due.len();
    for (id, state, job_type, queue, attempt, run_at, workflow) in due {
        tx.run::<Promote>(binds![run_at, id])?;
        let job = tx.job_ref(id, &job_type, &queue, attempt, workflow);
        tx.moved(&job, state.parse().ok(), State::Pending, None, now);
    }
    let next: Vec<Option<i64>> = tx.load::<NextDue, Nullable<BigInt>, _>(&[])?;
    Ok(Promoted { jobs, next: next.first().copied().flatten().map(Timestamp::from_millis) })
}

//! Calling jobs off.

use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};

use crate::domain::lifecycle::{self, Move};
use crate::domain::{Claim, State, Timestamp};
use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::sql::{Dialect, binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::limits::held;
use crate::store::verbs::parents;

statement!(Look, |dialect| format!(
    "SELECT state, job_type, queue, attempt, node, has_children, workflow_id, concurrency_key, \
     rate_key FROM jobs WHERE id = ?{}",
    dialect.lock()
));
statement!(
    Cancel,
    format!(
        "UPDATE jobs SET state = '{}', cancel_requested_at = ?, completed_at = ?, held = NULL WHERE id = ? AND {}",
        State::Cancelled,
        lifecycle::sql_guard(Move::Cancel)
    )
);
statement!(
    Ask,
    format!(
        "UPDATE jobs SET cancel_requested_at = coalesce(cancel_requested_at, ?) WHERE id = ? AND {}",
        lifecycle::sql_guard(Move::AskCancel)
    )
);

statement!(
    Asked,
    format!(
        "SELECT id, attempt FROM jobs WHERE state = '{}' AND node IS NOT NULL AND node = ? \
         AND cancel_requested_at IS NOT NULL",
        State::Running
    )
);

/// Tells a node again which of its attempts should stop: another one's word may have been lost. On an
/// embedded database none is.
pub fn remind(tx: &mut Tx<'_>, node: i64) -> StoreResult<()> {
    if tx.dialect() == Dialect::Postgres {
        let asked: Vec<(i64, i32)> = tx.load::<Asked, (BigInt, Integer), _>(binds![node])?;
        for (job_id, attempt) in asked {
            tx.stop(Claim { job_id, attempt: u32::try_from(attempt).unwrap_or_default(), node });
        }
    }
    Ok(())
}

/// Calls a job off. True: it is cancelled; false: it runs, and its worker will be told once this is
/// on disk.
///
/// # Errors
/// Refused when there is no such job or it is final.
pub fn cancel(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> StoreResult<bool> {
    type Keys = (Nullable<Text>, Nullable<Text>);
    type Sql = (Text, Text, Text, Integer, Nullable<BigInt>, Bool, Nullable<BigInt>, Keys);
    type Values = (Option<String>, Option<String>);
    type Row = (String, String, String, i32, Option<i64>, bool, Option<i64>, Values);
    let rows: Vec<Row> = tx.load::<Look, Sql, _>(binds![id])?;
    let Some((state, job_type, queue, attempt, node, has_children, workflow, (concurrency_key, rate_key))) =
        rows.into_iter().next()
    else {
        return Err(Error::NotFound(format!("job {id}")).into());
    };
    let state: State = state.parse().map_err(Error::Conflict)?;
    if state.is_final() {
        return Err(Error::Conflict(format!("job {id} is {state} already and cannot be cancelled")).into());
    }
    let job = tx.job_ref(id, &job_type, &queue, attempt, workflow);
    if let (State::Running, Some(node)) = (state, node) {
        tx.run::<Ask>(binds![now, id])?;
        tx.stop(Claim { job_id: id, attempt: job.attempt, node });
        return Ok(false);
    }
    if state == State::Running {
        // A workflow of its own: it is over when that is.
        tx.run::<Ask>(binds![now, id])?;
        tx.call_off(id, now);
        return Ok(false);
    }
    tx.run::<Cancel>(binds![now, now, id])?;
    tx.moved(&job, Some(state), State::Cancelled, None, now);
    if state == State::Pending {
        held::left(tx, &job_type, concurrency_key.as_deref(), rate_key.as_deref())?;
    }
    if has_children {
        parents::settled(tx, id, State::Cancelled, now)?;
    }
    Ok(true)
}

//! Workflows that programs elsewhere fill job by job until they commit them, with up to two callbacks:
//! one for when every job has run once, and one for when all have completed. Callbacks are jobs of
//! the workflow, so it is over when they are.

mod add;
mod call_back;

use diesel::sql_types::{BigInt, Bool, Nullable, Text};

pub(super) use self::add::add;
pub use self::add::{NewBatch, begin};
pub(super) use self::call_back::keeps_on;
use super::workflows;
use crate::domain::Timestamp;
use crate::domain::batch::{Bid, OPEN_FOR};
use crate::error::Error;
use crate::store::error::{StoreError, StoreResult};
use crate::store::sql::{LIMIT, binds, statement};
use crate::store::tx::Tx;
use crate::store::workflow_row::WorkflowRow;

statement!(
    Find,
    "SELECT parent, complete, success, committed, looked_to, complete_at, success_job_id \
     FROM batches WHERE workflow_id = ?"
);
statement!(Open, "UPDATE workflows SET open_until = ? WHERE id = ?");
statement!(Close, "UPDATE workflows SET open_until = NULL WHERE id = ?");
statement!(Commit, "UPDATE batches SET committed = TRUE WHERE workflow_id = ?");
statement!(
    Over,
    format!(
        "SELECT id FROM workflows WHERE open_until IS NOT NULL AND open_until <= ? ORDER BY open_until {LIMIT}"
    )
);
statement!(NoBatch, "UPDATE workflows SET is_batch = FALSE, open_until = NULL WHERE id = ?");
statement!(Forget, "DELETE FROM batches WHERE workflow_id = ?");

/// What a batch is beside a workflow.
struct Batch {
    parent: Option<i64>,
    complete: Option<String>,
    success: Option<String>,
    committed: bool,
    looked_to: i64,
    complete_at: Option<i64>,
    success_job_id: Option<i64>,
}

/// A batch, and the workflow that it is, with what this transaction has changed so far.
fn find(tx: &mut Tx<'_>, bid: Bid) -> StoreResult<(WorkflowRow, Batch)> {
    let unknown = || StoreError::Refused(Error::NotFound(format!("batch {bid}")));
    let row = match workflows::find(tx, bid.0) {
        Err(StoreError::Refused(Error::NotFound(_))) => return Err(unknown()),
        found => found?,
    };
    let batch = look(tx, bid.0)?.ok_or_else(unknown)?;
    Ok((row, batch))
}

fn look(tx: &mut Tx<'_>, workflow: i64) -> StoreResult<Option<Batch>> {
    type Callbacks = (Nullable<BigInt>, Nullable<Text>, Nullable<Text>);
    type Marks = (Bool, BigInt, Nullable<BigInt>, Nullable<BigInt>);
    type Row = ((Option<i64>, Option<String>, Option<String>), (bool, i64, Option<i64>, Option<i64>));
    let rows: Vec<Row> = tx.load::<Find, (Callbacks, Marks), _>(binds![workflow])?;
    Ok(rows.into_iter().next().map(|((parent, complete, success), marks)| {
        let (committed, looked_to, complete_at, success_job_id) = marks;
        Batch { parent, complete, success, committed, looked_to, complete_at, success_job_id }
    }))
}

/// A batch that takes more jobs.
///
/// # Errors
/// Refused when there is none, or it is over, or its last callback is under way.
fn taking(tx: &mut Tx<'_>, bid: Bid) -> StoreResult<()> {
    let (row, batch) = find(tx, bid)?;
    let why = match row.state() {
        state if state.is_final() => format!("{state} already"),
        _ if row.cancel_requested_at.is_some() => "being cancelled".to_owned(),
        _ if batch.success_job_id.is_some() => "over but for its callback".to_owned(),
        _ => return Ok(()),
    };
    Err(Error::invalid("custom.bid", format!("batch {bid} is {why} and takes no more jobs")).into())
}

/// More jobs are on their way: the batch is not over before it is committed again.
///
/// # Errors
/// As those before it.
pub fn open(tx: &mut Tx<'_>, bid: Bid, now: Timestamp) -> StoreResult<()> {
    taking(tx, bid)?;
    tx.run::<Open>(binds![now.plus(OPEN_FOR), bid.0]).map(|_| ())
}

/// All jobs are there: from now on its callbacks may be made.
///
/// # Errors
/// Refused when there is no such batch.
pub fn commit(tx: &mut Tx<'_>, bid: Bid, now: Timestamp) -> StoreResult<()> {
    find(tx, bid)?;
    tx.run::<Commit>(binds![bid.0])?;
    tx.run::<Close>(binds![bid.0])?;
    tx.look_at(bid.0, now);
    Ok(())
}

/// Waits no more for jobs of up to `limit` batches whose time is up. One that was committed before is
/// as if it was committed again; one that never was is a workflow like others, and calls nobody back.
/// Returns how many there were.
pub fn expire(tx: &mut Tx<'_>, limit: usize, now: Timestamp) -> StoreResult<usize> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let over: Vec<i64> = tx.load::<Over, BigInt, _>(binds![now, limit])?;
    for id in &over {
        match look(tx, *id)? {
            Some(batch) if batch.committed => {
                tx.run::<Close>(binds![*id])?;
            }
            _ => {
                tx.run::<NoBatch>(binds![*id])?;
                tx.run::<Forget>(binds![*id])?;
            }
        }
        tx.look_at(*id, now);
    }
    Ok(over.len())
}

/// A workflow is deleted.
pub(super) fn forget(tx: &mut Tx<'_>, workflow: i64) -> StoreResult<()> {
    tx.run::<Forget>(binds![workflow]).map(|_| ())
}

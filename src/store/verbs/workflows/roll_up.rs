//! What the ends of jobs make of their workflow: kept counters, its own end, its callback.

use std::sync::LazyLock;

use super::nested;
use crate::domain::callback::Callback;
use crate::domain::workflow_info::rolled_up;
use crate::domain::{State, Timestamp};
use crate::store::error::StoreResult;
use crate::store::shift::Shift;
use crate::store::sql::{Bind, binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::enqueue::{self, Place, Prepared};
use crate::store::verbs::{batches, ids};
use crate::store::workflow_row::{COLUMNS, WorkflowRow, WorkflowSql};

static COUNT_ALL: LazyLock<String> = LazyLock::new(|| {
    let counts: Vec<_> = State::ALL.iter().map(|state| format!("{state} = {state} + ?")).collect();
    counts.join(", ")
});

statement!(Count, format!("UPDATE workflows SET {} WHERE id = ? RETURNING {COLUMNS}", *COUNT_ALL));
statement!(Settle, "UPDATE workflows SET state = ? WHERE id = ?");
statement!(End, "UPDATE workflows SET state = ?, completed_at = ? WHERE id = ?");
statement!(
    Reopen,
    format!(
        "UPDATE workflows SET state = '{}', completed_at = NULL, cancel_requested_at = NULL WHERE id = ?",
        State::Running
    )
);
statement!(Forget, "DELETE FROM workflows WHERE id = ?");
statement!(NoteCallback, "UPDATE workflows SET callback_job_id = ? WHERE id = ?");

/// Writes what this transaction has changed in the counters of workflows, ends those in which nothing
/// is left to be done, and takes up again those in which there is something again.
pub(in crate::store) fn roll_up(tx: &mut Tx<'_>) -> StoreResult<()> {
    loop {
        if let Some((id, shift)) = tx.next_shift() {
            count(tx, id, &shift)?;
        } else if let Some(nested) = tx.next_nested() {
            nested::follow(tx, nested)?;
        } else {
            return Ok(());
        }
    }
}

fn count(tx: &mut Tx<'_>, id: i64, shift: &Shift) -> StoreResult<()> {
    let mut binds: Vec<Bind<'_>> = State::ALL.iter().map(|state| shift.by(*state).into()).collect();
    binds.push(id.into());
    let rows: Vec<WorkflowRow> = tx.run_returning::<Count, WorkflowSql, _>(&binds)?;
    for row in rows {
        settle(tx, row, shift)?;
    }
    Ok(())
}

fn settle(tx: &mut Tx<'_>, row: WorkflowRow, shift: &Shift) -> StoreResult<()> {
    if batches::keeps_on(tx, &row, shift.at)? {
        return Ok(());
    }
    let was = row.state();
    let is = rolled_up(|state| row.count(state), row.cancel_requested_at.is_some());
    match is {
        Some(end) if !was.is_final() => finish(tx, row, end, shift.at),
        None if was.is_final() => {
            tx.run::<Reopen>(binds![row.id])?;
            row.parent_job_id.map_or(Ok(()), |node| nested::reopened(tx, node, shift.at))
        }
        Some(_) if State::ALL.into_iter().all(|state| row.count(state) == 0) => {
            if row.is_batch {
                batches::forget(tx, row.id)?;
            }
            tx.run::<Forget>(binds![row.id]).map(|_| ())
        }
        // A retry and its cancel in one commit. Deletions, which have no time, leave the end as it was.
        Some(end) if end != was && shift.at > Timestamp::MIN => {
            tx.run::<Settle>(binds![end.as_str(), row.id]).map(|_| ())
        }
        _ => Ok(()),
    }
}

/// The last job is final: so is the workflow, and its callback is made.
fn finish(tx: &mut Tx<'_>, row: WorkflowRow, end: State, now: Timestamp) -> StoreResult<()> {
    tx.run::<End>(binds![end.as_str(), now, row.id])?;
    let callback: Option<Callback> = row.callback.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let mut info = row.into_info();
    info.state = end;
    if let Some(callback) = callback {
        let id = ids::next(tx, ids::Of::Jobs)?;
        enqueue::insert(tx, &Prepared::new(callback.job(&info), 0), id, &Place::default(), now)?;
        tx.run::<NoteCallback>(binds![id, info.id])?;
    }
    info.parent_job_id.map_or(Ok(()), |node| nested::end(tx, node, &info, now))
}

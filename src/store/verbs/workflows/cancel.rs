//! Calling a whole workflow off.

use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};

use super::find;
use crate::domain::lifecycle::{self, Move};
use crate::domain::{Claim, State, Timestamp};
use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::parents;

statement!(Note, "UPDATE workflows SET cancel_requested_at = coalesce(cancel_requested_at, ?) WHERE id = ?");
statement!(Open, |dialect| format!(
    "SELECT id, state, job_type, queue, attempt, node, has_children FROM jobs \
         WHERE workflow_id = ? AND workflow_id IS NOT NULL AND state IN ({}) ORDER BY id{}",
    lifecycle::sql_list(&State::UNFINISHED),
    dialect.lock()
));
statement!(
    Cancel,
    format!(
        "UPDATE jobs SET state = '{}', cancel_requested_at = ?, completed_at = ? \
         WHERE workflow_id = ? AND workflow_id IS NOT NULL AND {}",
        State::Cancelled,
        lifecycle::sql_guard(Move::Cancel)
    )
);
statement!(
    Ask,
    format!(
        "UPDATE jobs SET cancel_requested_at = coalesce(cancel_requested_at, ?) \
         WHERE workflow_id = ? AND workflow_id IS NOT NULL AND {}",
        lifecycle::sql_guard(Move::AskCancel)
    )
);

/// Calls off all jobs of a workflow that are not final. True: it is cancelled; false: some run, and
/// their workers will be told once this is on disk.
///
/// # Errors
/// Refused when there is no such workflow or it is final.
pub fn cancel(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> StoreResult<bool> {
    type Sql = (BigInt, Text, Text, Text, Integer, Nullable<BigInt>, Bool);
    type Row = (i64, String, String, String, i32, Option<i64>, bool);
    let row = find(tx, id)?;
    let state = row.state();
    if state.is_final() {
        let what = format!("workflow {id} is {state} already and cannot be cancelled");
        return Err(Error::Conflict(what).into());
    }
    tx.run::<Note>(binds![now, id])?;
    if row.is_batch {
        // It may have no job yet whose end would be its own.
        tx.look_at(id, now);
    }
    let open: Vec<Row> = tx.load::<Open, Sql, _>(binds![id])?;
    tx.run::<Cancel>(binds![now, now, id])?;
    tx.run::<Ask>(binds![now, id])?;
    let mut at_once = true;
    let mut parents = Vec::new();
    for (job_id, state, job_type, queue, attempt, node, has_children) in open {
        let job = tx.job_ref(job_id, &job_type, &queue, attempt, Some(id));
        match state.parse().map_err(Error::Conflict)? {
            State::Running => {
                at_once = false;
                match node {
                    Some(node) => tx.stop(Claim { job_id, attempt: job.attempt, node }),
                    None => tx.call_off(job_id, now),
                }
            }
            state => {
                tx.moved(&job, Some(state), State::Cancelled, None, now);
                parents.extend(has_children.then_some(job_id));
            }
        }
    }
    // Children in the workflow are called off already; there may be others.
    for parent in parents {
        parents::settled(tx, parent, State::Cancelled, now)?;
    }
    Ok(at_once)
}

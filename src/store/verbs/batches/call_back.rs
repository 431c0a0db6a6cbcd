//! When callbacks are made.

use diesel::sql_types::{BigInt, Nullable, Text};

use super::{Batch, look};
use crate::domain::batch::{Bid, KeptCallback};
use crate::domain::ident::WORKFLOW_NODE;
use crate::domain::{State, Timestamp, lifecycle};
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::enqueue::{self, Place, Prepared};
use crate::store::verbs::{ids, remote};
use crate::store::workflow_row::WorkflowRow;

// A job whose failure was written has run.
statement!(
    NotYetRun,
    format!(
        "SELECT id, job_type FROM jobs WHERE workflow_id = ? AND workflow_id IS NOT NULL AND id >= ? \
         AND state IN ({}) AND retry_count = 0 ORDER BY id LIMIT 1",
        lifecycle::sql_list(&State::UNFINISHED)
    )
);
statement!(
    Inner,
    "SELECT b.complete_at, j.state FROM workflows w JOIN batches b ON b.workflow_id = w.id \
     LEFT JOIN jobs j ON j.id = b.complete_job_id WHERE w.parent_job_id = ? AND w.parent_job_id IS NOT NULL"
);
statement!(LookedTo, "UPDATE batches SET looked_to = ? WHERE workflow_id = ?");
statement!(Complete, "UPDATE batches SET complete_at = ?, complete_job_id = ? WHERE workflow_id = ?");
statement!(Success, "UPDATE batches SET success_job_id = ? WHERE workflow_id = ?");

/// Makes the callbacks of a workflow whose time has come. Whether it is not over, whatever its jobs
/// are: more are on their way.
pub(in crate::store::verbs) fn keeps_on(
    tx: &mut Tx<'_>,
    row: &WorkflowRow,
    now: Timestamp,
) -> StoreResult<bool> {
    // Deletions have no time, and end nothing.
    if !row.is_batch || row.cancel_requested_at.is_some() || now == Timestamp::MIN {
        return Ok(false);
    }
    if row.is_open() {
        return Ok(true);
    }
    let Some(batch) = look(tx, row.id)? else { return Ok(false) };
    if batch.complete_at.is_some() {
        // What it is part of may wait for its callback.
        tell_parent(tx, &batch, now);
    } else if all_have_run(tx, row.id, &batch)? {
        tell_parent(tx, &batch, now);
        let made = call_back(tx, row.id, "on complete", batch.complete.as_deref(), now)?;
        tx.run::<Complete>(binds![now, made, row.id])?;
        if made.is_some() {
            return Ok(true);
        }
    } else {
        return Ok(false);
    }
    if batch.success_job_id.is_none() && all_completed(row) {
        let made = call_back(tx, row.id, "on success", batch.success.as_deref(), now)?;
        tx.run::<Success>(binds![made, row.id])?;
        return Ok(made.is_some());
    }
    Ok(false)
}

fn tell_parent(tx: &mut Tx<'_>, batch: &Batch, now: Timestamp) {
    if let Some(parent) = batch.parent {
        tx.look_at(parent, now);
    }
}

/// The callback for the first runs is one of the jobs, so this waits for it.
fn all_completed(row: &WorkflowRow) -> bool {
    State::ALL.into_iter().all(|state| state == State::Completed || row.count(state) == 0)
}

/// Looks no further than to the first job that has not run yet, and begins there the next time.
fn all_have_run(tx: &mut Tx<'_>, workflow: i64, batch: &Batch) -> StoreResult<bool> {
    let mut from = batch.looked_to;
    loop {
        let first: Vec<(i64, String)> = tx.load::<NotYetRun, (BigInt, Text), _>(binds![workflow, from])?;
        let Some((id, job_type)) = first.into_iter().next() else { return Ok(true) };
        if job_type != WORKFLOW_NODE || !inner_has_run(tx, id)? {
            if id > batch.looked_to {
                tx.run::<LookedTo>(binds![id, workflow])?;
            }
            return Ok(false);
        }
        from = id + 1;
    }
}

/// Whether every job of a batch within another has run once, and its callback is over.
fn inner_has_run(tx: &mut Tx<'_>, node: i64) -> StoreResult<bool> {
    type Row = (Option<i64>, Option<String>);
    let inner: Vec<Row> = tx.load::<Inner, (Nullable<BigInt>, Nullable<Text>), _>(binds![node])?;
    Ok(inner.into_iter().next().is_some_and(|(complete_at, callback)| {
        let callback: Option<State> = callback.and_then(|state| state.parse().ok());
        complete_at.is_some() && callback.is_none_or(State::is_final)
    }))
}

fn call_back(
    tx: &mut Tx<'_>,
    workflow: i64,
    name: &str,
    kept: Option<&str>,
    now: Timestamp,
) -> StoreResult<Option<i64>> {
    let Some(kept) = kept.and_then(|text| serde_json::from_str::<KeptCallback>(text).ok()) else {
        return Ok(None);
    };
    let job = kept.job.told("_bid", &Bid(workflow).to_string());
    let id = ids::next(tx, ids::Of::Jobs)?;
    let place = Place { workflow_id: Some(workflow), name: Some(name), ..Place::default() };
    enqueue::insert(tx, &Prepared::new(job, 0), id, &place, now)?;
    let extra = serde_json::to_string(&kept.extra).unwrap_or_default();
    remote::note(tx, id, &kept.jid, &extra)?;
    Ok(Some(id))
}

//! Deleting jobs that are final: by hand, or because they are old.

use diesel::sql_types::{BigInt, Nullable, Text};

use crate::domain::ident::WORKFLOW_NODE;
use crate::domain::{State, Timestamp, lifecycle};
use crate::store::error::StoreResult;
use crate::store::sql::{LIMIT, binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::{doomed_logs, remote, signals, steps, tags, workflows};

statement!(
    Old,
    format!(
        "SELECT completed_at, id FROM jobs WHERE state = ? AND completed_at < ? \
         AND (completed_at, id) > (?, ?) AND workflow_id IS NULL ORDER BY completed_at, id {LIMIT}"
    )
);
statement!(
    NeededStill,
    format!(
        "SELECT 1 FROM dependencies d JOIN jobs c ON c.id = d.child_id \
         WHERE d.parent_id = ? AND c.state IN ({}) \
         UNION ALL SELECT 1 FROM jobs j JOIN workflows w ON w.id = j.workflow_id \
         WHERE j.id = ? AND w.state = '{}' LIMIT 1",
        lifecycle::sql_list(&State::UNFINISHED),
        State::Running
    )
);
statement!(
    Delete,
    format!(
        "DELETE FROM jobs WHERE id = ? AND state IN ({}) RETURNING job_type, queue, state, tags, workflow_id",
        lifecycle::sql_list(&State::FINAL)
    )
);
statement!(DeleteAttempts, "DELETE FROM attempts WHERE job_id = ?");
statement!(DeleteAsChild, "DELETE FROM dependencies WHERE child_id = ?");
statement!(DeleteStats, "DELETE FROM stats WHERE at < ?");
statement!(DeleteQuarters, "DELETE FROM stats_quarters WHERE at < ?");

/// Up to `limit` jobs outside workflows in a final state that reached it before `before`, oldest first, as (time, id);
/// `after` goes on behind one of them.
pub fn old(
    tx: &mut Tx<'_>,
    state: State,
    before: Timestamp,
    after: Option<(i64, i64)>,
    limit: usize,
) -> StoreResult<Vec<(i64, i64)>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (time, id) = after.unwrap_or((-1, 0));
    tx.load::<Old, (BigInt, BigInt), _>(binds![state.as_str(), before, time, id, limit])
}

/// Deletes jobs with all that belongs to them. Jobs that are not final stay, and so do those whose
/// results a waiting child may still want, and those of a workflow that is not over. Returns the ids that are gone,
/// whose log folders are to be deleted now (see [`doomed_logs`]).
pub fn delete(tx: &mut Tx<'_>, ids: &[i64]) -> StoreResult<Vec<i64>> {
    type Sql = (Text, Text, Text, Nullable<Text>, Nullable<BigInt>);
    type Row = (String, String, String, Option<String>, Option<i64>);
    let mut gone = Vec::new();
    for id in ids {
        let needed: Vec<i32> = tx.load::<NeededStill, diesel::sql_types::Integer, _>(binds![*id, *id])?;
        if !needed.is_empty() {
            continue;
        }
        let rows: Vec<Row> = tx.run_returning::<Delete, Sql, _>(binds![*id])?;
        let Some((job_type, queue, state, labels, workflow)) = rows.into_iter().next() else { continue };
        doomed_logs::doom(tx, *id)?;
        tx.run::<DeleteAttempts>(binds![*id])?;
        tx.run::<DeleteAsChild>(binds![*id])?;
        steps::forget(tx, *id)?;
        signals::forget(tx, *id)?;
        remote::forget(tx, *id)?;
        tags::remove(tx, *id, labels.as_deref())?;
        if let Ok(state) = state.parse() {
            if job_type == WORKFLOW_NODE {
                workflows::orphan(tx, *id)?;
            }
            let job = tx.job_ref(*id, &job_type, &queue, 0, workflow);
            tx.deleted(&job, state);
        }
        gone.push(*id);
    }
    Ok(gone)
}

/// Deletes statistics of spans before a moment.
pub fn old_stats(tx: &mut Tx<'_>, before: Timestamp) -> StoreResult<usize> {
    tx.run::<DeleteQuarters>(binds![before])?;
    tx.run::<DeleteStats>(binds![before])
}

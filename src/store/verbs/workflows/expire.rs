//! Deleting workflows that are old, with all their jobs.

use diesel::sql_types::BigInt;

use crate::domain::{State, Timestamp, lifecycle};
use crate::store::error::StoreResult;
use crate::store::sql::{LIMIT, binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::{batches, delete};

statement!(
    Old,
    format!(
        "SELECT completed_at, id FROM workflows WHERE state = ? AND state IN ({}) AND parent_job_id IS NULL \
         AND completed_at < ? AND (completed_at, id) >= (?, ?) ORDER BY completed_at, id LIMIT 1",
        lifecycle::sql_list(&State::FINAL)
    )
);
statement!(
    JobsOf,
    format!(
        "SELECT id FROM jobs WHERE workflow_id = ? AND workflow_id IS NOT NULL AND id > ? ORDER BY id {LIMIT}"
    )
);

// Of a batch to which nobody added anything.
statement!(
    ForgetEmpty,
    "DELETE FROM workflows WHERE id = ? \
     AND NOT EXISTS (SELECT 1 FROM jobs WHERE workflow_id = ? AND workflow_id IS NOT NULL)"
);

/// How far a round of deletions got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    completed_at: i64,
    workflow: i64,
    job: i64,
}

/// What a step of a round did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// The jobs that are gone.
    pub gone: Vec<i64>,
    /// Where to go on; `None` when there is nothing more.
    pub next: Option<Mark>,
}

/// Deletes up to `limit` jobs of the oldest workflow that ended in `state` before `before`. Its row
/// goes with the last of them. Jobs whose results a waiting job elsewhere may still want stay.
pub fn expire(
    tx: &mut Tx<'_>,
    state: State,
    before: Timestamp,
    mark: Mark,
    limit: usize,
) -> StoreResult<Expired> {
    let old: Vec<(i64, i64)> = tx.load::<Old, (BigInt, BigInt), _>(binds![
        state.as_str(),
        before,
        mark.completed_at,
        mark.workflow
    ])?;
    let Some((completed_at, workflow)) = old.first().copied() else { return Ok(Expired::default()) };
    let after = if workflow == mark.workflow { mark.job } else { 0 };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    if mark.workflow != workflow && tx.run::<ForgetEmpty>(binds![workflow, workflow])? > 0 {
        batches::forget(tx, workflow)?;
    }
    let ids: Vec<i64> = tx.load::<JobsOf, BigInt, _>(binds![workflow, after, limit])?;
    let next = match ids.last() {
        Some(last) => Mark { completed_at, workflow, job: *last },
        None => Mark { completed_at, workflow: workflow + 1, job: 0 },
    };
    Ok(Expired { gone: delete::delete(tx, &ids)?, next: Some(next) })
}

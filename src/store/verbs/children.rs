//! Jobs that a running job makes.

use super::enqueue::{self, Prepared};
use super::fence;
use crate::domain::{Claim, Timestamp};
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;

statement!(See, "INSERT INTO seen_items (scope, item, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");

/// Something that was found, and the jobs that it is worth if it was never seen before.
#[derive(Clone, Debug)]
pub struct FoundItem {
    /// Its name within the scope.
    pub item: String,
    /// Each waits for the one before it. None: it is only remembered.
    pub jobs: Vec<Prepared>,
}

/// Stores jobs for the holder of a claim, all or none. Returns their ids.
///
/// # Errors
/// Refused when the claim is stale, and as [`enqueue::enqueue`] does.
pub fn enqueue(tx: &mut Tx<'_>, claim: Claim, jobs: &[Prepared], now: Timestamp) -> StoreResult<Vec<i64>> {
    fence::check(tx, claim, "it makes no jobs")?;
    Ok(enqueue::enqueue(tx, jobs, true, now)?.into_iter().map(|stored| stored.id).collect())
}

/// Remembers items of a scope, and stores the jobs of those that were never seen before: each once,
/// ever, since both happen in one transaction. Returns the id of the first
/// job for each that got one.
///
/// # Errors
/// As [`enqueue`](super::enqueue::enqueue).
pub fn enqueue_once(
    tx: &mut Tx<'_>,
    claim: Claim,
    scope: &str,
    items: &[FoundItem],
    now: Timestamp,
) -> StoreResult<Vec<Option<i64>>> {
    fence::check(tx, claim, "it makes no jobs")?;
    let mut ids = Vec::with_capacity(items.len());
    for FoundItem { item, jobs } in items {
        let is_new = tx.run::<See>(binds![scope, item, now])? > 0;
        ids.push(if is_new { chain(tx, jobs, now)? } else { None });
    }
    Ok(ids)
}

/// Stores jobs of which each waits for the one before it; the id of the first.
fn chain(tx: &mut Tx<'_>, jobs: &[Prepared], now: Timestamp) -> StoreResult<Option<i64>> {
    let (mut first, mut last) = (None, None);
    for job in jobs {
        let job = last.map_or_else(|| job.clone(), |last| job.clone().after(last));
        last = enqueue::enqueue(tx, &[job], true, now)?.first().map(|stored| stored.id);
        first = first.or(last);
    }
    Ok(first)
}

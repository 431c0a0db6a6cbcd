//! Who holds the lock of a unique job.

use diesel::sql_types::{BigInt, Nullable, Text};

use crate::domain::Timestamp;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;

statement!(
    Holding,
    "SELECT id, unique_until, state FROM jobs \
     WHERE unique_hash = ? AND unique_hash IS NOT NULL AND instr(unique_states, state) > 0"
);
statement!(Unlock, "UPDATE jobs SET unique_hash = NULL WHERE id = ?");

/// The job that holds a lock.
pub(super) struct Holder {
    pub id: i64,
    pub state: String,
}

/// Who holds a lock now. A holder whose time is over lets go of it.
pub(super) fn holder(tx: &mut Tx<'_>, hash: &str, now: Timestamp) -> StoreResult<Option<Holder>> {
    let found: Vec<(i64, Option<i64>, String)> =
        tx.load::<Holding, (BigInt, Nullable<BigInt>, Text), _>(binds![hash])?;
    let Some((id, until, state)) = found.into_iter().next() else { return Ok(None) };
    if until.is_some_and(|until| until <= now.as_millis()) {
        tx.run::<Unlock>(binds![id])?;
        return Ok(None);
    }
    Ok(Some(Holder { id, state }))
}

/// Another job than `id` that holds the lock.
pub(super) fn rival(tx: &mut Tx<'_>, hash: &str, id: i64, now: Timestamp) -> StoreResult<Option<i64>> {
    Ok(holder(tx, hash, now)?.map(|holder| holder.id).filter(|holder| *holder != id))
}

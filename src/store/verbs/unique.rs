//! Who holds the lock of a unique job.

use diesel::sql_types::{BigInt, Nullable, Text};

use crate::domain::Timestamp;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;

statement!(Holding, |dialect| format!(
    "SELECT id, unique_until, state FROM jobs \
     WHERE unique_hash = ? AND unique_hash IS NOT NULL AND {} > 0 ORDER BY id",
    dialect.place_of("state", "unique_states")
));
statement!(Unlock, "UPDATE jobs SET unique_hash = NULL WHERE id = ?");

/// The job that holds a lock.
pub(super) struct Holder {
    pub id: i64,
    pub state: String,
}

/// Who holds a lock now: the oldest, when a job has come back to a state that its rule names after
/// another took the lock.
pub(super) fn holder(tx: &mut Tx<'_>, hash: &str, now: Timestamp) -> StoreResult<Option<Holder>> {
    Ok(holders(tx, hash, now)?.into_iter().next())
}

/// Another job than `id` that holds the lock.
pub(super) fn rival(tx: &mut Tx<'_>, hash: &str, id: i64, now: Timestamp) -> StoreResult<Option<i64>> {
    Ok(holders(tx, hash, now)?.into_iter().map(|holder| holder.id).find(|holder| *holder != id))
}

/// Holders whose time is over let go.
fn holders(tx: &mut Tx<'_>, hash: &str, now: Timestamp) -> StoreResult<Vec<Holder>> {
    tx.alone()?;
    let found: Vec<(i64, Option<i64>, String)> =
        tx.load::<Holding, (BigInt, Nullable<BigInt>, Text), _>(binds![hash])?;
    let mut holders = Vec::with_capacity(found.len());
    for (id, until, state) in found {
        if until.is_some_and(|until| until <= now.as_millis()) {
            tx.run::<Unlock>(binds![id])?;
        } else {
            holders.push(Holder { id, state });
        }
    }
    Ok(holders)
}

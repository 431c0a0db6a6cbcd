//! The audit log: who changed what.

use super::ids;
use crate::domain::Timestamp;
use crate::domain::audit::{Actor, AuditOutcome, Deed};
use crate::store::error::StoreResult;
use crate::store::sql::{LIMIT, binds, statement};
use crate::store::tx::Tx;

statement!(
    Note,
    "INSERT INTO audit (id, at, who, via, address, verb, object, detail, outcome) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
);
statement!(Conclude, "UPDATE audit SET detail = ?, outcome = ? WHERE id = ?");
statement!(
    Forget,
    format!("DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? ORDER BY at, id {LIMIT})")
);

/// Notes what somebody did, in the transaction that does it. Returns the number of the entry.
pub fn note(
    tx: &mut Tx<'_>,
    actor: &Actor,
    deed: &Deed,
    outcome: AuditOutcome,
    now: Timestamp,
) -> StoreResult<i64> {
    let id = ids::next(tx, ids::Of::Audit)?;
    tx.run::<Note>(binds![
        id,
        now,
        &actor.name,
        actor.via.as_str(),
        &actor.address,
        deed.verb.as_str(),
        &deed.object,
        &deed.detail.to_string(),
        outcome.as_str(),
    ])?;
    Ok(id)
}

/// Notes what became of something that was done in parts.
pub fn conclude(
    tx: &mut Tx<'_>,
    id: i64,
    detail: &serde_json::Value,
    outcome: AuditOutcome,
) -> StoreResult<()> {
    tx.run::<Conclude>(binds![&detail.to_string(), outcome.as_str(), id])?;
    Ok(())
}

/// Forgets entries from before a moment, the oldest first, at most so many. Returns how many.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> StoreResult<usize> {
    tx.run::<Forget>(binds![before, limit])
}

//! People who have signed in.

use crate::domain::Timestamp;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;

statement!(Open, "INSERT INTO sessions (id, token, seal, created_at, seen_at) VALUES (?, ?, ?, ?, ?)");
statement!(See, "UPDATE sessions SET seen_at = ? WHERE id = ? AND seen_at < ?");
statement!(End, "DELETE FROM sessions WHERE id = ?");
statement!(Forget, "DELETE FROM sessions WHERE seen_at < ? OR created_at < ?");

/// Begins a session: `id` is the hash of what the browser holds, `seal` changes with the token.
pub fn open(tx: &mut Tx<'_>, id: &str, token: &str, seal: &str, now: Timestamp) -> StoreResult<()> {
    tx.run::<Open>(binds![id, token, seal, now, now])?;
    Ok(())
}

/// Notes that it was used.
pub fn see(tx: &mut Tx<'_>, id: &str, now: Timestamp) -> StoreResult<()> {
    tx.run::<See>(binds![now, id, now])?;
    Ok(())
}

/// Ends it. False: there was none.
pub fn end(tx: &mut Tx<'_>, id: &str) -> StoreResult<bool> {
    Ok(tx.run::<End>(binds![id])? > 0)
}

/// Forgets those that were used last, or begun, before a moment. Returns how many.
pub fn forget(tx: &mut Tx<'_>, seen_before: Timestamp, begun_before: Timestamp) -> StoreResult<usize> {
    tx.run::<Forget>(binds![seen_before, begun_before])
}

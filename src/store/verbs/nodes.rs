//! Server processes and their heartbeats.

use crate::domain::Timestamp;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::ids;

statement!(LoseOthers, "UPDATE nodes SET state = 'lost' WHERE state = 'alive'");
statement!(
    Register,
    "INSERT INTO nodes (id, host, pid, started_at, heartbeat_at, state) VALUES (?, ?, ?, ?, ?, 'alive')"
);
statement!(Beat, "UPDATE nodes SET heartbeat_at = ? WHERE id = ?");
statement!(Leave, "UPDATE nodes SET state = 'stopped', heartbeat_at = ? WHERE id = ?");
statement!(ForgetOld, "DELETE FROM nodes WHERE state <> 'alive' AND heartbeat_at < ?");

/// Notes a new server process; returns its id. There is only one at a time, so those before it
/// are gone.
pub fn register(tx: &mut Tx<'_>, host: &str, pid: u32, now: Timestamp) -> StoreResult<i64> {
    tx.run::<LoseOthers>(&[])?;
    let id = ids::next(tx, ids::Of::Nodes)?;
    tx.run::<Register>(binds![id, host, pid, now, now])?;
    Ok(id)
}

/// Notes that a process is alive.
pub fn beat(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> StoreResult<bool> {
    Ok(tx.run::<Beat>(binds![now, id])? > 0)
}

/// Notes that a process went down in order.
pub fn leave(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> StoreResult<()> {
    tx.run::<Leave>(binds![now, id]).map(|_| ())
}

/// Forgets processes that have not been heard of since `before`.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp) -> StoreResult<usize> {
    tx.run::<ForgetOld>(binds![before])
}

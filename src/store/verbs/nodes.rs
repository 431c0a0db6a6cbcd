//! Server processes and their heartbeats.

use std::time::Duration;

use diesel::sql_types::BigInt;

use crate::domain::Timestamp;
use crate::store::error::StoreResult;
use crate::store::sql::{self, Conn, Dialect, binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::ids;

statement!(LoseOthers, "UPDATE nodes SET state = 'lost' WHERE state = 'alive'");
statement!(
    Register,
    "INSERT INTO nodes (id, host, pid, started_at, heartbeat_at, state, home) VALUES (?, ?, ?, ?, ?, 'alive', ?)"
);
statement!(Beat, "UPDATE nodes SET heartbeat_at = ? WHERE id = ? AND state = 'alive'");
statement!(Leave, "UPDATE nodes SET state = 'stopped', heartbeat_at = ? WHERE id = ?");
statement!(
    LoseSilent,
    "UPDATE nodes SET state = 'lost' WHERE state = 'alive' AND heartbeat_at < ? RETURNING id"
);
statement!(Lose, "UPDATE nodes SET state = 'lost' WHERE id = ? AND state = 'alive'");
// Only of PostgreSQL.
statement!(Clock, "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)");
statement!(UpSince, "SELECT CAST(extract(epoch FROM pg_postmaster_start_time()) * 1000 AS BIGINT)");
statement!(ForgetOld, "DELETE FROM nodes WHERE state <> 'alive' AND heartbeat_at < ?");

/// Notes a new server process, in a folder that has a name already or gets one; returns its id. On an embedded database there is only one at a time,
/// so those before it are gone.
pub fn register(
    tx: &mut Tx<'_>,
    host: &str,
    pid: u32,
    home: Option<i64>,
    now: Timestamp,
) -> StoreResult<i64> {
    if tx.dialect() == Dialect::Sqlite {
        tx.run::<LoseOthers>(&[])?;
    }
    let now = clock(tx, now)?;
    let id = ids::next(tx, ids::Of::Nodes)?;
    tx.run::<Register>(binds![id, host, pid, now, now, home.unwrap_or(id)])?;
    Ok(id)
}

/// Notes that a process is alive. False: it counts as lost.
pub fn beat(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> StoreResult<bool> {
    let now = clock(tx, now)?;
    Ok(tx.run::<Beat>(binds![now, id])? > 0)
}

/// Declares those lost that have been silent for so long; returns them. Not while the database itself
/// has not been up for that long: then all of them had no chance.
pub fn lose_silent(tx: &mut Tx<'_>, timeout: Duration, now: Timestamp) -> StoreResult<Vec<i64>> {
    let now = clock(tx, now)?;
    let before = now.minus(timeout);
    if up_since(tx)? > before {
        return Ok(Vec::new());
    }
    tx.run_returning::<LoseSilent, BigInt, _>(binds![before])
}

/// Declares a process lost of which is known that it is gone.
pub fn lose(tx: &mut Tx<'_>, id: i64) -> StoreResult<()> {
    tx.run::<Lose>(binds![id]).map(|_| ())
}

/// The time of the database, where several machines share one.
pub fn database_time(conn: &mut Conn) -> diesel::QueryResult<Option<Timestamp>> {
    Ok(match conn.dialect() {
        Dialect::Sqlite => None,
        Dialect::Postgres => Some(Timestamp::from_millis(first(sql::load::<Clock, BigInt, _>(conn, &[])?))),
    })
}

/// The time by which nodes are compared: where several machines share a database, that one's.
fn clock(tx: &mut Tx<'_>, now: Timestamp) -> StoreResult<Timestamp> {
    Ok(match tx.dialect() {
        Dialect::Sqlite => now,
        Dialect::Postgres => Timestamp::from_millis(first(tx.load::<Clock, BigInt, _>(&[])?)),
    })
}

fn up_since(tx: &mut Tx<'_>) -> StoreResult<Timestamp> {
    Ok(match tx.dialect() {
        Dialect::Sqlite => Timestamp::MIN,
        Dialect::Postgres => Timestamp::from_millis(first(tx.load::<UpSince, BigInt, _>(&[])?)),
    })
}

fn first(rows: Vec<i64>) -> i64 {
    rows.first().copied().unwrap_or_default()
}

/// Notes that a process went down in order.
pub fn leave(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> StoreResult<()> {
    tx.run::<Leave>(binds![now, id]).map(|_| ())
}

/// Forgets processes that have not been heard of since `before`.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp) -> StoreResult<usize> {
    tx.run::<ForgetOld>(binds![before])
}

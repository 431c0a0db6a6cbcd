//! The server processes.

use diesel::prelude::*;

use crate::domain::{NodeInfo, Timestamp};
use crate::store::schema::nodes;
use crate::store::sql::Conn;

/// All that are known, the newest first.
pub fn nodes(conn: &mut Conn) -> QueryResult<Vec<NodeInfo>> {
    let rows: Vec<(i64, String, i32, i64, i64, String)> =
        nodes::table.order(nodes::id.desc()).limit(500).load(conn)?;
    let node = |(id, host, pid, started_at, heartbeat_at, state)| NodeInfo {
        id,
        host,
        pid: u32::try_from(pid).unwrap_or_default(),
        started_at: Timestamp::from_millis(started_at),
        heartbeat_at: Timestamp::from_millis(heartbeat_at),
        state,
    };
    Ok(rows.into_iter().map(node).collect())
}

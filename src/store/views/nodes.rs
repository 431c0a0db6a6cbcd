//! The server processes.

use diesel::prelude::*;

use crate::domain::{NodeInfo, Timestamp};
use crate::store::schema::nodes;
use crate::store::sql::Conn;

#[allow(clippy::type_complexity)]
const COLUMNS: (nodes::id, nodes::host, nodes::pid, nodes::started_at, nodes::heartbeat_at, nodes::state) =
    (nodes::id, nodes::host, nodes::pid, nodes::started_at, nodes::heartbeat_at, nodes::state);

/// The folder of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Its name: the id of the first node that worked in it.
    pub id: i64,
    /// The machine that it is on.
    pub host: String,
    /// Whether a node works in it now.
    pub is_alive: bool,
}

/// All that are known, the newest first.
pub fn nodes(conn: &mut Conn) -> QueryResult<Vec<NodeInfo>> {
    let rows: Vec<(i64, String, i32, i64, i64, String)> =
        nodes::table.order(nodes::id.desc()).limit(500).select(COLUMNS).load(conn)?;
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

/// The folder that a node has, or had.
pub fn home(conn: &mut Conn, node: i64) -> QueryResult<Option<Home>> {
    let of = nodes::table.filter(nodes::id.eq(node)).select((nodes::home, nodes::host));
    let Some((id, host)) = of.first::<(i64, String)>(conn).optional()? else { return Ok(None) };
    let alive = nodes::table.filter(nodes::home.eq(id)).filter(nodes::state.eq("alive"));
    let is_alive = alive.count().get_result::<i64>(conn)? > 0;
    Ok(Some(Home { id, host, is_alive }))
}

//! How a PostgreSQL server is.

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};

use crate::config::{Database, Postgres};
use crate::store::connection;
use crate::store::error::StoreResult;

/// How a PostgreSQL server is.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct PostgresHealth {
    /// As it says it.
    #[diesel(sql_type = Text)]
    pub version: String,
    /// Its setting of that name; `on` or stronger is what an acknowledged write needs.
    #[diesel(sql_type = Text)]
    pub fsync: String,
    /// The same.
    #[diesel(sql_type = Text)]
    pub full_page_writes: String,
    /// The same.
    #[diesel(sql_type = Text)]
    pub synchronous_commit: String,
    /// How many connections it takes.
    #[diesel(sql_type = Integer)]
    pub max_connections: i32,
    /// How many there are.
    #[diesel(sql_type = BigInt)]
    pub connections: i64,
    /// For how long the oldest transaction has been open, in seconds: dead rows stay as long.
    #[diesel(sql_type = BigInt)]
    pub oldest_transaction_secs: i64,
    /// What its clock says, in milliseconds since 1970.
    #[diesel(sql_type = BigInt)]
    pub now: i64,
}

/// Looks at a server.
///
/// # Errors
/// When it cannot be reached.
pub fn postgres(at: &Postgres) -> StoreResult<PostgresHealth> {
    let mut conn = connection::open_to_read(&Database::Postgres(at.clone()))?;
    Ok(diesel::sql_query(
        "SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync, \
         current_setting('full_page_writes') AS full_page_writes, \
         current_setting('synchronous_commit') AS synchronous_commit, \
         CAST(current_setting('max_connections') AS INTEGER) AS max_connections, \
         (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections, \
         (SELECT CAST(coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) AS BIGINT) \
          FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) \
          AS oldest_transaction_secs, \
         CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS now",
    )
    .get_result(&mut conn)?)
}

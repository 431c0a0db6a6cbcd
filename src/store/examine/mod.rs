//! What can be said of a database without changing it, for whoever looks after it.

mod postgres;
mod sqlite;

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

pub use self::postgres::{PostgresHealth, postgres};
pub use self::sqlite::{SqliteHealth, sqlite};
use super::connection;
use super::copy::refuse_half_a_copy;
use super::error::StoreResult;
use crate::config::Database;

/// Which tables a database has, and what they tell of the clocks of those who wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// The migrations that have run, oldest first. None: there are no tables yet.
    pub done: Vec<String>,
    /// How many this program has beside those.
    pub missing: usize,
    /// Why this program cannot work on them.
    pub trouble: Option<String>,
    /// When a server last said that it is alive, by its own clock, in milliseconds since 1970.
    pub last_heartbeat: Option<i64>,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct Heartbeat {
    #[diesel(sql_type = Nullable<BigInt>)]
    at: Option<i64>,
}

/// Looks at the tables.
///
/// # Errors
/// When the database cannot be read.
pub fn tables(database: &Database) -> StoreResult<Tables> {
    let mut conn = connection::open_to_read(database)?;
    let versions = "SELECT CAST(version AS TEXT) AS version FROM __diesel_schema_migrations ORDER BY version";
    let known = connection::known_versions()?;
    // Where nothing was made yet there is no such table.
    let Ok(done) = diesel::sql_query(versions).load::<Version>(&mut conn) else {
        return Ok(Tables { done: Vec::new(), missing: known.len(), trouble: None, last_heartbeat: None });
    };
    let done: Vec<String> = done.into_iter().map(|row| row.version).collect();
    let missing = known.iter().filter(|version| !done.contains(version)).count();
    let sound = connection::refuse_newer_copy(&done).and_then(|()| refuse_half_a_copy(&mut conn));
    let last_heartbeat = diesel::sql_query("SELECT max(heartbeat_at) AS at FROM nodes")
        .get_result::<Heartbeat>(&mut conn)
        .map_or(None, |row| row.at);
    Ok(Tables { done, missing, trouble: sound.err().map(|e| e.to_string()), last_heartbeat })
}

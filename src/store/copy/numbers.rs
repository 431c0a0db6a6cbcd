//! The numbers that new rows get: on SQLite in a table, on PostgreSQL sequences.

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::store::error::StoreResult;
use crate::store::sql::{Conn, Dialect};

#[derive(Debug, PartialEq, Eq, QueryableByName)]
pub(super) struct Given {
    /// What is numbered.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The highest number that was given.
    #[diesel(sql_type = BigInt)]
    pub last: i64,
}

/// The numbers given so far.
pub(super) fn given(conn: &mut Conn) -> StoreResult<Vec<Given>> {
    let sql = conn.dialect().either(
        "SELECT name, last FROM sequences WHERE name <> 'commits' ORDER BY name",
        "SELECT left(CAST(sequencename AS TEXT), -4) AS name, coalesce(last_value, 0) AS last \
         FROM pg_sequences WHERE schemaname = current_schema() AND sequencename LIKE '%\\_ids' \
         ORDER BY CAST(sequencename AS TEXT) COLLATE \"C\"",
    );
    Ok(diesel::sql_query(sql).load(conn)?)
}

/// Goes on behind these.
pub(super) fn go_on(conn: &mut Conn, given: &[Given]) -> StoreResult<()> {
    let sql = match conn.dialect() {
        Dialect::Sqlite => {
            "INSERT INTO sequences (last, name) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET last = excluded.last"
        }
        Dialect::Postgres => "SELECT setval(CAST($2 || '_ids' AS regclass), $1)",
    };
    // A sequence that has given nothing begins with 1 by itself.
    for Given { name, last } in given.iter().filter(|given| given.last > 0) {
        diesel::sql_query(sql).bind::<BigInt, _>(*last).bind::<Text, _>(name).execute(conn)?;
    }
    Ok(())
}

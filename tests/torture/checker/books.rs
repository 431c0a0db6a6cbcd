//! The database, read by SQL.

use std::path::Path;

use diesel::deserialize::QueryableByName;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

/// See the module.
pub enum Books {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Books {
    pub fn sqlite(file: &Path) -> Self {
        Self::Sqlite(SqliteConnection::establish(&file.to_string_lossy()).unwrap())
    }

    pub fn postgres(conninfo: &str) -> Self {
        Self::Postgres(PgConnection::establish(conninfo).unwrap())
    }

    pub fn rows<T>(&mut self, sql: &str) -> Vec<T>
    where
        T: QueryableByName<Sqlite> + QueryableByName<Pg> + 'static,
    {
        match self {
            Self::Sqlite(conn) => diesel::sql_query(sql).load(conn).unwrap(),
            Self::Postgres(conn) => diesel::sql_query(sql).load(conn).unwrap(),
        }
    }
}

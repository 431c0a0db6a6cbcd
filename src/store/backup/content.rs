//! What a database holds, counted.

use std::path::Path;

use rusqlite::{Connection, ErrorCode};
use serde::Serialize;

use super::unreadable;
use crate::store::error::{StoreError, StoreResult};

/// What a database holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Content {
    /// How many bytes its pages take.
    pub bytes: u64,
    /// The migrations that it has had, oldest first.
    pub migrations: Vec<String>,
    /// Its tables, by name.
    pub tables: Vec<TableContent>,
}

/// One table of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableContent {
    /// Its name.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
}

impl Content {
    /// Counts.
    pub(super) fn of(conn: &Connection, path: &Path) -> StoreResult<Self> {
        let counted = count(conn).map_err(|e| match e.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => {
                StoreError::Database(format!("{} is no SQLite database", path.display()))
            }
            _ => unreadable(path, &e),
        })?;
        match counted.migrations.is_empty() {
            false => Ok(counted),
            true => Err(StoreError::Database(format!("{} holds no queue of callboard", path.display()))),
        }
    }

    /// How many jobs there are.
    #[must_use]
    pub fn jobs(&self) -> u64 {
        self.tables.iter().find(|table| table.name == "jobs").map_or(0, |table| table.rows)
    }
}

fn count(conn: &Connection) -> rusqlite::Result<Content> {
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
    let bytes = number("PRAGMA page_count")? * number("PRAGMA page_size")?;
    let names = texts(
        conn,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
         AND name NOT LIKE '\\_\\_%' ESCAPE '\\' ORDER BY name",
    )?;
    let mut tables = Vec::new();
    for name in names {
        let rows = number(&format!("SELECT count(*) FROM \"{}\"", name.replace('"', "\"\"")))?;
        tables.push(TableContent { name, rows });
    }
    let known = number("SELECT count(*) FROM sqlite_schema WHERE name = '__diesel_schema_migrations'")?;
    let migrations = match known {
        0 => Vec::new(),
        _ => texts(conn, "SELECT version FROM __diesel_schema_migrations ORDER BY version")?,
    };
    Ok(Content { bytes, migrations, tables })
}

fn texts(conn: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

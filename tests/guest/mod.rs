//! A connection that is a caller's own: Diesel's, as the caller opened it.

#![allow(dead_code)] // Each test program needs another part of it.

use std::path::Path;

use callboard::Error;
use diesel::connection::{AnsiTransactionManager as Transactions, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::sql_types::Text;

/// One to either database.
pub enum Guest {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Does the same with whichever is there.
#[macro_export]
macro_rules! with_guest {
    ($guest:expr, |$conn:ident| $work:expr) => {
        match $guest {
            $crate::guest::Guest::Sqlite($conn) => $work,
            $crate::guest::Guest::Postgres($conn) => $work,
        }
    };
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    value: String,
}

impl Guest {
    pub fn sqlite(path: &Path) -> Self {
        let mut conn = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
        Self::Sqlite(conn)
    }

    /// One that does not look for tables where callboard has its own.
    pub fn postgres(conninfo: &str) -> Self {
        let mut conn = PgConnection::establish(conninfo).unwrap();
        conn.batch_execute("SET client_min_messages = error").unwrap();
        Self::Postgres(conn)
    }

    pub fn begin(&mut self) {
        match self {
            // As `immediate_transaction` does.
            Self::Sqlite(conn) => Transactions::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
            Self::Postgres(conn) => Transactions::begin_transaction(conn),
        }
        .unwrap();
    }

    /// Another one within it, or one that has not written yet.
    pub fn begin_inner(&mut self) {
        with_guest!(self, |conn| Transactions::begin_transaction(conn)).unwrap();
    }

    pub fn commit(&mut self) {
        with_guest!(self, |conn| Transactions::commit_transaction(conn)).unwrap();
    }

    pub fn rollback(&mut self) {
        with_guest!(self, |conn| Transactions::rollback_transaction(conn)).unwrap();
    }

    pub fn run(&mut self, sql: &str) -> Result<(), Error> {
        with_guest!(self, |conn| conn.batch_execute(sql))?;
        Ok(())
    }

    /// The texts in the column `value`.
    pub fn texts(&mut self, sql: &str) -> Vec<String> {
        let rows: Vec<Row> = with_guest!(self, |conn| diesel::sql_query(sql).load(conn)).unwrap();
        rows.into_iter().map(|row| row.value).collect()
    }
}

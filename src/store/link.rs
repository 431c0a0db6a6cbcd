//! The writer's connection: it begins and ends transactions, tells whether one is on disk, and
//! comes back when the database was away.

use std::time::{Duration, Instant};

use diesel::sql_types::{BigInt, Nullable, Text};

use super::connection;
use super::error::{StoreError, StoreResult};
use super::sql::{self, Conn, Dialect, Statement, binds, statement};
use super::tx::Tx;
use crate::config::Database;

/// How long a server that has lost its client may take to notice, before a commit stays in doubt.
const NOTICES: Duration = Duration::from_secs(3);
/// Between two looks at a commit that is under way.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

statement!(Begin, |dialect| dialect.begin());
statement!(Commit, "COMMIT");
statement!(Rollback, "ROLLBACK");
// Tells a commit that reached the disk without an answer from one that did not. On SQLite a number
// that each transaction raises; PostgreSQL numbers them by itself.
statement!(Mark, |dialect| dialect.either(
    "INSERT INTO sequences (name, last) VALUES ('commits', 1) \
     ON CONFLICT (name) DO UPDATE SET last = sequences.last + 1 RETURNING last",
    "SELECT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"
));
statement!(Fate, |dialect| dialect.either(
    "SELECT CASE WHEN last >= ? THEN 'committed' ELSE 'aborted' END FROM sequences WHERE name = 'commits'",
    "SELECT pg_xact_status(CAST(CAST(CAST(? AS BIGINT) AS TEXT) AS xid8))"
));

/// The connection of the writer's thread.
pub(super) struct Link {
    database: Database,
    pub conn: Conn,
    /// It is of no use any more.
    dead: bool,
}

impl Link {
    /// A connection to this database.
    pub const fn new(database: Database, conn: Conn) -> Self {
        Self { database, conn, dead: false }
    }

    /// Begins a transaction, on a new connection if the old one is dead.
    pub fn begin(&mut self) -> StoreResult<()> {
        if !self.dead {
            match self.run::<Begin>() {
                Err(_) if self.conn.dialect() == Dialect::Postgres => {}
                begun => return begun,
            }
        }
        self.come_back()?;
        self.run::<Begin>()
    }

    /// Ends a transaction: it is on disk when this returns.
    pub fn commit(&mut self) -> StoreResult<()> {
        self.run::<Commit>()
    }

    /// Undoes a transaction, which may be undone already: by a full disk, or by the loss of the
    /// connection.
    pub fn rollback(&mut self) {
        if self.run::<Rollback>().is_err() && self.conn.dialect() == Dialect::Postgres {
            self.dead = true;
        }
    }

    /// Whether a transaction is on disk whose commit was not answered.
    pub fn is_on_disk(&mut self, mark: i64) -> StoreResult<bool> {
        if self.dead {
            self.come_back()?;
        }
        let until = Instant::now() + NOTICES;
        loop {
            let fate: Vec<Option<String>> =
                sql::load::<Fate, Nullable<Text>, _>(&mut self.conn, binds![mark])?;
            match fate.into_iter().next().flatten().as_deref() {
                Some("in progress") if Instant::now() < until => std::thread::sleep(LOOK_AGAIN),
                Some("in progress") => {
                    return Err(StoreError::Database("the database is still at work on the commit".into()));
                }
                fate => return Ok(fate == Some("committed")),
            }
        }
    }

    fn come_back(&mut self) -> StoreResult<()> {
        self.dead = true;
        self.conn = connection::open(&self.database)?;
        self.dead = false;
        Ok(())
    }

    fn run<S: Statement>(&mut self) -> StoreResult<()> {
        sql::run::<S>(&mut self.conn, &[])?;
        Ok(())
    }
}

/// Marks a transaction, so that its fate can be asked for.
pub(super) fn mark(tx: &mut Tx<'_>) -> StoreResult<Option<i64>> {
    Ok(tx.run_returning::<Mark, BigInt, i64>(&[])?.first().copied())
}

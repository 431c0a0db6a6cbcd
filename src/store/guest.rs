//! Writes on a connection of the caller's, which come true with the caller's transaction.

use diesel::sql_types::Text;

use super::error::{StoreError, StoreResult};
use super::lend::Lend;
use super::marks::Marks;
use super::sql::{self, Conn, Dialect, binds, statement};
use super::tx::{Names, NewJobs, Tx};
use super::verbs::arrivals;
use super::{Store, exchange};
use crate::config::Database;
use crate::error::Error;
use crate::store::faults::FaultLayer;

statement!(Instance, "SELECT value FROM meta WHERE name = 'instance'");
// Only of PostgreSQL.
statement!(Path, "SELECT current_setting('search_path')");
statement!(SetPath, "SELECT set_config('search_path', ?, TRUE)");

impl Store {
    /// Does a write on a connection of the caller's. It is there if and only if the transaction that
    /// the connection is in commits; without one it has its own. Afterwards somebody has to take it
    /// in: see [`arrivals`].
    ///
    /// # Errors
    /// As the verb says; [`Error::Conflict`] when the connection is to another database. Nothing is
    /// written then, and the caller's transaction can go on.
    pub fn write_on<C: Lend, T>(
        &self,
        conn: &mut C,
        verb: impl FnOnce(&mut Tx<'_>) -> StoreResult<T>,
    ) -> StoreResult<T> {
        conn.lend(|conn| match (&*self.database, conn.dialect()) {
            (Database::Sqlite(_), Dialect::Sqlite) => self.write_as_guest(conn, verb),
            (Database::Postgres(at), Dialect::Postgres) => {
                let before = path(conn)?;
                set_path(conn, &format!("\"{}\"", at.schema))?;
                let written = self.write_as_guest(conn, verb)?;
                exchange::tell_of_arrivals(conn, &at.schema)?;
                // After a failure the rollback sets it back.
                set_path(conn, &before)?;
                Ok(written)
            }
            _ => Err(self.stranger()),
        })
    }

    fn write_as_guest<T>(
        &self,
        conn: &mut Conn,
        verb: impl FnOnce(&mut Tx<'_>) -> StoreResult<T>,
    ) -> StoreResult<T> {
        let instance: Vec<String> = sql::load::<Instance, Text, _>(conn, &[]).unwrap_or_default();
        if instance.first().is_none_or(|found| **found != *self.instance) {
            return Err(self.stranger());
        }
        let (mut names, faults, marks) = (Names::default(), FaultLayer::default(), Marks::default());
        let mut new_jobs = NewJobs::default();
        let mut tx = Tx::new(conn, &mut names, &faults, &self.limits, &marks, &mut new_jobs);
        let written = verb(&mut tx)?;
        arrivals::leave(&mut tx)?;
        Ok(written)
    }

    fn stranger(&self) -> StoreError {
        let ours = match &*self.database {
            Database::Sqlite(path) => path.display().to_string(),
            Database::Postgres(at) => format!("schema {} of {}", at.schema, at.url),
        };
        Error::Conflict(format!("the connection is not to the database of this callboard, which is {ours}"))
            .into()
    }
}

fn path(conn: &mut Conn) -> StoreResult<String> {
    let found: Vec<String> = sql::load::<Path, Text, _>(conn, &[])?;
    Ok(found.into_iter().next().unwrap_or_default())
}

fn set_path(conn: &mut Conn, path: &str) -> StoreResult<()> {
    sql::run::<SetPath>(conn, binds![path])?;
    Ok(())
}

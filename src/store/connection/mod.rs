//! Opening a database: settings, migrations, the read pool.

mod migrations;
mod postgres;
mod refusal;
mod sqlite;

use std::time::Duration;

use r2d2::{ManageConnection, Pool};

pub use self::migrations::{
    POSTGRES_MIGRATIONS, SQLITE_MIGRATIONS, known_versions, migrate, migration_status, refuse_newer_copy,
};
pub use self::sqlite::{fit_cache, open_writer, tune_process};
use super::error::{StoreError, StoreResult};
use super::sql::{Conn, run, statement};
use crate::config::{Database, Postgres};

statement!(Alive, "SELECT 1");

/// How long a reader waits for a free connection.
pub const FREE_READER: Duration = Duration::from_secs(5);

/// The pool of connections that only read.
pub type ReadPool = Pool<Readers>;

/// Opens a connection that writes.
pub fn open(database: &Database) -> StoreResult<Conn> {
    match database {
        Database::Sqlite(path) => sqlite::open_writer(path),
        Database::Postgres(postgres) => postgres::open_writer(postgres),
    }
}

/// Opens a connection that only reads.
pub fn open_to_read(database: &Database) -> StoreResult<Conn> {
    match database {
        Database::Sqlite(path) => sqlite::open_reader(path),
        Database::Postgres(postgres) => postgres::open_reader(postgres),
    }
}

/// Makes what the tables need to be in, where a database has such a thing.
pub fn prepare(database: &Database, conn: &mut Conn) -> StoreResult<()> {
    match (database, conn) {
        (Database::Postgres(at), Conn::Postgres(conn)) => {
            postgres::warn_of_translations(at, conn)?;
            postgres::make_schema(at, conn)
        }
        _ => Ok(()),
    }
}

/// Drops a schema with all that is in it.
pub fn drop_schema(at: &Postgres) -> StoreResult<()> {
    postgres::drop_schema(at)
}

/// Opens the pool of connections that only read.
pub fn open_readers(database: &Database, size: u32) -> StoreResult<ReadPool> {
    let over_a_network = matches!(database, Database::Postgres(_));
    Pool::builder()
        .max_size(size)
        .min_idle(Some(1))
        // Neither limit is of use on a local file, and both would wake the process now and then.
        .max_lifetime(over_a_network.then_some(Duration::from_secs(1800)))
        .idle_timeout(None)
        .test_on_check_out(over_a_network)
        .connection_timeout(FREE_READER)
        .error_handler(Box::new(r2d2::NopErrorHandler))
        .build(Readers(database.clone()))
        .map_err(|e| match format!("cannot open the database for reading: {e}") {
            // The server has answered just now: it has no connection left, or has gone.
            why if over_a_network => StoreError::Away(why),
            why => StoreError::Database(why),
        })
}

/// Makes the connections of the read pool.
#[derive(Debug)]
pub struct Readers(Database);

impl ManageConnection for Readers {
    type Connection = Conn;
    type Error = StoreError;

    fn connect(&self) -> StoreResult<Conn> {
        open_to_read(&self.0)
    }

    fn is_valid(&self, conn: &mut Conn) -> StoreResult<()> {
        Ok(run::<Alive>(conn, &[]).map(|_| ())?)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        // One that was in the middle of a transaction that could not be ended is of no use.
        diesel::r2d2::R2D2Connection::is_broken(conn)
    }
}

//! Opening SQLite: settings, migrations, the read pool.

use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::r2d2::ConnectionManager;
use diesel::{Connection, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use r2d2::{CustomizeConnection, Pool};

use super::error::{StoreError, StoreResult};

/// The migrations, in the binary.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// How long a statement waits for a stranger's lock on the file before the write is answered with
/// an error. Callers are promised an answer within ten seconds, also one who waits for a connection
/// first.
const BUSY: Duration = Duration::from_secs(4);
/// How long a reader waits for a free connection.
const FREE_READER: Duration = Duration::from_secs(5);

/// The pool of connections that only read.
pub type ReadPool = Pool<ConnectionManager<SqliteConnection>>;

/// Opens the one connection that writes.
pub fn open_writer(path: &Path) -> StoreResult<SqliteConnection> {
    let mut conn = establish(path)?;
    // FULL makes each commit wait until it is on disk; the speed comes from many writes sharing a
    // commit. Checkpoints are taken less often than by default, because each one flushes twice.
    let settings = format!(
        "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; \
         PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY;",
        BUSY.as_millis()
    );
    conn.batch_execute(&settings).map_err(StoreError::from)?;
    Ok(conn)
}

/// Opens the pool of connections that only read. WAL lets them read while the writer writes.
pub fn open_readers(path: &Path, size: u32) -> StoreResult<ReadPool> {
    let manager = ConnectionManager::<SqliteConnection>::new(path.to_string_lossy());
    Pool::builder()
        .max_size(size)
        .min_idle(Some(1))
        // Neither limit is of use on a local file, and both would wake the process now and then.
        .max_lifetime(None)
        .idle_timeout(None)
        .test_on_check_out(false)
        .connection_timeout(FREE_READER)
        .connection_customizer(Box::new(ReadOnly))
        .build(manager)
        .map_err(|e| StoreError::Database(format!("cannot open {} for reading: {e}", path.display())))
}

#[derive(Debug)]
struct ReadOnly;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for ReadOnly {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        let settings = format!(
            "PRAGMA busy_timeout = {}; PRAGMA query_only = ON; PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY;",
            BUSY.as_millis()
        );
        conn.batch_execute(&settings).map_err(diesel::r2d2::Error::QueryError)
    }
}

/// Runs the migrations that are missing.
pub fn migrate(conn: &mut SqliteConnection) -> StoreResult<Vec<String>> {
    refuse_newer(conn)?;
    conn.run_pending_migrations(MIGRATIONS)
        .map(|done| done.iter().map(ToString::to_string).collect())
        .map_err(|e| StoreError::Database(format!("migration failed: {e}")))
}

/// The migrations that have run and those that are missing, by name.
pub fn migration_status(conn: &mut SqliteConnection) -> StoreResult<(Vec<String>, Vec<String>)> {
    let fail = |e: Box<dyn std::error::Error + Send + Sync>| StoreError::Database(e.to_string());
    let done = conn.applied_migrations().map_err(fail)?;
    let missing = conn.pending_migrations(MIGRATIONS).map_err(fail)?;
    Ok((
        done.iter().rev().map(ToString::to_string).collect(),
        missing.iter().map(|m| m.name().to_string()).collect(),
    ))
}

/// An older binary must not write into tables that it does not know.
fn refuse_newer(conn: &mut SqliteConnection) -> StoreResult<()> {
    use diesel::migration::MigrationSource;
    let known: Vec<String> = MigrationSource::<diesel::sqlite::Sqlite>::migrations(&MIGRATIONS)
        .map_err(|e| StoreError::Database(e.to_string()))?
        .iter()
        .map(|m| m.name().version().to_string())
        .collect();
    let applied = conn.applied_migrations().map_err(|e| StoreError::Database(e.to_string()))?;
    match applied.iter().map(ToString::to_string).find(|v| !known.contains(v)) {
        Some(newer) => Err(StoreError::Database(format!(
            "the database was made by a newer callboard (it has migration {newer}); use that version or a later one"
        ))),
        None => Ok(()),
    }
}

fn establish(path: &Path) -> StoreResult<SqliteConnection> {
    SqliteConnection::establish(&path.to_string_lossy())
        .map_err(|e| StoreError::Database(format!("cannot open {}: {e}", path.display())))
}

//! Opening SQLite.

use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use crate::store::error::{StoreError, StoreResult};
use crate::store::sql::Conn;

/// How long a statement waits for a stranger's lock on the file before the write is answered with
/// an error. Callers are promised an answer within ten seconds, also one who waits for a connection
/// first.
const BUSY: Duration = Duration::from_secs(4);

/// Tells SQLite how this program uses it. To be called before any thread uses a database.
///
/// Each connection is used by one thread at a time, so the locks that would let several share one
/// guard against nothing; and nobody asks for the statistics of its memory, which take a lock for
/// each allocation.
pub fn tune_process() {
    use libsqlite3_sys::{SQLITE_CONFIG_MEMSTATUS, SQLITE_CONFIG_MULTITHREAD, sqlite3_config};
    // SAFETY: both options exist in every SQLite, the second takes one int, and no other thread is
    // there yet. After the library's first use they are refused, which does no harm.
    unsafe {
        sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    }
}

/// Opens the one connection that writes.
pub fn open_writer(path: &Path) -> StoreResult<Conn> {
    // FULL makes each commit wait until it is on disk; the speed comes from many writes sharing a
    // commit. Checkpoints are taken between commits; those of SQLite, within one, are a net far below.
    open(
        path,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA wal_autocheckpoint = 16000; PRAGMA journal_size_limit = 67108864; \
         PRAGMA cache_size = -6000; PRAGMA temp_store = MEMORY;",
    )
}

/// Opens a connection that only reads. WAL lets it read while the writer writes.
pub fn open_reader(path: &Path) -> StoreResult<Conn> {
    open(path, "PRAGMA query_only = ON; PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY;")
}

fn open(path: &Path, settings: &str) -> StoreResult<Conn> {
    let mut conn = SqliteConnection::establish(&path.to_string_lossy())
        .map_err(|e| StoreError::Database(format!("cannot open {}: {e}", path.display())))?;
    conn.batch_execute(&format!("PRAGMA busy_timeout = {}; {settings}", BUSY.as_millis()))?;
    Ok(Conn::Sqlite(conn))
}

//! Opening SQLite.

use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{Connection, SqliteConnection};

use crate::store::error::{StoreError, StoreResult};
use crate::store::sql::{self, Conn, statement};

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
         PRAGMA temp_store = MEMORY;",
    )
    .and_then(|mut conn| fit_cache(&mut conn).map(|()| conn))
}

statement!(Pages, "PRAGMA page_count");

/// Gives the writer a page cache that fits the size of its database: a sixteenth of it, within bounds.
///
/// In a small database what is written next was written just now. In one where a million jobs of a thousand
/// tenants wait, turns go through pages that lie far apart, and come back to each.
pub fn fit_cache(conn: &mut Conn) -> StoreResult<()> {
    let pages: Vec<i64> = sql::load::<Pages, BigInt, i64>(conn, &[])?;
    let kib = (pages.first().copied().unwrap_or_default() / 4).clamp(6_000, 16_000);
    conn.batch_execute(&format!("PRAGMA cache_size = -{kib}"))?;
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_cache_grows_with_the_database() {
        statement!(CacheSize, "PRAGMA cache_size");
        let home = tempfile::tempdir().unwrap();
        let mut conn = open_writer(&home.path().join("queue.db")).unwrap();
        let mut kib_after = |change: &str| {
            conn.batch_execute(change).unwrap();
            fit_cache(&mut conn).unwrap();
            -sql::load::<CacheSize, BigInt, i64>(&mut conn, &[]).unwrap()[0]
        };
        assert_eq!(kib_after("CREATE TABLE t (x)"), 6_000);
        let larger = kib_after("INSERT INTO t VALUES (zeroblob(4096 * 30000))");
        assert!((7_500..7_600).contains(&larger), "{larger}");
    }
}

//! Checkpoints of the write-ahead log of an embedded database: taken between two commits, once the
//! callers of the first are answered, so that nobody waits for them who does not write next. On the
//! writer's own thread, because only while nobody writes can the log be brought over as a whole and
//! begin anew: beside endless writes it would grow without end.

use std::time::Instant;

use diesel::sql_types::Integer;

use super::connection;
use super::sql::{self, Conn, Dialect, statement};
use crate::metrics::StoreMetrics;

/// Pages in the log from which on it is written into the database file. Less often than by default,
/// because each checkpoint flushes twice. What is behind this, when one statement wrote a great deal
/// or these fail, is SQLite's own checkpoint within a commit: `wal_autocheckpoint` of the writer.
const PAGES: i64 = 4000;
/// Statements after which the length of the log is looked at.
const LOOK_EVERY: u64 = 500;

statement!(Look, "PRAGMA wal_checkpoint(NOOP)");
statement!(Checkpoint, "PRAGMA wal_checkpoint(PASSIVE)");

/// See the module.
#[derive(Default)]
pub(super) struct Checkpointer {
    statements: u64,
}

impl Checkpointer {
    /// After a commit of so many statements: takes a checkpoint if it is time.
    pub fn after(&mut self, statements: u64, conn: &mut Conn, metrics: &StoreMetrics) {
        self.statements += statements;
        if self.statements < LOOK_EVERY || conn.dialect() != Dialect::Sqlite {
            return;
        }
        self.statements = 0;
        if let Some(before) = log_of::<Look>(conn).filter(|log| log.pages >= PAGES) {
            let begun = Instant::now();
            let after = log_of::<Checkpoint>(conn);
            let moved = after.map(|after| (after.moved - before.moved, after.pages - before.moved));
            metrics.checkpoint(moved, begun.elapsed());
            // The file has grown by now. One that cannot be asked keeps the cache that it has.
            let _ = connection::fit_cache(conn);
        }
    }
}

/// How long the log is.
#[derive(Clone, Copy)]
struct Log {
    pages: i64,
    /// Those of them that are in the database file.
    moved: i64,
}

/// `None` when the database refuses: then the next look is soon, and SQLite's own net holds.
fn log_of<S: sql::Statement>(conn: &mut Conn) -> Option<Log> {
    type Row = (i32, i32, i32);
    let rows: Vec<Row> = sql::load::<S, (Integer, Integer, Integer), Row>(conn, &[]).ok()?;
    let (_, pages, moved) = rows.first().copied()?;
    Some(Log { pages: pages.into(), moved: moved.into() })
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;

    use super::*;
    use crate::metrics::{Format, Metrics, Snapshot};

    #[test]
    fn a_long_log_is_written_into_the_file() {
        let home = tempfile::tempdir().unwrap();
        let mut conn = connection::open_writer(&home.path().join("queue.db")).unwrap();
        let (mut checkpointer, metrics) = (Checkpointer::default(), Metrics::default());
        conn.batch_execute("CREATE TABLE t (x)").unwrap();
        let said = |what: &str| {
            let text = metrics.write(Format::Prometheus, &Snapshot::default()).unwrap();
            let line = text.lines().find(|line| line.starts_with(what)).unwrap().to_owned();
            line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
        };
        let complete = "callboard_sqlite_checkpoints_total{result=\"complete\"}";
        checkpointer.after(LOOK_EVERY, &mut conn, &metrics.store);
        assert_eq!(said(complete), 0.0, "there is nothing to do");
        conn.batch_execute("INSERT INTO t VALUES (zeroblob(4096 * 5000))").unwrap();
        checkpointer.after(LOOK_EVERY - 1, &mut conn, &metrics.store);
        assert_eq!(said(complete), 0.0, "not after each commit");
        checkpointer.after(1, &mut conn, &metrics.store);
        assert_eq!(said(complete), 1.0);
        assert!(said("callboard_sqlite_checkpoint_pages_total") >= 5000.0);
    }
}

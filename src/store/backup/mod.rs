//! Copies of an SQLite database that are of one moment, also while a server writes to it, and their
//! way back into its place.

mod content;
mod restore;

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

pub use self::content::{Content, TableContent};
pub use self::restore::Restoration;
use super::error::{StoreError, StoreResult};

/// How long a lock of somebody else's is waited for.
const BUSY: Duration = Duration::from_secs(10);
/// Pages between two words about how far it is.
const STRIDE: std::ffi::c_int = 2_000;

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many pages of so many are copied.
    Copied(u64, u64),
    /// All are, and the copy is being checked.
    Checking,
}

/// Copies a database as it is at one moment into an empty file, and makes sure that the copy is sound
/// and has as many rows in each table. The file is on disk when this returns.
///
/// # Errors
/// When one of the two cannot be read or written, it is no queue, or the copy is not the same.
pub fn copy(from: &Path, to: &Path, watch: &mut dyn FnMut(Step)) -> StoreResult<Content> {
    let source = open_to_read(from)?;
    // What writers do from here on is not seen. Without this each of their commits would make the
    // copy begin anew.
    source.execute_batch("BEGIN").map_err(|e| unreadable(from, &e))?;
    let expected = Content::of(&source, from)?;
    let mut copy = Connection::open(to).map_err(|e| unwritable(to, &e))?;
    copy.busy_timeout(BUSY).map_err(|e| unwritable(to, &e))?;
    fill(&source, &mut copy, to, watch)?;
    drop(source);
    watch(Step::Checking);
    // All of it in one file, which needs no other beside it to be read.
    copy.pragma_update(None, "journal_mode", "DELETE").map_err(|e| unwritable(to, &e))?;
    let content = check(&copy, to)?;
    copy.close().map_err(|(_, e)| unwritable(to, &e))?;
    let synced = File::open(to).and_then(|file| file.sync_all());
    synced.map_err(|e| StoreError::Database(format!("cannot write {}: {e}", to.display())))?;
    match content == expected {
        true => Ok(content),
        false => Err(StoreError::Database(format!(
            "the copy {} is not the same as {}; look at both disks",
            to.display(),
            from.display()
        ))),
    }
}

fn fill(
    source: &Connection,
    copy: &mut Connection,
    to: &Path,
    watch: &mut dyn FnMut(Step),
) -> StoreResult<()> {
    let backup = Backup::new(source, copy).map_err(|e| unwritable(to, &e))?;
    loop {
        let step = backup.step(STRIDE).map_err(|e| unwritable(to, &e))?;
        let progress = backup.progress();
        let pages = |n: std::ffi::c_int| u64::try_from(n).unwrap_or(0);
        let all = pages(progress.pagecount);
        watch(Step::Copied(all.saturating_sub(pages(progress.remaining)), all));
        match step {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            // Both have waited as long as they may by now.
            _ => return Err(StoreError::Database(format!("{} is locked by another program", to.display()))),
        }
    }
}

/// Makes sure that a database is whole.
fn check(conn: &Connection, path: &Path) -> StoreResult<Content> {
    let found: String = conn
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|e| unreadable(path, &e))?;
    match found.as_str() {
        "ok" => Content::of(conn, path),
        fault => Err(StoreError::Database(format!("{} is damaged: {fault}", path.display()))),
    }
}

/// Opens a file that nothing is to be written to.
pub(in crate::store) fn open_to_read(path: &Path) -> StoreResult<Connection> {
    if !path.is_file() {
        return Err(StoreError::Database(format!("there is no database {}", path.display())));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(|e| unreadable(path, &e))?;
    conn.busy_timeout(BUSY).map_err(|e| unreadable(path, &e))?;
    Ok(conn)
}

pub(in crate::store) fn unreadable(path: &Path, e: &rusqlite::Error) -> StoreError {
    StoreError::Database(format!("cannot read {}: {e}", path.display()))
}

fn unwritable(path: &Path, e: &rusqlite::Error) -> StoreError {
    StoreError::Database(format!("cannot write {}: {e}", path.display()))
}

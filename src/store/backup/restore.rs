//! A copy takes the place of the database.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::content::Content;
use super::{Step, check, copy, open_to_read, unreadable};
use crate::store::connection;
use crate::store::error::{StoreError, StoreResult};
use crate::store::owner::OwnerLock;

/// A database that is about to be replaced. Nobody else can have it meanwhile.
#[derive(Debug)]
pub struct Restoration {
    database: PathBuf,
    next: PathBuf,
    _owner: OwnerLock,
}

impl Restoration {
    /// Takes the database into possession; it need not be there.
    ///
    /// # Errors
    /// When a server has it.
    pub fn begin(database: &Path) -> StoreResult<Self> {
        let owner = OwnerLock::acquire(database)?;
        let next = beside(database, ".restoring");
        // Left by one that was cut short.
        remove(&next)?;
        Ok(Self { database: database.to_owned(), next, _owner: owner })
    }

    /// Where the copy is to be put, on the same disk, before [`Self::finish`].
    #[must_use]
    pub fn place(&self) -> &Path {
        &self.next
    }

    /// Puts it there from a file.
    ///
    /// # Errors
    /// As [`copy`].
    pub fn fill(&self, from: &Path, watch: &mut dyn FnMut(Step)) -> StoreResult<()> {
        // Before hours of copying.
        let source = open_to_read(from)?;
        connection::refuse_newer_copy(&Content::of(&source, from)?.migrations)?;
        drop(source);
        copy(from, &self.next, watch).map(|_| ())
    }

    /// Makes sure that what was put there is a whole queue that this program knows; the highest id
    /// that a job of it has had.
    ///
    /// # Errors
    /// When it is not.
    pub fn check(&self) -> StoreResult<(Content, i64)> {
        let conn = open_to_read(&self.next)?;
        let content = check(&conn, &self.next)?;
        connection::refuse_newer_copy(&content.migrations)?;
        let newest = conn
            .query_row("SELECT coalesce(max(last), 0) FROM sequences WHERE name = 'jobs'", [], |row| {
                row.get(0)
            })
            .map_err(|e| unreadable(&self.next, &e))?;
        Ok((content, newest))
    }

    /// Puts it in the place of the database, which is kept under the name `aside`; whether there was
    /// one.
    ///
    /// # Errors
    /// When the system does not let us. The old one is in its place then, unless it says so.
    pub fn finish(self, aside: &Path) -> StoreResult<bool> {
        let there = self.database.exists();
        if there {
            self.settle(aside)?;
            // A second name for the old one, so that at each moment there is one that is whole.
            fs::hard_link(&self.database, aside)
                .map_err(|e| refused("keep the old database as", aside, &e))?;
        }
        let moved = fs::rename(&self.next, &self.database);
        moved.map_err(|e| refused("put the new database at", &self.database, &e))?;
        let folder = self.database.parent().filter(|folder| !folder.as_os_str().is_empty());
        let synced = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
        synced.map_err(|e| refused("flush the folder of", &self.database, &e))?;
        Ok(there)
    }

    /// Takes what stands in the log of the old database into the database, so that no log is left for
    /// the new one. That of one that cannot be read goes aside with it.
    fn settle(&self, aside: &Path) -> StoreResult<()> {
        if let Ok(old) = Connection::open(&self.database) {
            // What cannot be done here is done below.
            let _ = old.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
        let log = beside(&self.database, "-wal");
        if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            fs::rename(&log, beside(aside, "-wal")).map_err(|e| refused("put aside", &log, &e))?;
        }
        remove(&log)?;
        remove(&beside(&self.database, "-shm"))
    }
}

/// What was not put into its place is of no use.
impl Drop for Restoration {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.next);
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn remove(path: &Path) -> StoreResult<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(refused("remove", path, &e)),
        _ => Ok(()),
    }
}

fn refused(what: &str, path: &Path, e: &std::io::Error) -> StoreError {
    StoreError::Database(format!("cannot {what} {}: {e}", path.display()))
}

//! What one commit costs whose work is for nothing: the bytes that the database appends to its log
//! for one, written over an old log in the same pieces, and flushed.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// The header of SQLite's log.
const LOG_HEADER: usize = 32;
/// The header of each page in it.
const PAGE_HEADER: usize = 24;
/// The size of a page of the database.
const PAGE: usize = 4096;
/// How many commits fit into the file that is written over.
const COMMITS: u64 = 400;

/// How many pages each commit in a log wrote, in order. Those from before its last restart are left
/// out.
pub(super) fn pages_of_commits(log: &Path) -> io::Result<Vec<usize>> {
    let log = std::fs::read(log)?;
    let number = |at: usize| log.get(at..at + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
    // Its magic number's last bit says how its checksums are made, and nothing here.
    if number(0).map(|magic| magic & !1) != Some(0x377f_0682) {
        return Err(io::Error::other("this is not a log of SQLite"));
    }
    let page = number(8).map_or(0, |size| size as usize);
    let salts = (number(16), number(20));
    let (mut commits, mut pages) = (Vec::new(), 0);
    for at in (LOG_HEADER..log.len()).step_by(PAGE_HEADER + page) {
        if (number(at + 8), number(at + 12)) != salts {
            break;
        }
        pages += 1;
        // The size of the database stands in the last page of a commit, and in no other.
        if number(at + 4) != Some(0) {
            commits.push(std::mem::take(&mut pages));
        }
    }
    Ok(commits)
}

/// See the module.
pub(super) struct BareCommit {
    file: File,
    pages: usize,
    next: u64,
}

impl BareCommit {
    /// One of so many pages, in a folder.
    pub(super) fn prepare(dir: &Path, pages: usize) -> io::Result<Self> {
        let mut file = File::create(dir.join("commit"))?;
        for _ in 0..COMMITS {
            file.write_all(&vec![0xa5; Self::size(pages)])?;
        }
        file.sync_all()?;
        Ok(Self { file, pages, next: 0 })
    }

    fn size(pages: usize) -> usize {
        pages * (PAGE_HEADER + PAGE)
    }

    /// Does it once; how long that took.
    pub(super) fn once(&mut self) -> io::Result<Duration> {
        let begin = Instant::now();
        let mut at = self.next % COMMITS * Self::size(self.pages) as u64;
        for _ in 0..self.pages {
            self.file.write_all_at(&[0x5a; PAGE_HEADER], at)?;
            self.file.write_all_at(&[0x5a; PAGE], at + PAGE_HEADER as u64)?;
            at += (PAGE_HEADER + PAGE) as u64;
        }
        self.file.sync_data()?;
        self.next += 1;
        Ok(begin.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, SqliteConnection};

    use super::*;

    #[test]
    fn counts_the_pages_of_each_commit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("some.db");
        let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        conn.batch_execute("PRAGMA page_size = 4096; PRAGMA journal_mode = WAL;").unwrap();
        conn.batch_execute("CREATE TABLE a (x); CREATE TABLE b (x);").unwrap();
        conn.batch_execute("PRAGMA wal_checkpoint(RESTART);").unwrap();
        conn.batch_execute("INSERT INTO a VALUES (1);").unwrap();
        conn.batch_execute("BEGIN; INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); COMMIT;").unwrap();
        let log = dir.path().join("some.db-wal");
        assert_eq!(pages_of_commits(&log).unwrap(), [1, 2]);
        std::fs::write(&log, "something else").unwrap();
        assert!(pages_of_commits(&log).is_err());
    }
}

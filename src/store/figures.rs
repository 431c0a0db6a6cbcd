//! How the store is: its line, its connections, its files.

use std::path::Path;

use super::Store;
use crate::config::Database;
use crate::metrics::StoreSnapshot;

impl Store {
    /// How it is now, but for the disk. Looks at no table.
    #[must_use]
    pub fn figures(&self) -> StoreSnapshot {
        let pool = self.readers.state();
        let files = match &*self.database {
            Database::Sqlite(path) => {
                let mut wal = path.as_os_str().to_owned();
                wal.push("-wal");
                Some((size(path), size(wal.as_ref())))
            }
            Database::Postgres(_) => None,
        };
        StoreSnapshot {
            line: self.writer.line(),
            readers: (pool.connections - pool.idle_connections, pool.idle_connections),
            files,
            disk_free: None,
        }
    }
}

/// Asked for by name: who opens the file of a database and closes it lets go of its locks.
fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |about| about.len())
}

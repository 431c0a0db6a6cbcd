//! One process owns an embedded database. A second one is told who the first is.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::error::{StoreError, StoreResult};

/// Held as long as the process owns the database; the operating system lets go of it when the
/// process dies, however it dies.
#[derive(Debug)]
pub struct OwnerLock {
    _file: File,
}

impl OwnerLock {
    /// Takes the lock that stands beside the database file.
    ///
    /// # Errors
    /// When another process has it (its process id is named), or the file cannot be made.
    pub fn acquire(database: &Path) -> StoreResult<Self> {
        let path = lock_path(database);
        let fail = |e: std::io::Error| StoreError::Database(format!("cannot lock {}: {e}", path.display()));
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.read_to_string(&mut pid);
                return Err(StoreError::Database(format!(
                    "{} is in use by process {}; stop that one first, or give this one another data_dir",
                    database.display(),
                    pid.trim()
                )));
            }
            Err(TryLockError::Error(e)) => return Err(fail(e)),
        }
        file.set_len(0).map_err(fail)?;
        file.rewind().map_err(fail)?;
        writeln!(file, "{}", std::process::id()).map_err(fail)?;
        Ok(Self { _file: file })
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

//! A file that gets its name when it is whole.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::{Failure, with_ending};

/// A file in the making: `NAME.part`, which goes when it is not kept. One that a killed process left
/// behind is made anew.
pub(super) struct Part {
    path: TempPath,
    to: PathBuf,
    /// Nobody else makes the same one meanwhile.
    _lock: File,
}

impl Part {
    /// Begins one; what will be in it is for the owner's eyes alone.
    pub fn create(to: &Path) -> Result<Self, Failure> {
        let path = with_ending(to, ".part");
        let fail = |e: io::Error| Failure::file("make", &path, e);
        let mut options = OpenOptions::new();
        let lock = options.write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(fail)?;
        if lock.try_lock().is_err() {
            return Err(Failure::file("make", &path, io::Error::other("another backup is making it")));
        }
        lock.set_len(0).map_err(fail)?;
        let path = TempPath::try_from_path(&path).map_err(fail)?;
        Ok(Self { path, to: to.to_owned(), _lock: lock })
    }

    /// Where it is now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, on disk; in place of another file only if that may go.
    pub fn keep(self, replace: bool) -> Result<(), Failure> {
        let to = self.to;
        let kept = if replace { self.path.persist(&to) } else { self.path.persist_noclobber(&to) };
        kept.map_err(|e| Failure::file("make", &to, e.error))?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|e| Failure::file("flush", folder, e))
    }
}

//! The folder of one attempt.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A fresh folder for one attempt, removed with everything in it when this is dropped.
#[derive(Debug)]
pub struct WorkDir {
    path: PathBuf,
}

impl WorkDir {
    /// Makes the folder of an attempt below `root`; what a killed server has left there goes.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(root: &Path, job_id: i64, attempt: u32) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let path = root.canonicalize()?.join(format!("{job_id}-{attempt}"));
        let make = || fs::DirBuilder::new().mode(0o700).create(&path);
        match make() {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_dir_all(&path)?;
                make()?;
            }
            made => made?,
        }
        Ok(Self { path })
    }

    /// Where it is, without symbolic links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for WorkDir {
    fn drop(&mut self) {
        if let Err(e) = fs::remove_dir_all(&self.path) {
            log::warn!("cannot remove {}: {e}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_every_time_and_gone_afterwards() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().join("work");
        fs::create_dir_all(root.join("7-1")).unwrap();
        fs::write(root.join("7-1/old"), "").unwrap();
        let dir = WorkDir::create(&root, 7, 1).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        fs::write(dir.path().join("new"), "").unwrap();
        drop(dir);
        assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    }
}

//! One process owns an embedded database. A second one is told who the first is.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::error::{StoreError, StoreResult};

/// How long a process that has ended may leave the lock behind. One that it was just starting has
/// all its files until it becomes the program that was to be started.
const HANDOVER: Duration = Duration::from_secs(5);
/// Between two looks at a lock that was left behind.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

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
        let until = Instant::now() + HANDOVER;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(e)) => return Err(fail(e)),
            }
            let mut pid = String::new();
            let _ = file.rewind().and_then(|()| file.read_to_string(&mut pid));
            if Instant::now() > until || !has_ended(pid.trim()) {
                return Err(StoreError::Database(format!(
                    "{} is in use by process {}; stop that one first, or give this one another data_dir",
                    database.display(),
                    pid.trim()
                )));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        file.set_len(0).map_err(fail)?;
        file.rewind().map_err(fail)?;
        writeln!(file, "{}", std::process::id()).map_err(fail)?;
        Ok(Self { _file: file })
    }
}

/// The id of the process that owns a database now.
#[must_use]
pub fn owner_of(database: &Path) -> Option<String> {
    let mut file = File::open(lock_path(database)).ok()?;
    // Shared, so that two who ask do not see each other; let go of at once.
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid).ok()?;
            Some(pid.trim().to_owned())
        }
        _ => None,
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Whether a process is no more, or all that is left of it is its exit code.
fn has_ended(pid: &str) -> bool {
    let Ok(number) = pid.parse() else { return false };
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let is_zombie = stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with(['Z', 'X']));
    is_zombie || kill(Pid::from_raw(number), None) == Err(Errno::ESRCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_lock_that_the_dead_left_behind_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("queue.db");
        // Its child has the lock for a while after it.
        let script = "exec 9>>\"$0\"; flock 9; echo $$ >\"$0\"; sleep 0.3 & exit";
        let status = Command::new("bash").args(["-c", script]).arg(lock_path(&database)).status();
        assert!(status.unwrap().success());
        OwnerLock::acquire(&database).unwrap();
    }

    #[test]
    fn a_living_owner_is_named_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("queue.db");
        let _owner = OwnerLock::acquire(&database).unwrap();
        assert_eq!(owner_of(&database), Some(std::process::id().to_string()));
        let refused = OwnerLock::acquire(&database).unwrap_err().to_string();
        assert!(refused.contains(&format!("in use by process {};", std::process::id())), "{refused}");
    }
}

//! Where workers write: below one configured folder, and nowhere else.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::tools::{Class, Trouble};
use super::{Failure, RunResult};

/// Holds what is not for people, in each folder of outputs.
const STATE_DIR: &str = ".callboard";
/// How long a job waits whose source another job works on.
const LOCK_PAUSE: Duration = Duration::from_secs(5);
/// The longest path that a job may name.
const MAX_PATH: usize = 1024;

/// The folder that everything is written below.
#[derive(Clone, Debug)]
pub struct OutputRoot(PathBuf);

impl OutputRoot {
    /// The folder need not be there yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Its path, without symbolic links. It is made if it is not there.
    ///
    /// # Errors
    /// To be retried when it cannot be made.
    pub fn path(&self) -> RunResult<PathBuf> {
        let make = || {
            fs::create_dir_all(&self.0)?;
            self.0.canonicalize()
        };
        make().map_err(|e| cannot_make(&self.0, &e))
    }

    /// A folder below it, made if it is not there. `sub` was looked at with [`check_relative`].
    ///
    /// # Errors
    /// `bad_input` when a symbolic link leads elsewhere; to be retried when it cannot be made.
    pub fn folder(&self, sub: Option<&str>) -> RunResult<PathBuf> {
        let root = self.path()?;
        let mut here = root.clone();
        // Step by step, so that nothing is made behind a link that leads out.
        for part in Path::new(sub.unwrap_or_default()).components() {
            here.push(part);
            let made = match DirBuilder::new().create(&here) {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
                _ => here.canonicalize(),
            };
            here = made.map_err(|e| cannot_make(&here, &e))?;
            if !here.starts_with(&root) {
                let text = format!("{} leads out of {}", sub.unwrap_or_default(), root.display());
                return Err(Trouble::new(Class::BadInput, text).into());
            }
        }
        Ok(here)
    }

    /// A file below it that is there, by a path relative to it or from the top; its whole path.
    ///
    /// # Errors
    /// `not_found`, or `bad_input` when it is no file or elsewhere.
    pub fn file(&self, path: &str) -> RunResult<PathBuf> {
        let root = self.path()?;
        let wrong = |class, why: &str| Failure::from(Trouble::new(class, format_args!("{path:?} {why}")));
        let file = root.join(path).canonicalize().map_err(|_| wrong(Class::NotFound, "is not there"))?;
        match file.is_file() {
            _ if !file.starts_with(&root) => {
                Err(wrong(Class::BadInput, &format!("is not in {}, where outputs are", root.display())))
            }
            true => Ok(file),
            false => Err(wrong(Class::BadInput, "is not a file")),
        }
    }

    /// A path as results show it: relative to the root.
    #[must_use]
    pub fn shown(&self, path: &Path) -> String {
        let root = self.path().unwrap_or_default();
        path.strip_prefix(&root).unwrap_or(path).to_string_lossy().into_owned()
    }
}

fn cannot_make(path: &Path, e: &io::Error) -> Failure {
    Failure::retry(format_args!("cannot make the folder {}: {e}", path.display()))
}

/// Looks at a path from a job that must stay below the root.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_relative(path: &str) -> Result<(), String> {
    if path.is_empty() || path.len() > MAX_PATH {
        return Err(format!("must be from 1 to {MAX_PATH} bytes long"));
    }
    if path.chars().any(char::is_control) {
        return Err("must not contain control characters".into());
    }
    if path == STATE_DIR || path.split('/').any(|part| part == STATE_DIR) {
        return Err(format!("must not name {STATE_DIR}"));
    }
    let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if inside { Ok(()) } else { Err("must be relative, without . and ..".into()) }
}

/// What is kept about one source in one folder, locked for as long as this lives: two jobs never work
/// on one source in one folder, whatever their types, even in different processes.
#[derive(Debug)]
pub struct SourceState {
    dir: PathBuf,
    _lock: File,
}

impl SourceState {
    /// Takes the lock.
    ///
    /// # Errors
    /// A snooze when somebody else has it; to be retried when the folder cannot be written.
    pub fn lock(folder: &Path, source: &str) -> RunResult<Self> {
        let dir = folder.join(STATE_DIR).join(short_hash(source));
        let open = || {
            fs::create_dir_all(&dir)?;
            OpenOptions::new().create(true).truncate(false).write(true).open(dir.join("lock"))
        };
        let lock = open().map_err(|e| cannot_make(&dir, &e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { dir, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Failure::Snooze(LOCK_PAUSE)),
            Err(TryLockError::Error(e)) => {
                Err(Failure::retry(format_args!("cannot lock {}: {e}", dir.display())))
            }
        }
    }

    /// A file or folder that is kept.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// A name for a text of any length.
#[must_use]
pub fn short_hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(10).map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a file as a whole: nobody sees a half one under its name.
///
/// # Errors
/// To be retried when it cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> RunResult<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Not the name with an ending: it may be as long as names can be.
    let part = path.with_file_name(format!(".{}.part", short_hash(&name)));
    let write = || {
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, path)
    };
    write().map_err(|e| {
        let _ = fs::remove_file(&part);
        Failure::retry(format_args!("cannot write {}: {e}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_that_stay_inside() {
        for path in ["a", "a/b", "-x", "ü b/c"] {
            assert_eq!(check_relative(path), Ok(()), "{path}");
        }
        for path in ["", "/etc", "..", "a/../b", "a\nb", ".callboard", "a/.callboard/x", "."] {
            assert!(check_relative(path).is_err(), "{path}");
        }
    }

    #[test]
    fn links_do_not_lead_out() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(&root).unwrap();
        fs::create_dir_all(dir.path().join("other")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("other"), root.join("link")).unwrap();
        let outputs = OutputRoot::new(&root);
        assert!(matches!(outputs.folder(Some("link/deep")), Err(Failure::Fatal(_))));
        assert_eq!(fs::read_dir(dir.path().join("other")).unwrap().count(), 0);
        assert!(outputs.folder(Some("a/b")).unwrap().ends_with("root/a/b"));
        fs::write(dir.path().join("other/f"), "").unwrap();
        assert!(matches!(outputs.file("link/f"), Err(Failure::Fatal(text)) if text.contains("bad_input")));
        assert!(matches!(outputs.file("no"), Err(Failure::Fatal(text)) if text.contains("not_found")));
    }

    #[test]
    fn one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = SourceState::lock(dir.path(), "https://a").unwrap();
        assert!(matches!(SourceState::lock(dir.path(), "https://a"), Err(Failure::Snooze(_))));
        SourceState::lock(dir.path(), "https://b").unwrap();
        drop(first);
        SourceState::lock(dir.path(), "https://a").unwrap();
    }
}

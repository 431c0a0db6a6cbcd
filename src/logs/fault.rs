//! The last error in writing logs, as long as it holds.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long an error is believed before the place is tried again by whoever asks.
const BELIEVED_FOR: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct Fault {
    holds: AtomicBool,
    held: Mutex<Option<Held>>,
}

struct Held {
    text: String,
    folder: PathBuf,
    since: Instant,
}

impl Fault {
    /// Takes note of how a write to a file in `folder` went, if there was one.
    pub fn note(&self, folder: &Path, written: io::Result<bool>) {
        match written {
            Ok(true) if self.holds.load(Ordering::Relaxed) => self.clear(),
            Ok(_) => {}
            Err(e) => self.set(folder, &e),
        }
    }

    /// The error, if there is one. Where nothing was written for a while, a small file is tried in
    /// the place that failed, so that a disk with room again is noticed without a job that writes.
    pub fn get(&self) -> Option<String> {
        let (text, folder) = {
            let held = super::lock(&self.held);
            let held = held.as_ref()?;
            if held.since.elapsed() < BELIEVED_FOR {
                return Some(held.text.clone());
            }
            (held.text.clone(), held.folder.clone())
        };
        match probe(&folder) {
            Ok(()) => self.clear(),
            Err(e) => {
                self.set(&folder, &e);
                return Some(text);
            }
        }
        None
    }

    fn set(&self, folder: &Path, e: &io::Error) {
        let text = format!("cannot write logs in {}: {e}", folder.display());
        let held = Held { text: text.clone(), folder: folder.to_owned(), since: Instant::now() };
        let before = super::lock(&self.held).replace(held);
        self.holds.store(true, Ordering::Relaxed);
        if before.is_none() {
            log::warn!("{text}; jobs go on without");
        }
    }

    fn clear(&self) {
        self.holds.store(false, Ordering::Relaxed);
        if super::lock(&self.held).take().is_some() {
            log::info!("logs can be written again");
        }
    }
}

/// Writes a small file in a folder and removes what it made.
fn probe(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let file = folder.join(".probe");
    let written = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(&file)
        .and_then(|mut f| f.write_all(&[b'\n'; 4096]));
    let _ = fs::remove_file(&file);
    // Folders that are not empty stay, as they should.
    for folder in folder.ancestors().take(2) {
        let _ = fs::remove_dir(folder);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_until_a_good_write() {
        let fault = Fault::default();
        fault.note(Path::new("/x"), Err(io::Error::other("disk full")));
        assert_eq!(fault.get().unwrap(), "cannot write logs in /x: disk full");
        fault.note(Path::new("/y"), Ok(false));
        assert!(fault.get().is_some());
        fault.note(Path::new("/y"), Ok(true));
        assert_eq!(fault.get(), None);
    }

    #[test]
    fn an_old_error_is_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let fault = Fault::default();
        let place = dir.path().join("a/b");
        fault.note(&place, Err(io::Error::other("disk full")));
        super::super::lock(&fault.held).as_mut().unwrap().since -= BELIEVED_FOR;
        assert_eq!(fault.get(), None);
        assert!(!dir.path().join("a").exists());
    }
}

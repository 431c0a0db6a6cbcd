//! The files below a folder.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cap_std::fs::{Dir, MetadataExt};

use crate::workers::{Context, Failure, RunResult};

/// What other workers keep for themselves.
const STATE_DIR: &str = ".callboard";
/// Files that are still being written.
const UNFINISHED: [&str; 3] = [".part", ".ytdl", ".partial"];

/// A regular file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// Relative to the folder.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// When it was changed last.
    pub modified: SystemTime,
}

/// All regular files below a folder on its file system, and the folders that they are in. Links are
/// not followed; what is protected, or still being written, is left out.
///
/// # Errors
/// When the folder cannot be read, or the attempt was told to stop.
pub(super) fn walk(
    dir: &Dir,
    root: &Path,
    protected: &[PathBuf],
    ctx: &Context,
) -> RunResult<(Vec<FoundFile>, Vec<PathBuf>)> {
    let device = dir.dir_metadata()?.dev();
    let (mut files, mut dirs) = (Vec::new(), Vec::new());
    let mut waiting = vec![PathBuf::new()];
    while let Some(here) = waiting.pop() {
        if ctx.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        let entries = if here.as_os_str().is_empty() { dir.entries()? } else { dir.read_dir(&here)? };
        for entry in entries {
            let entry = entry?;
            let path = here.join(entry.file_name());
            if is_left_out(&path) || protected.iter().any(|p| *p == root.join(&path)) {
                continue;
            }
            // What is gone by now needs no looking at.
            let Ok(meta) = dir.symlink_metadata(&path) else { continue };
            if meta.is_dir() && meta.dev() == device {
                dirs.push(path.clone());
                waiting.push(path);
            } else if meta.is_file() {
                files.push(FoundFile { path, bytes: meta.len(), modified: meta.modified()?.into_std() });
            }
        }
    }
    Ok((files, dirs))
}

fn is_left_out(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name == STATE_DIR || UNFINISHED.iter().any(|end| name.ends_with(end))
}

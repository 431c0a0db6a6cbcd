//! The files beside a log file that hold its newest bytes while the attempt runs. Each one's name
//! says at which logical offset it begins, so that a reader needs nothing but the folder.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Stream;
use super::view::View;

/// The path of the segment that begins at `start`.
pub(super) fn path(folder: &Path, stream: Stream, start: u64) -> PathBuf {
    folder.join(format!("{}.from-{start}", stream.file_name()))
}

/// Where the segments of a stream begin, in order.
pub(super) fn starts(folder: &Path, stream: Stream) -> io::Result<Vec<u64>> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut starts = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let rest = name.to_str().and_then(|n| n.strip_prefix(stream.file_name()));
        starts.extend(rest.and_then(|r| r.strip_prefix(".from-")).and_then(|n| n.parse::<u64>().ok()));
    }
    starts.sort_unstable();
    Ok(starts)
}

/// Puts head and segments together into the one file. The new file takes the old one's place in one
/// step, and readers pass over segments that the file holds already, so nobody sees bytes twice.
pub(super) fn merge(folder: &Path, stream: Stream, max_bytes: u64) -> io::Result<()> {
    let segments = starts(folder, stream)?;
    if segments.is_empty() {
        return Ok(());
    }
    let whole = folder.join(stream.file_name());
    let merging = folder.join(format!("{}.merging", stream.file_name()));
    let mut file = File::create(&merging)?;
    View::open(folder, stream, max_bytes)?.copy_to(&mut file)?;
    file.flush()?;
    fs::rename(&merging, &whole)?;
    segments.iter().try_for_each(|start| fs::remove_file(path(folder, stream, *start)))
}

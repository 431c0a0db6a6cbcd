//! The list of what was downloaded, which yt-dlp keeps.

use std::fs;
use std::io;
use std::path::Path;

use super::super::RunResult;
use super::super::outputs::write_whole;

/// Takes an item out of the list, so that it is downloaded again.
pub(super) fn forget(archive: &Path, extractor: &str, id: &str) -> RunResult<()> {
    let text = match fs::read_to_string(archive) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e.into()),
    };
    let gone = format!("{} {id}", extractor.to_lowercase());
    let rest: String = text.lines().filter(|line| *line != gone).flat_map(|line| [line, "\n"]).collect();
    write_whole(archive, rest.as_bytes())
}

//! What one flush to the disk costs: the limit of everything that is durable.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::report::{Latencies, Percentiles};
use crate::cli::failure::Failure;

/// How long to measure.
const SPAN: Duration = Duration::from_millis(500);
/// The size of a write: a page of the database.
const PAGE: usize = 4096;
/// How many pages are written over in turn, as SQLite does with its log.
const PAGES: u64 = 256;

/// What fdatasync after an overwritten page costs.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Flush {
    /// In milliseconds.
    pub fdatasync_ms: Percentiles,
}

impl Flush {
    /// Measures it in a folder.
    pub(super) fn measure(dir: &Path) -> io::Result<Self> {
        let path = dir.join("flush");
        let mut file = File::create(&path)?;
        let page = [0x5a; PAGE];
        for _ in 0..PAGES {
            file.write_all(&page)?;
        }
        file.sync_all()?;
        let mut latencies = Latencies::default();
        let begin = Instant::now();
        for i in (0..PAGES).cycle() {
            if begin.elapsed() > SPAN {
                break;
            }
            let one = Instant::now();
            file.seek(SeekFrom::Start(i * PAGE as u64))?;
            file.write_all(&page)?;
            file.sync_data()?;
            latencies.add(one.elapsed());
        }
        std::fs::remove_file(path)?;
        Ok(Self { fdatasync_ms: latencies.percentiles() })
    }
}

/// A file system in memory flushes for nothing: what is measured there says nothing of durability.
pub(super) fn refuse_memory(dir: &Path) -> Result<(), Failure> {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::statfs;
        let found = statfs::statfs(dir).map_err(|e| Failure::Local {
            what: "look at the folder to measure in",
            source: io::Error::from(e),
        })?;
        if found.filesystem_type() == statfs::TMPFS_MAGIC {
            let text =
                format!("{} is in memory, not on a disk; name another folder with --dir", dir.display());
            return Err(Failure::Usage(text));
        }
    }
    Ok(())
}

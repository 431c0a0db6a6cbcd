//! The disk under the data folder.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytesize::ByteSize;
use nix::sys::statvfs::statvfs;

use super::finding::Finding;
use crate::config::{Config, Database};

const AREA: &str = "disk";
const MIB: u64 = 1 << 20;
/// Below this writes will fail soon.
const TOO_LITTLE: u64 = 100 * MIB;
const LITTLE: u64 = 1024 * MIB;
/// Each commit waits for at least one flush.
const SLOW_FLUSH: Duration = Duration::from_millis(20);
const FLUSHES: usize = 15;

/// Looks at it.
pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = folder(&config.data_dir);
    if let Database::Sqlite(path) = config.database()
        && let Some(parent) = path.parent()
        && parent != config.data_dir
    {
        findings.extend(folder(parent));
    }
    findings
}

/// The folder, or the one above it in which it would be made.
fn folder(wanted: &Path) -> Vec<Finding> {
    let there = existing(wanted);
    let name = wanted.display();
    let mut findings = vec![match there == wanted {
        true => Finding::ok(AREA, format!("{name} is there")),
        false => Finding::ok(
            AREA,
            format!("{name} is not there yet; `callboard serve` makes it in {}", there.display()),
        ),
    }];
    findings.extend(space(&there));
    findings.extend(kind(&there));
    findings.push(match flush_time(&there) {
        Err(e) => Finding::fault(
            AREA,
            format!("{} cannot be written to: {e}", there.display()),
            "let the user of the server write there, or set data_dir",
        ),
        Ok(time) if time > SLOW_FLUSH => Finding::warning(
            AREA,
            format!("a flush takes {:.1} ms, and each commit waits for one", millis(time)),
            "use a disk of the machine itself, best an SSD",
        ),
        Ok(time) => Finding::ok(AREA, format!("a flush takes {:.1} ms", millis(time))),
    });
    findings
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn existing(path: &Path) -> PathBuf {
    if path.exists() {
        return path.to_owned();
    }
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    whole.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

fn space(folder: &Path) -> Option<Finding> {
    let stat = statvfs(folder).ok()?;
    #[allow(clippy::useless_conversion, reason = "not everywhere are both 64 bits wide")]
    let free = u64::from(stat.blocks_available()) * u64::from(stat.fragment_size());
    let said = format!("{} free at {}", ByteSize(free), folder.display());
    let advice = "free some space, or keep less: retention.completed_days, logs.max_bytes_per_stream";
    Some(match free {
        _ if stat.files() > 0 && stat.files_available() < 1_000 => {
            Finding::fault(AREA, "hardly any new file can be made: no inodes are left", advice)
        }
        0..TOO_LITTLE => Finding::fault(AREA, said, advice),
        TOO_LITTLE..LITTLE => Finding::warning(AREA, said, advice),
        _ => Finding::ok(AREA, said),
    })
}

/// SQLite's log needs memory that is shared between processes, and locks that hold.
#[cfg(target_os = "linux")]
fn kind(folder: &Path) -> Option<Finding> {
    use nix::sys::statfs::{FsType, NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, TMPFS_MAGIC, statfs};
    // The last two are those of newer clients of Windows shares.
    let far = [NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, FsType(0xff53_4d42), FsType(0xfe53_4d42)];
    let kind = statfs(folder).ok()?.filesystem_type();
    if far.contains(&kind) {
        return Some(Finding::fault(
            AREA,
            format!("{} is on a network file system, where SQLite is not safe", folder.display()),
            "set data_dir to a disk of the machine itself, or database_url to PostgreSQL",
        ));
    }
    (kind == TMPFS_MAGIC).then(|| {
        Finding::warning(
            AREA,
            format!("{} is in memory: nothing is kept when the machine goes down", folder.display()),
            "set data_dir to a folder on a disk",
        )
    })
}

#[cfg(not(target_os = "linux"))]
fn kind(_: &Path) -> Option<Finding> {
    None
}

/// The middle of some.
fn flush_time(folder: &Path) -> std::io::Result<Duration> {
    let mut file: File = tempfile::tempfile_in(folder)?;
    let mut times = Vec::new();
    for _ in 0..FLUSHES {
        let begun = Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times[FLUSHES / 2])
}

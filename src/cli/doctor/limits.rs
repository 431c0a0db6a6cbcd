//! What the system lets a process have.

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};

use super::finding::Finding;
use crate::config;

const AREA: &str = "limits";
/// Each client, program and log takes a few.
const FEW_FILES: u64 = 4_096;
const TOO_FEW_FILES: u64 = 256;

/// Looks at those of this process: a service manager may set others for the server.
pub(super) fn examine() -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(files) = config::open_files() {
        let said = format!("a server may have {files} files open");
        let advice = "raise the hard limit: `ulimit -Hn 65536` as root, or LimitNOFILE= in the unit";
        findings.push(match files {
            0..TOO_FEW_FILES => Finding::fault(AREA, said, advice),
            TOO_FEW_FILES..FEW_FILES => Finding::warning(AREA, said, advice),
            _ => Finding::ok(AREA, said),
        });
    }
    if let Ok((soft, _)) = getrlimit(Resource::RLIMIT_FSIZE)
        && soft != RLIM_INFINITY
    {
        findings.push(Finding::warning(
            AREA,
            format!("a file may have {soft} bytes and no more"),
            "lift it: `ulimit -f unlimited`, or LimitFSIZE=infinity in the unit",
        ));
    }
    findings
}
